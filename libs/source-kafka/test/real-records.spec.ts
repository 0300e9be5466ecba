import { afterEach, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import snappy from 'snappyjs';
import { partitionOfKey } from '@holdfast/record';
import { describeWith, needed } from '@holdfast/test-kit';
import { cacheFolder } from '../../../deploy/local/cache.mjs';
import { javaHome } from '../../../deploy/local/java.mjs';
import { KafkaRecordSink } from '../src/kafka-record-sink.js';
import { KafkaRecordSource } from '../src/kafka-record-source.js';
import { encodeRecords, frameBatch } from '../src/record-batch-encoder.js';
import { createTopic, newTopic, PATIENCE_MS, produceRaw, reading, record, records, soon, withAdmin } from './reading.js';

const NOBODY = { producerId: -1n, epoch: -1, sequence: -1 };

/** Snappy as Java frames it, in blocks of 20 KB. A broker refuses anything else. */
function xerial(bytes: Buffer): Buffer {
  const parts = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let at = 0; at < bytes.length; at += 20_000) {
    const block = Buffer.from(snappy.compress(bytes.subarray(at, at + 20_000)));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

describeWith({ env: ['HOLDFAST_TEST_KAFKA_BROKERS'] }, 'Kafka, as others write it', () => {
  const brokers = needed('HOLDFAST_TEST_KAFKA_BROKERS').split(',');
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  }, PATIENCE_MS);

  async function read(...args: Parameters<typeof reading>) {
    const opened = await reading(...args);
    closing.push(opened.close);
    return opened;
  }

  function sinkOf(options: Partial<ConstructorParameters<typeof KafkaRecordSink>[0]> = {}) {
    const sink = new KafkaRecordSink({ brokers, ...options });
    closing.push(() => sink.close());
    return sink;
  }

  const test = (title: string, body: () => Promise<void>) => {
    it(title, body, PATIENCE_MS * 3);
  };

  test('reads what Java producers write in each codec, headers and partitions included', async () => {
    const count = 3000;
    const prefix = newTopic('java-');
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
    const topics = codecs.map((codec) => prefix + codec);
    for (const topic of topics) await createTopic(brokers, { topic, numPartitions: 3 });
    const classes = join(cacheFolder(), 'kafka-4.1.1', '*');
    const source = new URL('./JavaProducer.java', import.meta.url).pathname;
    await promisify(execFile)(join(await javaHome(), 'bin/java'), ['-Xmx256m', '-cp', classes, source, brokers.join(','), prefix, `${count}`]);
    const { handler } = await read({ brokers, topics, groupId: prefix });
    await soon(() => handler.total() === count * codecs.length, 'all records');
    const expected = Array.from({ length: count }, (_, i) => `record ${i} 合同 `.repeat(1 + (i % 30)));
    for (const topic of topics) {
      const texts: string[] = [];
      for (const partition of [0, 1, 2]) {
        for (const { key, headers } of handler.records({ topic, partition })) {
          expect(partitionOfKey(key ?? new Uint8Array(), 3)).toBe(partition);
          expect(headers.map((header) => [Buffer.from(header.key).toString(), header.value?.length ?? null])).toEqual([
            ['h', null],
            ['h', 1],
          ]);
        }
        texts.push(...handler.texts({ topic, partition }));
      }
      expect(texts.sort()).toEqual([...expected].sort());
    }
    expect(handler.failures).toEqual([]);
  });

  test('reads batches of its own codecs, and Snappy of another writer', async () => {
    const topic = newTopic('codecs');
    await createTopic(brokers, { topic });
    for (const compression of ['gzip', 'zstd', 'none'] as const) await sinkOf({ compression }).append(topic, records(1000));
    const more = records(1000);
    await produceRaw(brokers, topic, frameBatch(more, xerial(encodeRecords(more)), 2, NOBODY));
    const { handler } = await read({ brokers, topics: [topic] });
    await soon(() => handler.total() === 4000, 'all records');
    expect(handler.texts({ topic, partition: 0 })).toEqual(Array.from({ length: 4000 }, (_, i) => `r${i % 1000}`));
  });

  test('reads one batch of 200,000 records, in pieces', async () => {
    const topic = newTopic('large');
    await createTopic(brokers, { topic, configEntries: [{ name: 'max.message.bytes', value: '20000000' }] });
    const many = records(200_000);
    await produceRaw(brokers, topic, frameBatch(many, encodeRecords(many), 0, NOBODY));
    const { handler } = await read({ brokers, topics: [topic] });
    await soon(() => handler.total() === many.length, 'all records');
    const at = { topic, partition: 0 };
    expect(Math.max(...handler.batches(at).map((batch) => batch.records.length))).toBeLessThanOrEqual(16_000);
    expect(handler.records(at).every(({ offset }, i) => offset === BigInt(i))).toBe(true);
    expect(handler.mistakes).toEqual([]);
  });

  test('refuses a batch that expands beyond the limit, and says so', async () => {
    const topic = newTopic('bomb');
    await createTopic(brokers, { topic });
    await sinkOf({ compression: 'zstd' }).append(topic, [record('before')]);
    await sinkOf({ compression: 'zstd' }).append(topic, [record('', { value: new Uint8Array(3_000_000) })]);
    const { handler } = await read({ brokers, topics: [topic], maxBatchBytes: 2_000_000 });
    await soon(() => handler.failures.length > 0, 'the refusal');
    expect(handler.failures).toMatchObject([{ at: { topic, partition: 0 }, error: { code: 'source_refused' } }]);
    expect(handler.failures[0]?.error.message).toMatch(/zstd.*2000000 bytes/);
  });

  test('leaves out aborted transactions and markers, and nothing else', async () => {
    const topic = newTopic('transactions');
    await createTopic(brokers, { topic });
    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const [one, other] = ['one', 'other'].map((name) =>
      kafka.producer({ transactionalId: `${topic}-${name}`, maxInFlightRequests: 1, idempotent: true }),
    );
    if (one === undefined || other === undefined) throw new Error('no producers');
    const plain = sinkOf();
    await Promise.all([one.connect(), other.connect()]);
    closing.push(
      () => one.disconnect(),
      () => other.disconnect(),
    );
    const expected: string[] = [];
    for (let round = 0; round < 6; round++) {
      const [a, b] = [await one.transaction(), await other.transaction()];
      const send = async (transaction: typeof a, text: string) => {
        await transaction.send({ topic, messages: [{ value: text, partition: 0 }] });
      };
      // Interleaved: both transactions are open over the other's records.
      await send(a, `a${round}`);
      await send(b, `b${round}`);
      await plain.append(topic, [record(`plain${round}`)]);
      await send(a, `a${round}'`);
      expected.push(`plain${round}`);
      if (round % 2 === 0) {
        await a.abort();
        await b.commit();
        expected.push(`b${round}`);
      } else {
        await a.commit();
        await b.abort();
        expected.push(`a${round}`, `a${round}'`);
      }
    }
    await plain.append(topic, [record('end')]);
    const { handler } = await read({ brokers, topics: [topic], maxBytesPerPartition: 300 });
    const at = { topic, partition: 0 };
    await soon(() => handler.texts(at).includes('end'), 'the last record');
    expect(handler.texts(at).toSorted()).toEqual([...expected, 'end'].toSorted());
    expect([...handler.failures, ...handler.mistakes]).toEqual([]);
  });

  test('marks records that the broker stamped', async () => {
    const topic = newTopic('stamped');
    await createTopic(brokers, { topic, configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] });
    const before = BigInt(Date.now());
    await sinkOf().append(topic, [record('x', { timestamp: 5n })]);
    const { handler, source } = await read({ brokers, topics: [topic] });
    await soon(() => handler.total() === 1, 'the record');
    const [found] = handler.records({ topic, partition: 0 });
    expect(found?.timestampType).toBe('log-append');
    expect(found?.timestamp).toBeGreaterThanOrEqual(before);
    expect((await source.warnings()).join()).toMatch(/LogAppendTime/);
  });

  test('refuses a compacted topic', async () => {
    const topic = newTopic('compacted');
    await createTopic(brokers, { topic, configEntries: [{ name: 'cleanup.policy', value: 'compact,delete' }] });
    const source = new KafkaRecordSource({ brokers, topics: [topic], groupId: topic });
    closing.push(() => source.close());
    await expect(source.topics()).rejects.toMatchObject({ code: 'source_refused' });
  });

  test('warns of short retention, unclean elections and single replicas', async () => {
    const topic = newTopic('weak');
    const settings = { 'retention.ms': '3600000', 'unclean.leader.election.enable': 'true', 'retention.bytes': '1000' };
    await createTopic(brokers, { topic, configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })) });
    const source = new KafkaRecordSource({ brokers, topics: [topic], groupId: topic });
    closing.push(() => source.close());
    const warnings = await source.warnings();
    for (const expected of [/retention\.ms=3600000 keeps records for 1 hours/, /unclean/, /retention\.bytes/, /single replica/]) {
      expect(warnings.some((warning) => expected.test(warning))).toBe(true);
    }
  });

  test('keeps its membership while a handler waits for longer than the session timeout', async () => {
    const topic = newTopic('slow');
    await createTopic(brokers, { topic });
    const gate = Promise.withResolvers<undefined>();
    const at = { topic, partition: 0 };
    await sinkOf().append(topic, records(10));
    const { handler } = await read({ brokers, topics: [topic], sessionTimeoutMs: 1000 }, { onBatch: () => gate.promise });
    await soon(() => handler.batches(at).length === 1, 'the first batch');
    await sleep(4000);
    // A lost membership would have been followed by a new one, and everything assigned anew.
    expect(handler.assignedCalls(at)).toBe(1);
    const group = await withAdmin(brokers, (admin) => admin.describeGroups([`g-${topic}`]));
    expect(group.groups[0]?.members).toHaveLength(1);
    gate.resolve(undefined);
    await sinkOf().append(topic, records(10, 10));
    await soon(() => handler.total() === 20, 'the rest');
    expect(handler.revokedCalls(at)).toBe(0);
    expect(handler.failures).toEqual([]);
  });

  test('raises the alarm when retention overtakes a partition whose handler is stuck', async () => {
    const topic = newTopic('overtaken');
    await createTopic(brokers, { topic });
    const gate = Promise.withResolvers<undefined>();
    const at = { topic, partition: 0 };
    await sinkOf().append(topic, records(10));
    const { handler } = await read({ brokers, topics: [topic] }, { onBatch: () => gate.promise });
    await soon(() => handler.batches(at).length === 1, 'the first batch');
    await sinkOf().append(topic, records(20, 10));
    await withAdmin(brokers, async (admin) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '25' }] });
    });
    gate.resolve(undefined);
    await soon(() => handler.failures.length > 0, 'the alarm');
    // What was prefetched before may have been handed over still; never anything after a gap.
    expect(handler.failures).toMatchObject([{ at, error: { code: 'source_lost', to: 25n } }]);
    expect(handler.texts(at)).toEqual(handler.texts(at).map((_, i) => `r${i}`));
  });

  test('commits the hint for lag monitors', async () => {
    const topic = newTopic('hint');
    await createTopic(brokers, { topic });
    await sinkOf().append(topic, records(10));
    const { handler } = await read({ brokers, topics: [topic], groupId: topic });
    await soon(() => handler.total() === 10, 'the records');
    handler.subscription?.commit({ topic, partition: 0 }, 10n);
    const committed = () => withAdmin(brokers, (admin) => admin.fetchOffsets({ groupId: topic, topics: [topic] }));
    await soon(async () => (await committed())[0]?.partitions[0]?.offset === '10', 'the hint');
  });
});

