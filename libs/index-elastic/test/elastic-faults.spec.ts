import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { IndexDocument, Position, RecordIndex } from '@holdfast/ports';
import { collect, describeWith, documentAt, needed } from '@holdfast/test-kit';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { ElasticIndexOptions } from '../src/elastic-options.js';
import { ElasticRecordIndex } from '../src/elastic-index.js';
import { FaultyProxy, type Call, type Fate } from './faulty-proxy.js';
import { client, deleteIndices } from './server.js';

const CHAIN = 'msg/demo/im/0/0';
const six = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n));
const page = { query: { kind: 'all' }, sort: 'oldest', limit: 100 } as const;

function covering(base: Position, documents: readonly IndexDocument[]): Position {
  return { ...base, chains: { [CHAIN]: Math.max(...documents.map(({ seq }) => seq)) + 1 } };
}

describeWith({ env: ['HOLDFAST_TEST_ELASTIC_URL'] }, 'ElasticRecordIndex when things go wrong', () => {
  let proxy: FaultyProxy;
  let prefix: string;
  let handles: RecordIndex[];

  beforeEach(async () => {
    proxy = new FaultyProxy(needed('HOLDFAST_TEST_ELASTIC_URL'));
    await proxy.start();
    prefix = `holdfast-test-${randomBytes(6).toString('hex')}`;
    handles = [];
  });

  afterEach(async () => {
    for (const handle of handles) await handle.close();
    await proxy.stop();
    await deleteIndices(prefix);
  }, 60_000);

  function handle(options: Partial<ElasticIndexOptions> = {}): ElasticRecordIndex {
    const made = new ElasticRecordIndex({ urls: [proxy.url], prefix, ...options });
    handles.push(made);
    return made;
  }

  const rejects = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => undefined,
      (error: unknown) => error,
    );

  /** Everything that changes the server: open, write, publish, rebuild, switch. */
  async function life(index: RecordIndex): Promise<void> {
    const { position } = await index.open();
    if (position.chains[CHAIN] === undefined) {
      await index.write(six.slice(0, 3));
      await index.publish(covering(position, six.slice(0, 3)));
    }
    const begun = await index.beginRebuild();
    await index.write(six);
    await index.publish(covering(begun.position, six));
    await index.finishRebuild();
  }

  async function expectOneWholeGeneration(): Promise<void> {
    const reader = handle();
    await reader.open();
    expect((await reader.search(page)).hits.map(({ id }) => id)).toEqual(six.map(({ id }) => id));
    const direct = client();
    const names = Object.keys(await direct.indices.getAlias({ index: `${prefix}-*` }));
    await direct.close();
    expect(names.map((name) => name.replace(/-g[0-9a-f]{16}-/, '-')).sort()).toEqual([`${prefix}-meta`, `${prefix}-standard-2033`]);
  }

  const changes = ({ method, path }: Call): boolean => method !== 'GET' && !path.includes('_search') && !path.includes('_pit');

  it('gets through when every first answer to a change is lost', async () => {
    const lost = new Set<string>();
    proxy.fate = (call): Fate => {
      const name = `${call.method} ${call.path} ${call.body.replaceAll(/"attempt":"[0-9a-f]+"/g, '')}`;
      if (!changes(call) || lost.has(name)) return 'pass';
      lost.add(name);
      return 'cut-after';
    };
    await life(handle());
    expect(lost.size).toBeGreaterThan(10);
    await expectOneWholeGeneration();
  }, 60_000);

  it('gets through when the server pushes back with 429, 503 and circuit breakers', async () => {
    let n = 0;
    const bodies = [
      { status: 429, body: { error: { type: 'circuit_breaking_exception' }, status: 429 } },
      { status: 503, body: { error: { type: 'unavailable_shards_exception' }, status: 503 } },
      { status: 429, body: { error: { type: 'es_rejected_execution_exception' }, status: 429 } },
    ];
    proxy.fate = (): Fate => {
      n += 1;
      return n % 2 === 1 ? (bodies[(n >> 1) % bodies.length] ?? 'pass') : 'pass';
    };
    await life(handle());
    await expectOneWholeGeneration();
  }, 60_000);

  it('repeats only the items of a bulk that were pushed back', async () => {
    const index = handle();
    const { position } = await index.open();
    const sizes: number[] = [];
    proxy.fate = ({ path, body }): Fate => {
      if (!path.startsWith('/_bulk')) return 'pass';
      const items = body.split('\n').length >> 1;
      sizes.push(items);
      if (sizes.length > 2) return 'pass';
      // The first two answers name every item pushed back but the first, which is there already.
      const pushed = {
        create: { status: 429, error: { type: sizes.length === 1 ? 'es_rejected_execution_exception' : 'circuit_breaking_exception' } },
      };
      return {
        status: 200,
        body: {
          items: [
            { create: { status: 409, error: { type: 'version_conflict_engine_exception' } } },
            ...Array.from({ length: items - 1 }, () => pushed),
          ],
        },
      };
    };
    expect(await index.write(six)).toEqual({ written: 4, unindexed: 0 });
    expect(sizes).toEqual([6, 5, 4]);
    await index.publish(covering(position, six));
  }, 60_000);

  it('splits a bulk that is too large for the server, and makes a stub of a document that is', async () => {
    const index = handle();
    const { position } = await index.open();
    proxy.fate = ({ path, body }): Fate =>
      path.startsWith('/_bulk') && body.length > 1500 ? { status: 413, body: { error: { type: 'content_too_long' }, status: 413 } } : 'pass';
    const large = documentAt(CHAIN, 6, 6, { body: Array.from({ length: 500 }, () => 'contract') });
    expect(await index.write([...six, large])).toEqual({ written: 6, unindexed: 1 });
    await index.publish(covering(position, [large]));
    expect(await index.search(page)).toMatchObject({ total: 6, unindexed: 1 });
    expect(await collect(index.all(CHAIN))).toHaveLength(7);
  }, 60_000);

  it('never sends a bulk larger than told', async () => {
    const index = handle({ bulkBytes: 20_000, bulksInFlight: 2 });
    const { position } = await index.open();
    let largest = 0;
    let flying = 0;
    proxy.fate = ({ path, body }): Fate => {
      if (path.startsWith('/_bulk')) {
        largest = Math.max(largest, Buffer.byteLength(body));
        flying += 1;
      }
      return 'pass';
    };
    const many = Array.from({ length: 400 }, (_, n) => documentAt(CHAIN, n, n));
    expect(await index.write(many)).toEqual({ written: 400, unindexed: 0 });
    await index.publish(covering(position, many));
    expect(largest).toBeLessThanOrEqual(20_000);
    expect(flying).toBeGreaterThan(5);
    expect((await index.status()).documents).toBe(400);
  }, 60_000);

  it('does not take another kind of refusal for a bad document: it stops', async () => {
    const index = handle({ attempts: 2 });
    await index.open();
    for (const item of [
      { create: { status: 403, error: { type: 'cluster_block_exception' } } },
      { create: { status: 400, error: { type: 'something_new_exception' } } },
      { create: { status: 500, error: { type: 'illegal_state_exception' } } },
      {},
    ]) {
      proxy.fate = ({ path, body }): Fate =>
        path.startsWith('/_bulk') ? { status: 200, body: { items: Array.from({ length: body.split('\n').length >> 1 }, () => item) } } : 'pass';
      await expect(index.write(six)).rejects.toMatchObject({ code: 'index_unavailable' });
    }
    proxy.fate = ({ path }): Fate => (path.startsWith('/_bulk') ? { status: 200, body: {} } : 'pass');
    await expect(index.write(six)).rejects.toMatchObject({ code: 'index_unavailable' });
  }, 60_000);

  // Killed at a step that changes the server: not done, or done and not heard. Another process goes on.
  for (const when of ['cut-before', 'cut-after'] as const) {
    it(`leaves an index that the next process finishes when it dies at any change (${when})`, async () => {
      const first = prefix;
      let step = 0;
      for (let died = true; died; step += 1) {
        let seen = -1;
        let dead = false;
        proxy.fate = (call): Fate => {
          if (dead) return 'cut-before';
          if (!changes(call)) return 'pass';
          seen += 1;
          if (seen < step) return 'pass';
          dead = true;
          return when;
        };
        // Empty each time: making the first generation is part of the walk.
        prefix = `${first}-${String(step)}`;
        const killed = handle({ attempts: 1, bulkAttempts: 1 });
        await rejects(life(killed));
        await killed.close();
        died = dead;
        proxy.fate = (): Fate => 'pass';
        await life(handle());
        await expectOneWholeGeneration();
        await deleteIndices(prefix);
      }
      prefix = first;
      expect(step).toBeGreaterThan(12);
    }, 240_000);
  }

  it('fails typed while the server is away, and works again with the same handle when it is back', async () => {
    const index = handle({ attempts: 2, bulkAttempts: 2 });
    const { position } = await index.open();
    await index.write(six.slice(0, 3));
    await proxy.stop();
    const query = { kind: 'phrase', fields: ['body'], tokens: ['verysecretword'] } as const;
    for (const work of [
      (): Promise<unknown> => index.search({ ...page, query }),
      (): Promise<unknown> => index.write([documentAt(CHAIN, 7, 7, { body: ['verysecretword'] })]),
      (): Promise<unknown> => index.publish(covering(position, [...six, documentAt(CHAIN, 7, 7)])),
      (): Promise<unknown> => index.status(),
      (): Promise<unknown> => collect(index.ids(query)),
    ]) {
      const error = await rejects(work());
      expect(error).toMatchObject({ code: 'index_unavailable' });
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('verysecretword');
    }
    await proxy.start();
    await index.write([...six, documentAt(CHAIN, 7, 7)]);
    await index.publish(covering(position, [documentAt(CHAIN, 7, 7)]));
    expect((await index.search(page)).total).toBe(7);
  }, 60_000);

  it('takes no partial answer for a result', async () => {
    const index = handle({ attempts: 1 });
    const { position } = await index.open();
    await index.write(six);
    await index.publish(covering(position, six));
    const whole = {
      took: 1,
      timed_out: false,
      _shards: { total: 2, successful: 2, skipped: 0, failed: 0 },
      hits: { total: { value: 0, relation: 'eq' }, hits: [] },
    };
    for (const body of [
      { ...whole, timed_out: true },
      { ...whole, _shards: { total: 2, successful: 1, skipped: 0, failed: 1 } },
    ]) {
      proxy.fate = ({ path }): Fate => (path.includes('_search') ? { status: 200, body } : 'pass');
      await expect(index.search(page)).rejects.toMatchObject({ code: 'index_unavailable' });
      await expect(collect(index.ids({ kind: 'all' }))).rejects.toMatchObject({ code: 'index_unavailable' });
      await expect(index.status()).rejects.toMatchObject({ code: 'index_unavailable' });
    }
    proxy.fate = ({ path }): Fate =>
      path.includes('_refresh') ? { status: 200, body: { _shards: { total: 2, successful: 1, failed: 1 } } } : 'pass';
    await index.write([documentAt(CHAIN, 6, 6)]);
    await expect(index.publish(covering(position, [documentAt(CHAIN, 6, 6)]))).rejects.toMatchObject({ code: 'index_unavailable' });
    expect((await index.status()).position.chains).toEqual({ [CHAIN]: 6 });
  }, 60_000);

  it('says nothing of a query that the server refuses', async () => {
    const index = handle({ attempts: 1 });
    await index.open();
    const reason = 'failed to parse [verysecretword]';
    proxy.fate = ({ path }): Fate =>
      path.includes('_search')
        ? { status: 400, body: { error: { type: 'parsing_exception', reason, root_cause: [{ type: 'x', reason }] }, status: 400 } }
        : 'pass';
    const error = await rejects(index.search({ ...page, query: { kind: 'keyword', field: 'sender', value: 'verysecretword' } }));
    expect(error).toMatchObject({ code: 'index_unavailable', message: 'Elasticsearch: 400 parsing_exception' });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('verysecretword');
  }, 60_000);

  it('sends its credentials, and says who was refused by status only', async () => {
    const seen: unknown[] = [];
    proxy.fate = ({ headers }): Fate => {
      seen.push(headers['authorization']);
      return { status: 401, body: { error: { type: 'security_exception' }, status: 401 } };
    };
    const byKey = handle({ auth: { kind: 'api-key', key: 'a2V5' } });
    await expect(byKey.open()).rejects.toMatchObject({ code: 'index_unavailable', message: 'Elasticsearch: 401 security_exception' });
    const byName = handle({ auth: { kind: 'basic', username: 'holdfast', password: 'pw' } });
    await expect(byName.open()).rejects.toMatchObject({ code: 'index_unavailable' });
    expect(new Set(seen)).toEqual(new Set(['ApiKey a2V5', `Basic ${Buffer.from('holdfast:pw').toString('base64')}`]));
  }, 60_000);

  it('keeps no text in the stored source', async () => {
    const index = handle();
    const { position } = await index.open();
    await index.write([documentAt(CHAIN, 0, 0, { body: ['verysecretword'], subject: ['verysecretword'], conversationName: ['verysecretword'] })]);
    await index.publish(covering(position, six.slice(0, 1)));
    const direct = client();
    const stored = await direct.search({ index: `${prefix}-*`, size: 10 });
    await direct.close();
    expect(stored.hits.hits).not.toHaveLength(0);
    expect(JSON.stringify(stored)).not.toContain('verysecretword');
  }, 60_000);

  it('leaves the indices of an archive with a similar prefix alone', async () => {
    const other = new ElasticRecordIndex({ urls: [proxy.url], prefix: `${prefix}-g2` });
    handles.push(other);
    const { position } = await other.open();
    await other.write(six);
    await other.publish(covering(position, six));
    await life(handle());
    expect((await other.search(page)).total).toBe(6);
  }, 60_000);

  it('refuses a prefix that no index can be named by', () => {
    for (const bad of ['', 'Upper', '-x', 'a b', 'x*', 'a--b', `x-g${'0'.repeat(16)}`]) {
      expect(() => handle({ prefix: bad })).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
    }
  });
});
