import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RecordIndex, SearchHit, SearchRequest } from '@holdfast/ports';
import type { Query } from '@holdfast/query';
import { collect } from '../collect.js';
import { generateDocuments } from './documents.js';
import { ALL, CHAIN, fill, idsOf, page } from './filled-index.js';
import type { IndexHarness, RecordIndexSuiteOptions } from './index-harness.js';
import { MemoryRecordIndex } from './memory-record-index.js';
import { deepQuery, generateQuery } from './queries.js';
import { SeededRandom } from './random.js';

/** An engine against the matcher: generated documents, generated queries, the same ids in the same order. */
export function differentialTests(make: () => Promise<IndexHarness>, options: RecordIndexSuiteOptions, timeout: number): void {
  const seed = options.seed ?? 20260105;
  const documents = generateDocuments(seed, options.documents ?? 500);
  let harness: IndexHarness;
  let index: RecordIndex;
  const oracle = new MemoryRecordIndex();

  beforeAll(async () => {
    harness = await make();
    index = harness.handle();
    await fill(index, documents);
    await fill(oracle, documents);
  }, timeout);

  afterAll(async () => {
    await index.close();
    await harness.dispose();
  }, timeout);

  async function expectSame(query: Query, sort: SearchRequest['sort'] = 'oldest'): Promise<number> {
    const wanted = await oracle.search(page(query, { sort }));
    const found = await index.search(page(query, { sort }));
    expect({ query, total: found.total, ids: idsOf(found.hits) }).toEqual({ query, total: wanted.total, ids: idsOf(wanted.hits) });
    return found.total;
  }

  it(
    'finds what the matcher finds, in the same order, for generated queries',
    async () => {
      const random = new SeededRandom(seed + 1);
      let hits = 0;
      for (let n = 0; n < (options.queries ?? 300); n += 1) {
        if ((await expectSame(generateQuery(random, documents), random.chance(0.5) ? 'oldest' : 'newest')) > 0) hits += 1;
      }
      // A generator that hits nothing would prove nothing.
      expect(hits).toBeGreaterThan((options.queries ?? 300) / 4);
    },
    timeout,
  );

  it(
    'answers constants, empty groups and the deepest query of the language like the matcher',
    async () => {
      const contract: Query = { kind: 'phrase', fields: ['body'], tokens: ['contract'] };
      const groups: Query[] = [
        ALL,
        { kind: 'none' },
        { kind: 'and', items: [] },
        { kind: 'or', items: [] },
        { kind: 'not', item: ALL },
        { kind: 'not', item: { kind: 'none' } },
        { kind: 'or', items: [{ kind: 'not', item: contract }, { kind: 'none' }] },
        { kind: 'and', items: [contract, { kind: 'not', item: contract }] },
        { kind: 'and', items: [{ kind: 'not', item: contract }] },
        { kind: 'phrase', fields: [], tokens: ['contract'] },
        deepQuery(20),
        { kind: 'not', item: deepQuery(19) },
        {
          kind: 'and',
          items: [
            { kind: 'or', items: [{ kind: 'sent', from: 0 }, contract] },
            { kind: 'not', item: { kind: 'sent', to: 0 } },
          ],
        },
      ];
      for (const query of groups) await expectSame(query);
      const many = documents
        .slice(0, 300)
        .flatMap(({ body }): Query[] => (body.length > 0 ? [{ kind: 'phrase', fields: ['body'], tokens: body.slice(0, 6) }] : []));
      await expectSame({ kind: 'or', items: many });
      await expectSame({ kind: 'not', item: { kind: 'or', items: many } });
    },
    timeout,
  );

  it(
    'keeps two facets apart that differ after their first 512 bytes',
    async () => {
      for (const end of ['1', '2', '']) await expectSame({ kind: 'keyword', field: 'participants', value: 'p'.repeat(600) + end });
    },
    timeout,
  );

  it(
    'pages by `after` to the end, each hit once, in the order of ids()',
    async () => {
      const query: Query = { kind: 'not', item: { kind: 'phrase', fields: ['body'], tokens: ['contract'] } };
      const streamed = idsOf(await collect(index.ids(query)));
      expect(streamed).toEqual(idsOf(await collect(oracle.ids(query))));
      for (const sort of ['oldest', 'newest'] as const) {
        const paged: string[] = [];
        let more = true;
        let after: SearchHit | undefined;
        while (more) {
          const next: Awaited<ReturnType<RecordIndex['search']>> = await index.search(page(query, { sort, limit: 37, ...(after ? { after } : {}) }));
          expect(next.total).toBe(streamed.length);
          paged.push(...idsOf(next.hits));
          after = next.hits.at(-1);
          more = next.more;
        }
        expect(paged).toEqual(sort === 'oldest' ? streamed : [...streamed].reverse());
      }
    },
    timeout,
  );

  it(
    'says that nothing follows when a page ends exactly at the last hit',
    async () => {
      const total = (await index.search(page(ALL, { limit: 1 }))).total;
      const first = await index.search(page(ALL, { limit: 1000 }));
      expect(first.more).toBe(total > 1000);
      const last = await index.search(page(ALL, { sort: 'newest', limit: 1 }));
      expect(last.more).toBe(total > 1);
      const rest = await index.search(page(ALL, { limit: 1, after: last.hits[0] ?? { sentAt: 0, order: '' } }));
      expect(rest).toMatchObject({ total, hits: [], more: false });
    },
    timeout,
  );

  it(
    'shows the neighbours of a place in its conversation, nearest ones, ascending',
    async () => {
      for (const document of documents.slice(0, 25)) {
        const [before, after] = [document.seq % 4, 5];
        const wanted = await oracle.around(document.conversation, document, before, after);
        const found = await index.around(document.conversation, document, before, after);
        expect([idsOf(found.before), idsOf(found.after)]).toEqual([idsOf(wanted.before), idsOf(wanted.after)]);
      }
      const nowhere = await index.around('slack:acme:none', { sentAt: 0, order: '' }, 5, 5);
      expect(nowhere).toEqual({ before: [], after: [] });
    },
    timeout,
  );

  it(
    'lists a whole chain in log order and gives hits their place in the vault',
    async () => {
      const listed = await collect(index.all(CHAIN));
      const wanted = documents.filter(({ chain }) => chain === CHAIN).sort((a, b) => (a.order < b.order ? -1 : 1));
      expect(listed).toEqual(wanted.map(({ id, chain, seq, sentAt, order }) => ({ id, chain, seq, sentAt, order })));
      expect(await collect(index.all('msg/demo/none/0/0'))).toEqual([]);
    },
    timeout,
  );

  it(
    'refuses a page of no or too many hits, and stops on request',
    async () => {
      for (const limit of [0, -1, 1001, 1.5, Number.NaN]) {
        await expect(index.search(page(ALL, { limit }))).rejects.toMatchObject({ code: 'bad_request' });
      }
      const signal = AbortSignal.abort();
      await expect(index.search(page(ALL, { signal }))).rejects.toMatchObject({ code: 'stopped' });
      await expect(collect(index.ids(ALL, signal))).rejects.toMatchObject({ code: 'stopped' });
      const stop = new AbortController();
      const some = (async (): Promise<void> => {
        for await (const hit of index.ids(ALL, stop.signal)) {
          expect(hit.id).not.toBe('');
          stop.abort();
        }
      })();
      await expect(some).rejects.toMatchObject({ code: 'stopped' });
    },
    timeout,
  );
}
