// Over 300 lines because each promise of the port is one short test.
import { describe, expect } from '@jest/globals';
import { inspect } from 'node:util';
import type { IndexDocument, RecordIndex } from '@holdfast/ports';
import type { Query } from '@holdfast/query';
import { collect } from '../collect.js';
import { describeWith } from '../needs.js';
import { attestationTests } from './attestable-index.js';
import { documentAt } from './documents.js';
import { ALL, CHAIN, covering, fill, idsOf, page } from './filled-index.js';
import { differentialTests } from './index-differential.js';
import { eachHarness } from './each-harness.js';
import type { IndexHarness, RecordIndexSuiteOptions } from './index-harness.js';

/** Every adapter of `RecordIndex` and its fake keep these promises. */
export function describeRecordIndex(name: string, make: () => Promise<IndexHarness>, options: RecordIndexSuiteOptions = {}): void {
  const timeout = options.timeout ?? 60_000;
  const suite = (): void => {
    describe('like the matcher', () => {
      differentialTests(make, options, timeout);
    });
    describe('promises', () => {
      promiseTests(make, timeout);
    });
    describe('doctored behind its back', () => {
      attestationTests(make, timeout);
    });
  };
  describeWith(options.needs ?? { env: [] }, `RecordIndex: ${name}`, suite);
}

