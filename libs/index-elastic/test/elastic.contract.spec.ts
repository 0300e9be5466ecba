import { describeRecordIndex } from '@holdfast/test-kit';
import { randomBytes } from 'node:crypto';
import { ElasticRecordIndex } from '../src/elastic-index.js';
import { deleteIndices, plant, server } from './server.js';

describeRecordIndex(
  'Elasticsearch',
  () => {
    const prefix = `holdfast-test-${randomBytes(6).toString('hex')}`;
    return Promise.resolve({
      handle: (options) => new ElasticRecordIndex({ ...server(), prefix, ...options }),
      // Port 9 (discard) refuses connections.
      unreachable: () => new ElasticRecordIndex({ urls: ['http://127.0.0.1:9'], prefix, attempts: 2, bulkAttempts: 2 }),
      plant: (id, document) => plant(prefix, id, document),
      dispose: () => deleteIndices(prefix),
    });
  },
  { needs: { env: ['HOLDFAST_TEST_ELASTIC_URL'] } },
);
