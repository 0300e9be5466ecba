import type { Client } from '@elastic/elasticsearch';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { collect, describeWith, documentAt } from '@holdfast/test-kit';
import { randomBytes } from 'node:crypto';
import { ElasticRecordIndex } from '../src/elastic-index.js';
import { idOf, sourceOf } from '../src/elastic-document.js';
import { client, currentGeneration, deleteIndices, server } from './server.js';

const CHAIN = 'msg/demo/im/0/0';
const six = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n));
const [first] = six;
const LONG_MS = 60_000;

/** What can be changed in a cluster and is no document under its own id; the rest is in the contract suite. */
describeWith({ env: ['HOLDFAST_TEST_ELASTIC_URL'] }, 'an index that was changed with the rights of its writer', () => {
  let prefix: string;
  let index: ElasticRecordIndex;
  let data: string;
  let own: Client;

  beforeEach(async () => {
    prefix = `holdfast-test-${randomBytes(6).toString('hex')}`;
    index = new ElasticRecordIndex({ ...server(), prefix });
    const { position } = await index.open();
    await index.write(six);
    await index.publish({ ...position, chains: { [CHAIN]: 6 } });
    data = `${prefix}-${await currentGeneration(prefix)}-standard-2033`;
    own = client();
  }, LONG_MS);

  afterEach(async () => {
    await own.close();
    await index.close();
    await deleteIndices(prefix);
  }, LONG_MS);

  it(
    'is found: another analyzer for queries, a pipeline, a field',
    async () => {
      expect(await index.inspect()).toEqual([]);
      await own.indices.putMapping({
        index: data,
        properties: { body: { type: 'text', analyzer: 'tokens', search_analyzer: 'stop', norms: false } },
      });
      expect(await index.inspect()).toEqual([expect.stringContaining('properties.body.search_analyzer')]);
      await own.indices.putMapping({ index: data, properties: { hidden: { type: 'keyword' } } });
      expect((await index.inspect()).join()).toContain('properties.hidden');
      await own.indices.putSettings({ index: data, settings: { default_pipeline: 'drops' } });
      expect((await index.inspect()).join()).toContain('default_pipeline');
    },
    LONG_MS,
  );

  it(
    'is found: a second copy under another name, one in another index, a document without a place',
    async () => {
      if (first === undefined) throw new Error('there are six');
      const document = JSON.parse(sourceOf(first)) as Record<string, unknown>;
      await own.index({ index: data, id: 'another', document, refresh: true });
      expect(await index.compare(six)).toEqual([{ id: first.id, kind: 'repeated', members: [] }]);
      expect(await collect(index.held(CHAIN, '', undefined))).toHaveLength(7);
      await own.delete({ index: data, id: idOf(first.id), refresh: true });
      // Only the copy is left: everything in it is right but its name, and the writer would add the document again.
      expect(await index.compare(six)).toEqual([{ id: first.id, kind: 'altered', members: ['id'] }]);
      await own.index({ index: data, id: 'nowhere', document: { ...document, chain: undefined }, refresh: true });
      expect((await index.inspect()).join()).toContain('1 documents lack the fields');
    },
    LONG_MS,
  );
});