function promiseTests(make: () => Promise<IndexHarness>, timeout: number): void {
  const each = eachHarness(make, timeout);

  const total = async (index: RecordIndex): Promise<number> => (await index.search(page(ALL))).total;
  const six = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n));

  each.promise('opens empty, and opening again changes nothing', async () => {
    const index = each.handle();
    const status = await index.open();
    expect(status).toMatchObject({ documents: 0, unindexed: 0, position: { chains: {}, governance: 0 } });
    expect(status.position.generation).not.toBe('');
    expect(await index.open()).toEqual(status);
    expect(await each.handle().open()).toEqual(status);
    expect(await total(index)).toBe(0);
    expect(await collect(index.ids(ALL))).toEqual([]);
  });

  each.promise('opened by several at once, they share one generation', async () => {
    const opened = await Promise.all([each.handle().open(), each.handle().open(), each.handle().open(), each.handle().open()]);
    expect(new Set(opened.map(({ position }) => position.generation)).size).toBe(1);
  });

  each.promise('keeps the position to the digit', async () => {
    const index = each.handle();
    const { position } = await index.open();
    const next = { ...position, governance: 17, chains: { [CHAIN]: 6, 'msg/a/b.c_d/31/2': Number.MAX_SAFE_INTEGER, 'msg/z/z/0/0': 0 } };
    await index.write(six);
    await index.publish(next);
    expect((await index.status()).position).toEqual(next);
    const other = each.handle();
    expect((await other.open()).position).toEqual(next);
    expect((await other.search(page(ALL, { limit: 1 }))).position).toEqual(next);
  });

  each.promise('shows what was written only after publish, to every handle', async () => {
    const writer = each.handle();
    const reader = each.handle();
    const { position } = await writer.open();
    await reader.open();
    expect(await writer.write(six)).toEqual({ written: 6, unindexed: 0 });
    expect([await total(writer), await total(reader)]).toEqual([0, 0]);
    expect(await collect(reader.all(CHAIN))).toEqual([]);
    await writer.publish(covering(position, six));
    expect([await total(writer), await total(reader)]).toEqual([6, 6]);
    expect(await reader.status()).toMatchObject({ documents: 6, unindexed: 0 });
  });

  each.promise('writes a document once, however often it comes, and never changes it', async () => {
    const index = each.handle();
    const position = await fill(index, six);
    expect(await index.write(six)).toEqual({ written: 0, unindexed: 0 });
    const [first] = six;
    const changed = documentAt(CHAIN, 0, 0, { body: ['forged'] });
    expect(changed.id).toBe(first?.id);
    const seventh = documentAt(CHAIN, 6, 6);
    expect(await index.write([changed, seventh, seventh])).toEqual({ written: 1, unindexed: 0 });
    await index.publish(covering(position, [seventh]));
    expect(await total(index)).toBe(7);
    expect(await index.search(page({ kind: 'phrase', fields: ['body'], tokens: ['forged'] }))).toMatchObject({ total: 0 });
  });

  each.promise('after a crash before publish, the same work repeated counts once', async () => {
    const crashed = each.handle();
    await crashed.open();
    await crashed.write(six);
    await crashed.close();
    const next = each.handle();
    const { position } = await next.open();
    expect(position.chains).toEqual({});
    expect(await total(next)).toBe(0);
    // The next writer gets less far at first: what the crashed one left beyond must not shine through.
    await next.write(six.slice(0, 3));
    await next.publish(covering(position, six.slice(0, 3)));
    expect(idsOf((await next.search(page(ALL))).hits)).toEqual(six.slice(0, 3).map(({ id }) => id));
    expect(await next.status()).toMatchObject({ documents: 3 });
    await next.write(six.slice(2));
    await next.publish(covering(position, six));
    expect(idsOf((await next.search(page(ALL))).hits)).toEqual(six.map(({ id }) => id));
  });

  each.promise('keeps hidden what a crashed writer left further on, however the next ones advance', async () => {
    const other = 'msg/demo/im/1/0';
    const cohorts = [
      { className: 'standard', period: '2033-04' },
      { className: 'standard', period: '2034-04' },
    ];
    const place = (chain: string, n: number): IndexDocument =>
      documentAt(chain, n, n, { cohort: cohorts[n % 2] ?? { className: 'standard', period: '2033-04' } });
    const crashed = each.handle();
    await crashed.open();
    await crashed.write([0, 1, 2, 3, 4, 5].flatMap((n) => [place(CHAIN, n), place(other, n)]));
    await crashed.close();
    let covered = 0;
    for (const [chain, n] of [
      [CHAIN, 0],
      [other, 0],
      [other, 1],
      [CHAIN, 1],
      [CHAIN, 2],
      [other, 2],
      [other, 3],
    ] as const) {
      // Half of the steps are taken by a new process.
      const index = n % 2 === 0 ? each.handle() : (each.handles.at(-1) ?? each.handle());
      const { position } = n % 2 === 0 ? await index.open() : await index.status();
      await index.write([place(chain, n)]);
      await index.publish(covering(position, [place(chain, n)]));
      covered += 1;
      expect([chain, n, await total(index), (await index.status()).documents]).toEqual([chain, n, covered, covered]);
    }
  });

  each.promise('finds exactly what the position it names covers, while a writer publishes', async () => {
    const writer = each.handle();
    const reader = each.handle();
    let { position } = await writer.open();
    await reader.open();
    const done = new AbortController();
    let looks = 0;
    const searching = (async (): Promise<void> => {
      while (!done.signal.aborted) {
        const found = await reader.search(page(ALL, { limit: 1 }));
        // One document per segment: the position says how many there are.
        const covered = Object.values(found.position.chains).reduce((sum, next) => sum + next, 0);
        expect({ looks, total: found.total }).toEqual({ looks, total: covered });
        looks += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 20; round += 1) {
      // An old chain goes on and, every other time, a new one begins.
      const chains = round % 2 === 0 ? [CHAIN, `msg/demo/im/${String(round + 1)}/0`] : [CHAIN];
      const documents = chains.map((chain) => documentAt(chain, position.chains[chain] ?? 0, position.chains[chain] ?? 0));
      await writer.write(documents);
      position = covering(position, documents);
      await writer.publish(position);
    }
    done.abort();
    await searching;
    expect(await total(reader)).toBe(30);
  });

  each.promise('takes writes and publishes that nobody waited for in the order they were called', async () => {
    const index = each.handle();
    const { position } = await index.open();
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 6; n += 1) {
      calls.push(index.write(six.slice(n, n + 1)));
      calls.push(index.publish(covering(position, six.slice(0, n + 1))));
    }
    await Promise.all(calls);
    expect(idsOf((await index.search(page(ALL))).hits)).toEqual(six.map(({ id }) => id));
  });

  each.promise('refuses a position of another generation, one that goes back, and one that covers less than was written', async () => {
    const index = each.handle();
    const position = await fill(index, six);
    const seventh = documentAt(CHAIN, 6, 6);
    await expect(index.publish({ ...position, generation: 'another' })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(index.publish({ ...position, chains: { [CHAIN]: 5 } })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(index.publish({ ...position, chains: {} })).rejects.toMatchObject({ code: 'bad_request' });
    await index.write([seventh]);
    await expect(index.publish(position)).rejects.toMatchObject({ code: 'bad_request' });
    await index.publish(covering(position, [seventh]));
    expect(await total(index)).toBe(7);
  });

  each.promise('makes a stub of a document the engine refuses, and counts it everywhere', async () => {
    const index = each.handle();
    const { position } = await index.open();
    const refused = documentAt(CHAIN, 1, 1, { sentAt: 1e19, body: ['contract'] });
    const both = [documentAt(CHAIN, 0, 0), refused];
    expect(await index.write(both)).toEqual({ written: 1, unindexed: 1 });
    expect(await index.write(both)).toEqual({ written: 0, unindexed: 0 });
    await index.publish(covering(position, both));
    expect(await index.status()).toMatchObject({ documents: 2, unindexed: 1 });
    const contract: Query = { kind: 'phrase', fields: ['body'], tokens: ['contract'] };
    for (const query of [ALL, contract, { kind: 'or', items: [contract, { kind: 'not', item: contract }] } satisfies Query]) {
      expect(await index.search(page(query))).toMatchObject({ total: 1, unindexed: 1, hits: [{ id: both[0]?.id }] });
    }
    expect(await index.search(page({ kind: 'not', item: contract }))).toMatchObject({ total: 0, unindexed: 1 });
    expect(await index.search(page({ kind: 'keyword', field: 'id', value: refused.id }))).toMatchObject({ total: 0, unindexed: 1 });
    expect(idsOf(await collect(index.all(CHAIN)))).toEqual(both.map(({ id }) => id));
    expect(idsOf((await index.around('slack:acme:c1', both[0] ?? refused, 5, 5)).after)).toEqual([refused.id]);
  });

  each.promise('rebuilds beside the old generation while searches go on, and switches in one step', async () => {
    const writer = each.handle();
    const reader = each.handle();
    const old = await fill(writer, six);
    await reader.open();
    const rebuilt = [...six, ...Array.from({ length: 300 }, (_, n) => documentAt(CHAIN, 6 + n, 6 + n))];

    const done = new AbortController();
    const seen = new Set<string>();
    const searching = (async (): Promise<void> => {
      while (!done.signal.aborted) {
        const found = await reader.search(page(ALL));
        seen.add(`${found.position.generation} ${String(found.total)}`);
        const streamed = await collect(reader.ids(ALL));
        expect([six.length, rebuilt.length]).toContain(streamed.length);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();

    const begun = await writer.beginRebuild();
    expect(begun).toMatchObject({ documents: 0, position: { chains: {} } });
    expect(begun.position.generation).not.toBe(old.generation);
    const position = covering(begun.position, rebuilt);
    for (let start = 0; start < rebuilt.length; start += 100) {
      const part = rebuilt.slice(start, start + 100);
      await writer.write(part);
      await writer.publish(covering(begun.position, rebuilt.slice(0, start + 100)));
      expect(await total(writer)).toBe(six.length);
    }
    expect((await writer.status()).position).toEqual(old);
    await writer.finishRebuild();
    expect((await reader.search(page(ALL, { limit: 1 }))).position).toEqual(position);
    done.abort();
    await searching;
    expect([...seen].filter((state) => ![`${old.generation} 6`, `${position.generation} 306`].includes(state))).toEqual([]);
    expect(seen).toContain(`${old.generation} 6`);

    // The same handle goes on in the new generation.
    const last = documentAt(CHAIN, 306, 306);
    await writer.write([last]);
    await writer.publish(covering(position, [last]));
    expect(await total(reader)).toBe(307);
  });

  each.promise('sends a writer whose generation was replaced back to open', async () => {
    const ingest = each.handle();
    await fill(ingest, six);
    const rebuild = each.handle();
    await rebuild.open();
    const begun = await rebuild.beginRebuild();
    await rebuild.write(six.slice(0, 3));
    await rebuild.publish(covering(begun.position, six.slice(0, 3)));
    await rebuild.finishRebuild();
    await expect(ingest.write([documentAt('msg/demo/late/0/0', 9, 9)])).rejects.toMatchObject({ code: 'index_unavailable' });
    const { position } = await ingest.open();
    expect(position.chains).toEqual({ [CHAIN]: 3 });
    await ingest.write(six.slice(3));
    await ingest.publish(covering(position, six));
    expect(await total(rebuild)).toBe(6);
  });

  each.promise('starts a rebuild over when one was abandoned, and refuses to finish what was not begun', async () => {
    const abandoned = each.handle();
    await fill(abandoned, six);
    await expect(abandoned.finishRebuild()).rejects.toMatchObject({ code: 'bad_request' });
    await abandoned.beginRebuild();
    await abandoned.write(six);
    await abandoned.close();
    const index = each.handle();
    await index.open();
    expect(await total(index)).toBe(6);
    const begun = await index.beginRebuild();
    await index.write(six.slice(0, 2));
    await expect(index.finishRebuild()).rejects.toMatchObject({ code: 'bad_request' });
    await index.publish(covering(begun.position, six.slice(0, 2)));
    await index.finishRebuild();
    expect(idsOf(await collect(index.ids(ALL)))).toEqual(six.slice(0, 2).map(({ id }) => id));
  });

  each.promise('refuses to search or write an index of another tokenizer version, and rebuilds it', async () => {
    const old = each.handle({ tokenizer: 'other/1' });
    await fill(old, six);
    const index = each.handle();
    expect(await index.open()).toMatchObject({ tokenizer: 'other/1', documents: 6 });
    const needed = { code: 'index_rebuild_needed' };
    await expect(index.search(page(ALL))).rejects.toMatchObject(needed);
    await expect(collect(index.ids(ALL))).rejects.toMatchObject(needed);
    await expect(index.around('slack:acme:c1', { sentAt: 0, order: '' }, 1, 1)).rejects.toMatchObject(needed);
    await expect(index.write(six)).rejects.toMatchObject(needed);
    expect(await collect(index.all(CHAIN))).toHaveLength(6);
    const begun = await index.beginRebuild();
    await index.write(six);
    await index.publish(covering(begun.position, six));
    await index.finishRebuild();
    expect(await total(index)).toBe(6);
    await expect(old.search(page(ALL))).rejects.toMatchObject(needed);
  });

  each.promise('says index_unavailable when the engine cannot be reached, without the query or a payload', async () => {
    const index = each.harness.unreachable();
    each.handles.push(index);
    const secret = 'verysecretword';
    const query: Query = { kind: 'phrase', fields: ['body'], tokens: [secret] };
    const calls: (() => Promise<unknown>)[] = [
      () => index.open(),
      () => index.status(),
      () => index.search(page(query)),
      () => collect(index.ids(query)),
      () => index.compare([documentAt(CHAIN, 0, 0, { body: [secret] })]),
      () => collect(index.held(CHAIN, '', undefined)),
      () => collect(index.heldChains()),
      () => index.inspect(true),
      () => index.mark(undefined),
      () => index.around(secret, { sentAt: 0, order: '' }, 1, 1),
      () => index.write([documentAt(CHAIN, 0, 0, { body: [secret] })]),
    ];
    for (const call of calls) {
      const error: unknown = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: 'HoldfastError', code: 'index_unavailable' });
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
    }
  });
}