describeWith({ env: ['HOLDFAST_TEST_KAFKA_SASL_BROKERS'] }, 'Kafka behind SCRAM', () => {
  const brokers = () => needed('HOLDFAST_TEST_KAFKA_SASL_BROKERS').split(',');
  const sasl = (password: string) => ({ mechanism: 'scram-sha-256' as const, username: needed('HOLDFAST_TEST_KAFKA_SASL_USERNAME'), password });

  it(
    'writes and reads with the right password',
    async () => {
      const topic = newTopic('scram');
      const options = { brokers: brokers(), sasl: sasl(needed('HOLDFAST_TEST_KAFKA_SASL_PASSWORD')) };
      const sink = new KafkaRecordSink(options);
      await sink.ensureTopic(topic, 1);
      await sink.append(topic, records(10));
      const { handler, close } = await reading({ ...options, topics: [topic] });
      await soon(() => handler.total() === 10, 'the records');
      await close();
      await sink.close();
    },
    PATIENCE_MS * 2,
  );

  it(
    'refuses a wrong one without naming it',
    async () => {
      const source = new KafkaRecordSource({ brokers: brokers(), sasl: sasl('wrong-password'), topics: ['t'], groupId: 'g' });
      const error: unknown = await source.topics().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'source_refused' });
      expect(String(error)).not.toContain('wrong-password');
      await source.close();
    },
    PATIENCE_MS * 2,
  );
});

describeWith({ env: ['HOLDFAST_TEST_KAFKA_TLS_BROKERS', 'HOLDFAST_TEST_KAFKA_CA_FILE'] }, 'Kafka behind TLS', () => {
  const brokers = () => needed('HOLDFAST_TEST_KAFKA_TLS_BROKERS').split(',');

  it(
    'writes and reads when the authority is known',
    async () => {
      const topic = newTopic('tls');
      const options = { brokers: brokers(), tls: { caFile: needed('HOLDFAST_TEST_KAFKA_CA_FILE') } };
      const sink = new KafkaRecordSink(options);
      await sink.ensureTopic(topic, 1);
      await sink.append(topic, records(10));
      const { handler, close } = await reading({ ...options, topics: [topic] });
      await soon(() => handler.total() === 10, 'the records');
      await close();
      await sink.close();
    },
    PATIENCE_MS * 2,
  );

  it(
    'refuses an authority that is not',
    async () => {
      const source = new KafkaRecordSource({ brokers: brokers(), tls: true, topics: ['t'], groupId: 'g' });
      await expect(source.topics()).rejects.toMatchObject({ code: 'source_refused' });
      await source.close();
    },
    PATIENCE_MS * 2,
  );
});
