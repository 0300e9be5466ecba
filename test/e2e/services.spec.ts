import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import { initKeyRing } from '@holdfast/keys-jose';
import { KafkaRecordSink } from '@holdfast/source-kafka';
import { bucketsOf, createBuckets } from '@holdfast/store-s3';
import { describeWith, needed, until } from '@holdfast/test-kit';
import { cohortsNeeded } from '@holdfast/vault';
import type { ContextAnswer, Readiness, SearchAnswer, StatusAnswer } from '../services/answers.js';
import { Line } from './line.js';
import { Program } from './program.js';
import { NEEDS, SEED, freshName } from './run.js';

const RECORDS = 1_000;
const NOWHERE = '127.0.0.1:1';

let folder = '';
const programs: Program[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill()));
});
afterAll(() => rm(folder, { recursive: true }));

function run(app: 'ingest' | 'audit', environment: Record<string, string>): Program {
  const program = new Program(app, environment);
  programs.push(program);
  return program;
}

/** What a user does: search in both languages, open with proof, read around it. */
async function judge(audit: Program): Promise<void> {
  await until(
    async () => {
      const { index } = await audit.json<StatusAnswer>('/api/v1/status');
      return index.documents === RECORDS;
    },
    60_000,
    'everything is searchable',
  );
  const texts = [...syntheticEvents({ records: RECORDS, seed: SEED, conversations: 20 })].map(({ value }) => new TextDecoder().decode(value));
  for (const word of ['contract', '合同']) {
    const found = await audit.json<SearchAnswer>(`/api/v1/search?q=${encodeURIComponent(word)}&limit=100`);
    expect(found.total).toBe(texts.filter((text) => text.includes(word)).length);
    const { id } = found.hits[0]!;
    const { record, before, after } = await audit.json<ContextAnswer>(`/api/v1/records/${id}/context?before=5&after=5`);
    // The notary signs when it likes.
    expect(record).toMatchObject({
      id,
      state: expect.stringMatching(/^(sealed|anchored)$/),
      proof: { manifest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(texts).toContain(record.record.value?.text);
    expect(before.length + after.length).toBeGreaterThan(0);
  }
}

describe('both services on an embedded archive', () => {
  const settings = (): Record<string, string> => ({ HOLDFAST_PROFILE: 'embedded', HOLDFAST_DATA: join(folder, 'embedded') });

  it('start on an empty folder at the same time, seal, find, open, and stop cleanly', async () => {
    const [ingest, audit] = [run('ingest', settings()), run('audit', settings())];
    await Promise.all([ingest.ready(), audit.ready()]);
    const opened = await openEmbedded(join(folder, 'embedded'), EMBEDDED_DEFAULTS);
    const sink = opened.sink();
    await sink.append('messages', [...syntheticEvents({ records: RECORDS, seed: SEED, conversations: 20 })]);
    await sink.close();
    await opened.close();
    await judge(audit);
    expect(await Promise.all([ingest.stop(), audit.stop()])).toEqual([0, 0]);
  }, 90_000);

  it('go on with the same archive', async () => {
    const audit = run('audit', settings());
    await audit.ready();
    await judge(audit);
  });
});

describe('bad configuration ends with one sentence and code 78', () => {
  const embedded = (): Record<string, string> => ({ HOLDFAST_PROFILE: 'embedded', HOLDFAST_DATA: join(folder, 'bad') });

  async function refused(app: 'ingest' | 'audit', environment: Record<string, string>): Promise<string> {
    const program = run(app, environment);
    expect(await program.exited).toBe(78);
    expect(program.errors).not.toContain('    at ');
    return program.errors;
  }

  it('an occupied port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await refused('audit', { ...embedded(), HOLDFAST_PORT: String(port) })).toMatch(`Port ${port} on 127.0.0.1 is in use`);
    expect(await refused('ingest', { ...embedded(), HOLDFAST_PORT: String(port - 1) })).toMatch(`Port ${port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => server.close(resolve));
    // Nothing was touched.
    await expect(readdir(join(folder, 'bad'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['an unknown zone', { HOLDFAST_TIME_ZONE: 'Asia/Peking City' }, 'HOLDFAST_TIME_ZONE must be a time zone'],
    ['a profile that is none', { HOLDFAST_PROFILE: 'cloud' }, 'HOLDFAST_PROFILE must be one of embedded, cluster'],
    ['an address that others reach', { HOLDFAST_HTTP_HOST: '0.0.0.0' }, 'listens on this machine only'],
  ])('%s', async (_name, changes, sentence) => {
    expect(await refused('audit', { ...embedded(), ...changes })).toContain(sentence);
  });

  it('a folder with other things in it', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'x');
    expect(await refused('ingest', { ...embedded(), HOLDFAST_DATA: folder })).toContain('is not empty and not a Holdfast archive');
  });

  it('everything that is missing, at once', async () => {
    const errors = await refused('ingest', { HOLDFAST_PROFILE: 'cluster', HOLDFAST_S3_SECRET_KEY: 'hunter2' });
    for (const name of ['SOURCE_NAME', 'KAFKA_BROKERS', 'KAFKA_TOPICS', 'S3_BUCKET_PREFIX', 'ELASTIC_URL', 'KEYS_DIR'])
      expect(errors).toContain(`HOLDFAST_${name} is not set`);
    expect(errors).toContain('put it into a file and name the file in HOLDFAST_S3_SECRET_KEY_FILE');
    expect(errors).not.toContain('hunter2');
  });
});

describeWith(
  { env: [...NEEDS.env, 'HOLDFAST_TEST_KAFKA_SASL_BROKERS', 'HOLDFAST_TEST_S3_SECOND_ENDPOINT'] },
  'both services on Kafka, S3 and Elasticsearch',
  () => {
    const name = freshName('services');
    let settings: Record<string, string> = {};
    let secret = '';

    beforeAll(async () => {
      const keys = join(folder, 'keys');
      const classes = [{ name: 'standard', number: 1, months: 84, lengthenMonths: 0 }];
      await initKeyRing(keys, { cohorts: cohortsNeeded(classes, new Date()), escrowPrivate: true });
      secret = join(folder, 's3-secret');
      await writeFile(secret, needed('HOLDFAST_TEST_S3_SECRET_KEY'), { mode: 0o600 });
      settings = {
        HOLDFAST_PROFILE: 'cluster',
        HOLDFAST_SOURCE_NAME: 'chat',
        HOLDFAST_KAFKA_BROKERS: needed('HOLDFAST_TEST_KAFKA_BROKERS'),
        HOLDFAST_KAFKA_TOPICS: name,
        HOLDFAST_S3_ENDPOINT: needed('HOLDFAST_TEST_S3_ENDPOINT'),
        HOLDFAST_S3_ACCESS_KEY: needed('HOLDFAST_TEST_S3_ACCESS_KEY'),
        HOLDFAST_S3_SECRET_KEY_FILE: secret,
        HOLDFAST_S3_BUCKET_PREFIX: name,
        HOLDFAST_S3_CREATE_BUCKETS: 'true',
        HOLDFAST_ELASTIC_URL: needed('HOLDFAST_TEST_ELASTIC_URL'),
        HOLDFAST_KEYS_DIR: keys,
        HOLDFAST_WRITER_NAME: 'audit-0',
        HOLDFAST_ARCHIVE_NAME: 'Services under test',
        HOLDFAST_RETENTION_CLASSES: 'standard=84',
        HOLDFAST_DEFAULT_CLASS: 'standard',
        HOLDFAST_LOG_ORIGIN: 'test.example/holdfast',
      };
      const sink = new KafkaRecordSink({ brokers: needed('HOLDFAST_TEST_KAFKA_BROKERS').split(',') });
      await sink.ensureTopic(name, 4);
      await sink.append(name, [...syntheticEvents({ records: RECORDS, seed: SEED, conversations: 20, timestamp: BigInt(Date.now()) })]);
      await sink.close();
    }, 60_000);

    it('seal and index in processes of their own; audit finds and opens everything', async () => {
      const seal = run('ingest', { ...settings, HOLDFAST_ROLES: 'seal' });
      await seal.ready();
      const [index, audit] = [run('ingest', { ...settings, HOLDFAST_ROLES: 'index' }), run('audit', settings)];
      await Promise.all([index.ready(), audit.ready()]);
      await judge(audit);
      expect(await audit.json('/api/v1/status')).toMatchObject({ name: 'Services under test', profile: 'cluster' });
      expect(await Promise.all([seal.stop(), index.stop(), audit.stop()])).toEqual([0, 0, 0]);
    }, 120_000);

    it('waits for a store, a source or a search engine that does not answer, says so, and stops at once when asked', async () => {
      const cases: readonly (readonly [alarm: string, changes: Record<string, string>])[] = [
        ['STORE_UNAVAILABLE', { HOLDFAST_S3_ENDPOINT: `http://${NOWHERE}` }],
        ['SOURCE_UNAVAILABLE', { HOLDFAST_KAFKA_BROKERS: NOWHERE }],
        ['INDEX_UNAVAILABLE', { HOLDFAST_ELASTIC_URL: `http://${NOWHERE}` }],
      ];
      await Promise.all(
        cases.map(async ([alarm, changes]) => {
          const ingest = run('ingest', { ...settings, ...changes, HOLDFAST_KAFKA_GROUP: freshName(alarm) });
          await ingest.alarm(alarm);
          expect((await ingest.get('/ready')).status).toBe(503);
          expect((await ingest.get('/health')).status).toBe(200);
          expect(await (await ingest.get('/metrics')).text()).toContain(`alarm="${alarm}"`);
          expect(await ingest.stop()).toBe(0);
          expect(ingest.log.some((line) => line['message'] === 'alarm raised' && line['alarm'] === alarm)).toBe(true);
        }),
      );
    }, 120_000);

    it('opens records by their id, and refuses to search, while the search engine is down', async () => {
      const well = run('audit', settings);
      await well.ready();
      const { id } = (await well.json<SearchAnswer>('/api/v1/search?q=contract&limit=1')).hits[0]!;
      const ill = run('audit', { ...settings, HOLDFAST_ELASTIC_URL: `http://${NOWHERE}`, HOLDFAST_WRITER_NAME: 'audit-1' });
      await ill.ready();
      expect(await ill.json(`/api/v1/records/${id}`)).toMatchObject({ id, state: expect.stringMatching(/^(sealed|anchored)$/) });
      const refused = await ill.get('/api/v1/search?q=contract');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await refused.json()).toMatchObject({ code: 'index_unavailable' });
      expect(await ill.json('/api/v1/status')).toMatchObject({ index: { available: false } });
    }, 60_000);

    it('seals while the search engine is down, waits while the store is down, and catches up', async () => {
      const store = await Line.to(needed('HOLDFAST_TEST_S3_ENDPOINT'));
      const engine = await Line.to(needed('HOLDFAST_TEST_ELASTIC_URL'));
      const topic = freshName('outage');
      const sink = new KafkaRecordSink({ brokers: needed('HOLDFAST_TEST_KAFKA_BROKERS').split(',') });
      await sink.ensureTopic(topic, 2);
      let sent = 0;
      const send = async (): Promise<void> => {
        await sink.append(topic, [...syntheticEvents({ records: 300, seed: SEED + sent, conversations: 20, timestamp: BigInt(Date.now()) })]);
        sent += 300;
      };
      const outage = {
        ...settings,
        HOLDFAST_SOURCE_NAME: 'outage',
        HOLDFAST_KAFKA_TOPICS: topic,
        HOLDFAST_KAFKA_GROUP: topic,
        HOLDFAST_KAFKA_SESSION_TIMEOUT_MS: '6000',
        HOLDFAST_S3_ENDPOINT: store.url,
        HOLDFAST_S3_BUCKET_PREFIX: topic,
        HOLDFAST_ELASTIC_URL: engine.url,
        HOLDFAST_SHUTDOWN_GRACE_MS: '6000',
      };
      let ingest = run('ingest', outage);
      await ingest.ready();

      engine.cut();
      await send();
      await until(
        async () => (await ingest.metric('holdfast_sealed_records_total')) === sent,
        60_000,
        'everything is sealed without a search engine',
      );
      await ingest.alarm('INDEX_UNAVAILABLE');

      store.cut();
      await send();
      await ingest.alarm('STORE_UNAVAILABLE');
      store.mend();
      engine.mend();
      await until(async () => (await ingest.metric('holdfast_indexed_documents_total')) === sent, 60_000, 'everything is searchable');
      await ingest.ready();
      expect(await ingest.metric('holdfast_sealed_records_total')).toBe(sent);

      // Asked to stop while the store is down, it gives up what it holds; the next start reads it again.
      store.cut();
      await send();
      await ingest.alarm('STORE_UNAVAILABLE');
      expect(await ingest.stop()).toBe(0);
      store.mend();
      ingest = run('ingest', outage);
      await until(async () => (await ingest.metric('holdfast_indexed_documents_total')) === 300, 60_000, 'the next start catches up');
      expect(await ingest.metric('holdfast_sealed_records_total')).toBe(300);
      await ingest.stop();
      await Promise.all([sink.close(), store.close(), engine.close()]);
    }, 180_000);

    it('reads Kafka through SASL/SCRAM and through TLS', async () => {
      const ways: readonly Record<string, string>[] = [
        {
          HOLDFAST_KAFKA_BROKERS: needed('HOLDFAST_TEST_KAFKA_SASL_BROKERS'),
          HOLDFAST_KAFKA_SASL_MECHANISM: 'scram-sha-256',
          HOLDFAST_KAFKA_SASL_USERNAME: needed('HOLDFAST_TEST_KAFKA_SASL_USERNAME'),
          HOLDFAST_KAFKA_SASL_PASSWORD_FILE: needed('HOLDFAST_TEST_KAFKA_SASL_PASSWORD_FILE'),
        },
        {
          HOLDFAST_KAFKA_BROKERS: needed('HOLDFAST_TEST_KAFKA_TLS_BROKERS'),
          HOLDFAST_KAFKA_TLS: 'true',
          HOLDFAST_KAFKA_CA_PATH: needed('HOLDFAST_TEST_KAFKA_CA_FILE'),
        },
      ];
      for (const way of ways) {
        const ingest = run('ingest', { ...settings, ...way, HOLDFAST_ROLES: 'seal' });
        await ingest.ready();
        expect(await ingest.stop()).toBe(0);
      }
      // Without the authority the broker is a stranger.
      const ingest = run('ingest', { ...settings, ...ways[1], HOLDFAST_KAFKA_CA_PATH: '', HOLDFAST_ROLES: 'seal' });
      await ingest.alarm('SOURCE_REFUSED');
      expect(await ingest.stop()).toBe(0);
    }, 90_000);

    it('refuses a topic that does not exist until it is there: SOURCE_REFUSED', async () => {
      const topic = freshName('later');
      const ingest = run('ingest', { ...settings, HOLDFAST_KAFKA_TOPICS: topic, HOLDFAST_KAFKA_GROUP: topic, HOLDFAST_ROLES: 'seal' });
      await ingest.alarm('SOURCE_REFUSED');
      const sink = new KafkaRecordSink({ brokers: needed('HOLDFAST_TEST_KAFKA_BROKERS').split(',') });
      await sink.ensureTopic(topic, 1);
      await sink.close();
      await ingest.ready();
      expect(await ingest.json<Readiness>('/ready')).toMatchObject({ alarms: [] });
    }, 90_000);

    it('refuses a store that breaks what an archive relies on', async () => {
      const other = join(folder, 's3-second-secret');
      await writeFile(other, needed('HOLDFAST_TEST_S3_SECOND_SECRET_KEY'), { mode: 0o600 });
      const ingest = run('ingest', {
        ...settings,
        HOLDFAST_S3_ENDPOINT: needed('HOLDFAST_TEST_S3_SECOND_ENDPOINT'),
        HOLDFAST_S3_ACCESS_KEY: needed('HOLDFAST_TEST_S3_SECOND_ACCESS_KEY'),
        HOLDFAST_S3_SECRET_KEY_FILE: other,
      });
      expect(await ingest.exited).toBe(2);
      expect(ingest.errors).toMatch(/^the object store breaks what an archive relies on: /m);
    }, 60_000);

    it.each([
      ['a key ring that is not there', () => ({ HOLDFAST_KEYS_DIR: join(folder, 'nothing') }), 'There is no key ring in'],
      ['a key ring of another archive', () => ({ HOLDFAST_KEYS_DIR: join(folder, 'other-keys') }), "is not this archive's"],
      ['buckets that are not there', () => ({ HOLDFAST_S3_CREATE_BUCKETS: 'false', HOLDFAST_S3_BUCKET_PREFIX: freshName('none') }), '-vault'],
      [
        'a bucket without Object Lock',
        () => ({ HOLDFAST_S3_BUCKET_PREFIX: `${name}-bare`, HOLDFAST_S3_CREATE_BUCKETS: 'false' }),
        'has no Object Lock',
      ],
      ['a wrong secret', () => ({ HOLDFAST_S3_SECRET_KEY_FILE: join(folder, 'wrong') }), 'access key'],
      ['half of what creates an archive', () => ({ HOLDFAST_LOG_ORIGIN: '' }), 'set all of them, or none'],
      ['a class that is not defined', () => ({ HOLDFAST_DEFAULT_CLASS: 'trade' }), 'which HOLDFAST_RETENTION_CLASSES does not define'],
    ])(
      'refuses %s with one sentence and code 78',
      async (_what, changes, sentence) => {
        await writeFile(join(folder, 'wrong'), 'wrong');
        await initKeyRing(join(folder, 'other-keys'), { cohorts: [{ className: 'ledger', period: '2026' }], escrowPrivate: true });
        await bareBuckets(`${name}-bare`);
        const ingest = run('ingest', { ...settings, ...changes() });
        expect([await ingest.exited, ingest.errors]).toEqual([78, expect.stringContaining(sentence)]);
        expect(ingest.errors).not.toContain('    at ');
      },
      60_000,
    );

    /** Three buckets of which none has Object Lock: the name of the claims bucket is given to each. */
    async function bareBuckets(prefix: string): Promise<void> {
      const { vault, wraps, claims } = bucketsOf(prefix);
      const connection = {
        endpoint: needed('HOLDFAST_TEST_S3_ENDPOINT'),
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: needed('HOLDFAST_TEST_S3_ACCESS_KEY'), secretAccessKey: needed('HOLDFAST_TEST_S3_SECRET_KEY') },
      };
      for (const bucket of [vault, wraps, claims])
        await createBuckets(connection, { vault: `${bucket}-lock`, wraps: `${bucket}-lock`, claims: bucket });
    }
  },
);
