import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith, RecordingHandler } from '@holdfast/test-kit';
import { startKafkaBroker } from '../../../deploy/local/start-stack.mjs';
import { crc32c } from '../src/crc32c.js';
import { KafkaRecordSink } from '../src/kafka-record-sink.js';
import { KafkaRecordSource } from '../src/kafka-record-source.js';
import { createTopic, newTopic, PATIENCE_MS, reading, record, records, soon } from './reading.js';

const isOver = ({ signal }: AbortController) => signal.aborted;

// A broker of its own, to be killed and damaged.
describeWith({ env: ['HOLDFAST_TEST_KAFKA_BROKERS'] }, 'Kafka when things go wrong', () => {
  let folder: string;
  let broker: Awaited<ReturnType<typeof startKafkaBroker>>;
  let brokers: string[];
  let sink: KafkaRecordSink;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-broker-'));
    broker = await startKafkaBroker({ folder, heap: '256m', say: () => undefined });
    brokers = (broker.env['HOLDFAST_TEST_KAFKA_BROKERS'] ?? '').split(',');
    sink = new KafkaRecordSink({ brokers });
  }, 120_000);

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  }, PATIENCE_MS);

  afterAll(async () => {
    await sink.close();
    await broker.stop();
    rmSync(folder, { recursive: true });
  }, PATIENCE_MS);

  async function read(...args: Parameters<typeof reading>) {
    const opened = await reading(...args);
    closing.push(opened.close);
    return opened;
  }

  const test = (title: string, body: () => Promise<void>) => {
    it(title, body, PATIENCE_MS * 4);
  };

  /** Changes the segment file of partition 0 while the broker is down. */
  async function damage(topic: string, change: (segment: Buffer) => void): Promise<void> {
    await broker.stop();
    const partition = join(broker.dataFolder, `${topic}-0`);
    const name = readdirSync(partition).find((file) => file.endsWith('.log'));
    if (name === undefined) throw new Error('no segment');
    const segment = readFileSync(join(partition, name));
    change(segment);
    writeFileSync(join(partition, name), segment);
    await broker.start();
  }

  const at = (topic: string) => ({ topic, partition: 0 });

  test('waits while a broker is killed and comes back, with nothing lost or doubled', async () => {
    const topic = newTopic('killed');
    await createTopic(brokers, { topic, numPartitions: 2 });
    const { handler } = await read({ brokers, topics: [topic] });
    const producing = new AbortController();
    let sent = 0;
    const producer = (async () => {
      while (!isOver(producing)) {
        await sink.append(topic, [record(`r${sent}`), record(`r${sent}`, { partition: 1 })]);
        sent++;
      }
    })();
    for (let round = 1; round <= 3; round++) {
      const before = sent;
      await soon(() => sent > before + 20, 'some records');
      await broker.kill9();
      await soon(() => handler.failuresOf('source_unavailable').length > 0 || round > 1, 'the report');
      await broker.start();
    }
    const last = sent;
    await soon(() => sent > last, 'producing goes on');
    producing.abort();
    await producer;
    await soon(() => handler.total() === sent * 2, 'all records');
    for (const partition of [0, 1]) {
      const offsets = handler.records({ topic, partition }).map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: sent }, (_, i) => BigInt(i)));
      expect(handler.texts({ topic, partition })).toEqual(Array.from({ length: sent }, (_, i) => `r${i}`));
    }
    expect(handler.failures.filter(({ error }) => error.code !== 'source_unavailable')).toEqual([]);
    expect(handler.uncomparedCalls).toEqual([]);
    await soon(() => handler.recoveries.length > 0, 'the recovery');
    // The record before each change of leader was read again and found to be the same, or an alarm would stand above.
    expect(Math.max(...handler.batches(at(topic)).map(({ leaderEpoch }) => leaderEpoch))).toBeGreaterThan(0);
  });

  test('starts before the broker does', async () => {
    const topic = newTopic('late');
    await createTopic(brokers, { topic });
    await sink.append(topic, records(5));
    await broker.stop();
    const handler = new RecordingHandler();
    const source = new KafkaRecordSource({ brokers, topics: [topic], groupId: topic, sessionTimeoutMs: 2000 });
    closing.push(() => source.close());
    await source.subscribe(handler);
    expect(handler.failures).toMatchObject([{ at: undefined, error: { code: 'source_unavailable' } }]);
    await broker.start();
    await soon(() => handler.total() === 5, 'the records');
    expect(handler.recoveries).toContain(undefined);
  });

  test('never hands over a record with a flipped bit, and everything before it', async () => {
    const topic = newTopic('flipped');
    await createTopic(brokers, { topic });
    for (let i = 0; i < 10; i++) await sink.append(topic, [record(`r${i}`)]);
    await damage(topic, (segment) => {
      const where = segment.indexOf('r7');
      segment[where + 1] = (segment[where + 1] ?? 0) ^ 1;
    });
    const { handler } = await read({ brokers, topics: [topic] });
    await soon(() => handler.failures.some(({ at: place }) => place !== undefined), 'the alarm');
    expect(handler.failures.filter(({ at: place }) => place !== undefined)).toMatchObject([{ at: at(topic), error: { code: 'source_damaged' } }]);
    expect(handler.texts(at(topic))).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
  });

  test('names a codec that it does not know, and goes on with other partitions', async () => {
    const topic = newTopic('unknown');
    await createTopic(brokers, { topic, numPartitions: 2 });
    for (let i = 0; i < 3; i++) await sink.append(topic, [record(`r${i}`)]);
    await damage(topic, (segment) => {
      const second = 12 + segment.readInt32BE(8);
      const end = second + 12 + segment.readInt32BE(second + 8);
      segment.writeInt16BE(5, second + 21);
      segment.writeUInt32BE(crc32c(segment, second + 21, end), second + 17);
    });
    const { handler } = await read({ brokers, topics: [topic] });
    await soon(() => handler.failures.some(({ at: place }) => place !== undefined), 'the refusal');
    expect(handler.failures.filter(({ at: place }) => place !== undefined)).toMatchObject([{ at: at(topic), error: { code: 'source_refused' } }]);
    expect(handler.failures.at(-1)?.error.message).toContain('codec 5');
    expect(handler.texts(at(topic))).toEqual(['r0']);
    await sink.append(topic, [record('other', { partition: 1 })]);
    await soon(() => handler.texts({ topic, partition: 1 }).includes('other'), 'the other partition');
  });

  test('notices a log that lost its end while the broker was down, also when it was filled up again', async () => {
    const topic = newTopic('truncated');
    await createTopic(brokers, { topic });
    for (let i = 0; i < 10; i++) await sink.append(topic, [record(`r${i}`)]);
    const { handler } = await read({ brokers, topics: [topic] });
    await soon(() => handler.total() === 10, 'the records');
    await broker.stop();
    const partition = join(broker.dataFolder, `${topic}-0`);
    for (const file of readdirSync(partition)) {
      if (file.endsWith('.log')) {
        const segment = readFileSync(join(partition, file));
        // After the seventh batch, as a disk does that lied about its cache.
        let end = 0;
        for (let i = 0; i < 7; i++) end += 12 + segment.readInt32BE(end + 8);
        writeFileSync(join(partition, file), segment.subarray(0, end));
      } else if (/index$|snapshot$/.test(file)) {
        rmSync(join(partition, file));
      }
    }
    // Without it the broker trusts the segments as they are.
    rmSync(join(broker.dataFolder, '.kafka_cleanshutdown'), { force: true });
    await broker.start();
    const other = new KafkaRecordSink({ brokers });
    closing.push(() => other.close());
    for (let i = 0; i < 6; i++) await other.append(topic, [record(`new${i}`)]);
    await soon(() => handler.failuresOf('source_recreated').length > 0, 'the alarm');
    expect(handler.texts(at(topic))).toEqual(Array.from({ length: 10 }, (_, i) => `r${i}`));
  });
});
