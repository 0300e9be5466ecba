import { describeRecordIndex, needed } from '@holdfast/test-kit';
import { randomBytes } from 'node:crypto';
import { ElasticRecordIndex } from '../src/elastic-index.js';
import { deleteIndices } from './delete-indices.js';

describeRecordIndex(
  'Elasticsearch',
  () => {
    const urls = [needed('HOLDFAST_TEST_ELASTIC_URL')];
    const prefix = `holdfast-test-${randomBytes(6).toString('hex')}`;
    return Promise.resolve({
      handle: (options) => new ElasticRecordIndex({ urls, prefix, ...options }),
      // Port 9 (discard) refuses connections.
      unreachable: () => new ElasticRecordIndex({ urls: ['http://127.0.0.1:9'], prefix, attempts: 2, bulkAttempts: 2 }),
      dispose: () => deleteIndices(prefix),
    });
  },
  { needs: { env: ['HOLDFAST_TEST_ELASTIC_URL'] } },
);
