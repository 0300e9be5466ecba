import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { HoldfastError, partitionOfKey, type RawRecord } from '@holdfast/record';
import { SourceLostError, type NewRecord, type RecordBatch, type RecordSink, type RecordSource, type TopicPartition } from '@holdfast/ports';
import { describeWith, type Needs } from '../needs.js';
import { eventually, RecordingHandler } from './recording-handler.js';

/** A log under test: two ways in, and the means to harm it. */
export interface SourcePair {
  /** A source over `topics`, a worker of its own in the group `group`. */
  source(topics: readonly string[], group: string): RecordSource;
  readonly sink: RecordSink;
  /** Retention: the records below `below` go. */
  trim(at: TopicPartition, below: bigint): Promise<void>;
  /** Deletes the topic and makes an empty one of the same name. */
  recreate(topic: string, partitions: number): Promise<void>;
  close(): Promise<void>;
}

export interface SourceSuiteOptions {
  readonly needs?: Needs;
  /** How long something may take that will happen; generous, nobody waits for it when it works. */
  readonly patienceMs?: number;
  /** Two sources of one group share the partitions. */
  readonly shares?: boolean;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Kafka deletes records whose own timestamp is older than the retention. */
const NOW = BigInt(Date.now());

function record(text: string, more: Partial<NewRecord> = {}): NewRecord {
  return { key: utf8('k'), value: utf8(text), headers: [], timestamp: NOW, partition: 0, ...more };
}

/** Where to start on partition 0; the others start at 0. */
const first = (next: bigint) => (at: TopicPartition) => (at.partition === 0 ? next : 0n);

const many = (count: number, from = 0, more: Partial<NewRecord> = {}) => Array.from({ length: count }, (_, i) => record(`r${from + i}`, more));

/** Every promise of `RecordSource` and `RecordSink`. `makePair` is called once a test. */
export function describeRecordSource(
  name: string,
  makePair: () => Promise<SourcePair>,
  { needs = { env: [] }, patienceMs = 10_000, shares = false }: SourceSuiteOptions = {},
): void {
  describeWith(needs, `record source: ${name}`, () => {
    let pair: SourcePair;
    let topic: string;
    let at: TopicPartition;
    let opened: RecordSource[];
    let count = 0;
    const soon = (condition: () => boolean, what: string) => eventually(condition, what, patienceMs);

    function open(group = `g-${topic}`): RecordSource {
      const source = pair.source([topic], group);
      opened.push(source);
      return source;
    }

    async function follow(handler: RecordingHandler, group?: string) {
      const source = open(group);
      handler.subscription = await source.subscribe(handler);
      return source;
    }

    beforeEach(async () => {
      pair = await makePair();
      opened = [];
      topic = `suite-${process.pid}-${Date.now().toString(36)}-${count++}`;
      at = { topic, partition: 0 };
      await pair.sink.ensureTopic(topic, 3);
    }, patienceMs);

    afterEach(async () => {
      for (const source of opened) await source.close();
      await pair.close();
    }, patienceMs * 2);

    const test = (title: string, body: () => Promise<void>) => {
      it(title, body, patienceMs * 3);
    };

    test('hands over records byte for byte: null is not empty, headers keep their order, duplicates and bytes', async () => {
      const headers = [
        { key: utf8('b'), value: utf8('2') },
        { key: utf8('a'), value: null },
        { key: utf8('b'), value: new Uint8Array() },
        { key: Uint8Array.of(0xff, 0x00, 0xfe), value: Uint8Array.of(0x80) },
      ];
      const sent: NewRecord[] = [
        record('', { key: null, value: null }),
        record('', { key: new Uint8Array(), value: new Uint8Array(), timestamp: 0n }),
        record('', { key: Uint8Array.of(0, 255), value: Uint8Array.of(0xc3, 0x28), headers, timestamp: 1n }),
        record('合同 📎'),
      ];
      await pair.sink.append(topic, sent);
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.records(at).length === sent.length, 'all records');
      const plain = (bytes: Uint8Array | null) => (bytes === null ? null : [...bytes]);
      const shape = ({ key, value, timestamp, headers: list }: NewRecord | RawRecord) => ({
        key: plain(key),
        value: plain(value),
        timestamp,
        headers: list.map((header) => ({ key: plain(header.key), value: plain(header.value) })),
      });
      expect(handler.records(at).map(shape)).toEqual(sent.map(shape));
      expect(handler.records(at).map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n]);
      expect(handler.records(at).every(({ timestampType }) => timestampType === 'create')).toBe(true);
    });

    test('hands over every record of every partition once and in order, also those that come later', async () => {
      const handler = new RecordingHandler();
      for (const partition of [0, 1, 2]) await pair.sink.append(topic, many(700, 0, { partition }));
      await follow(handler);
      await soon(() => handler.total() === 2100, 'the first records');
      for (const partition of [2, 0, 1]) await pair.sink.append(topic, many(300, 700, { partition }));
      await soon(() => handler.total() === 3000, 'the later records');
      for (const partition of [0, 1, 2]) {
        expect(handler.texts({ topic, partition })).toEqual(many(1000).map((_, i) => `r${i}`));
      }
      expect(handler.failures).toEqual([]);
      expect(handler.mistakes).toEqual([]);
    });

    test('tells the high watermark with each batch', async () => {
      await pair.sink.append(topic, many(20));
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.total() === 20, 'all records');
      expect(handler.batches(at).every(({ high }) => high === 20n)).toBe(true);
    });

    test('starts at the offset that the handler says', async () => {
      await pair.sink.append(topic, many(50));
      const handler = new RecordingHandler({ next: first(30n) });
      await follow(handler);
      await soon(() => handler.records(at).length === 20, 'the rest');
      expect(handler.records(at)[0]?.offset).toBe(30n);
      await pair.sink.append(topic, many(1, 50));
      await soon(() => handler.records(at).length === 21, 'one more');
    });

    test('hands over nothing more of a partition while its handler is busy, and goes on with the others', async () => {
      const gate = Promise.withResolvers<undefined>();
      const handler = new RecordingHandler({ onBatch: async ({ partition }) => (partition === 0 ? gate.promise : undefined) });
      await pair.sink.append(topic, many(10));
      await follow(handler);
      await soon(() => handler.batches(at).length === 1, 'the first batch');
      await pair.sink.append(topic, many(10, 10));
      await pair.sink.append(topic, many(10, 0, { partition: 1 }));
      await soon(() => handler.records({ topic, partition: 1 }).length === 10, 'the other partition');
      expect(handler.batches(at).length).toBe(1);
      gate.resolve(undefined);
      await soon(() => handler.records(at).length === 20, 'the rest');
      expect(handler.mistakes).toEqual([]);
    });

    test('goes on after the last sealed record when it is still the same', async () => {
      await pair.sink.append(topic, many(10));
      const handler = new RecordingHandler({ next: first(5n), last: () => 'r4' });
      await follow(handler);
      await soon(() => handler.records(at).length === 5, 'what follows');
      expect(handler.texts(at)).toEqual(['r5', 'r6', 'r7', 'r8', 'r9']);
      expect(handler.compared).toEqual([{ offset: 4n, text: 'r4' }]);
      expect(handler.uncomparedCalls).toEqual([]);
    });

    test('stops with source_recreated when the last sealed record differs', async () => {
      await pair.sink.append(topic, many(10));
      const handler = new RecordingHandler({ next: first(5n), last: () => 'something else' });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'source_recreated' } }]);
      expect(handler.records(at)).toEqual([]);
    });

    test('catches a topic that was recreated and holds more records than were sealed', async () => {
      await pair.sink.append(topic, many(10));
      await pair.recreate(topic, 3);
      await pair.sink.append(topic, many(20, 1000));
      const handler = new RecordingHandler({ next: first(10n), last: () => 'r9' });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'source_recreated' } }]);
      expect(handler.records(at)).toEqual([]);
    });

    test('says so when retention has removed the last sealed record but nothing is lost', async () => {
      await pair.sink.append(topic, many(10));
      await pair.trim(at, 5n);
      const handler = new RecordingHandler({ next: first(5n), last: () => 'r4' });
      await follow(handler);
      await soon(() => handler.records(at).length === 5, 'what is left');
      expect(handler.uncomparedCalls).toMatchObject([{ at, facts: { low: 5n, high: 10n } }]);
      expect(handler.order.indexOf('uncompared')).toBeLessThan(handler.order.indexOf('batch'));
      expect(handler.compared).toEqual([]);
    });

    test('raises source_lost with the range when records went that were never sealed', async () => {
      await pair.sink.append(topic, many(10));
      await pair.trim(at, 7n);
      const handler = new RecordingHandler({ next: first(3n), last: () => 'r2' });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      const error = handler.failures[0]?.error;
      expect(error).toBeInstanceOf(SourceLostError);
      expect(error).toMatchObject({ code: 'source_lost', from: 3n, to: 7n });
      expect(error?.message).toMatch(/3 to 6/);
      expect(handler.records(at)).toEqual([]);
    });

    test('raises source_lost also when every record went', async () => {
      await pair.sink.append(topic, many(10));
      await pair.trim(at, 10n);
      const handler = new RecordingHandler({ next: first(3n) });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      expect(handler.failures[0]?.error).toMatchObject({ code: 'source_lost', from: 3n, to: 10n });
    });

    test('raises source_recreated when the log ends before the offset that is wanted', async () => {
      await pair.sink.append(topic, many(10));
      const handler = new RecordingHandler({ next: first(11n) });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'source_recreated' } }]);
      await pair.sink.append(topic, many(10, 10));
      await pair.sink.append(topic, many(1, 0, { partition: 1 }));
      await soon(() => handler.records({ topic, partition: 1 }).length === 1, 'the other partition');
      expect(handler.records(at)).toEqual([]);
    });

    test('notices a topic that is recreated while it is followed', async () => {
      await pair.sink.append(topic, many(10));
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.total() === 10, 'the first records');
      await pair.recreate(topic, 3);
      await soon(() => handler.failuresOf('source_recreated').some((failure) => failure.at?.partition === 0), 'the alarm');
      expect(handler.total()).toBe(10);
    });

    test('asks again where to start when a stopped partition is started again', async () => {
      await pair.sink.append(topic, many(10));
      await pair.trim(at, 7n);
      let next = 3n;
      const handler = new RecordingHandler({ next: (one) => first(next)(one) });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the alarm');
      next = 7n;
      handler.subscription?.restart(at);
      await soon(() => handler.records(at).length === 3, 'the rest');
      expect(handler.assignedCalls(at)).toBe(2);
    });

    test('begins anew where the handler says when a partition that runs is started again', async () => {
      await pair.sink.append(topic, many(5));
      let next = 0n;
      const handler = new RecordingHandler({ next: (one) => first(next)(one), last: () => (next === 0n ? undefined : `r${next - 1n}`) });
      await follow(handler);
      await soon(() => handler.total() === 5, 'the records');
      next = 3n;
      handler.subscription?.restart(at);
      await soon(() => handler.total() === 7, 'two of them again');
      await pair.sink.append(topic, many(5, 5));
      await soon(() => handler.total() === 12, 'more records');
      expect(handler.assignedCalls(at)).toBe(2);
      expect(handler.texts(at)).toEqual([...many(5), ...many(7)].map((_, i) => `r${i < 5 ? i : i - 2}`));
      expect(handler.revokedCalls(at)).toBe(0);
      expect([...handler.mistakes, ...handler.failures]).toEqual([]);
    });

    test('hands over no batch between a restart and the new start', async () => {
      const gate = Promise.withResolvers<undefined>();
      const handler = new RecordingHandler({ onBatch: async ({ partition }) => (partition === 0 ? gate.promise : undefined) });
      await pair.sink.append(topic, many(10));
      await follow(handler);
      await soon(() => handler.batches(at).length === 1, 'the first batch');
      await pair.sink.append(topic, many(10, 10));
      await soon(() => handler.assignedCalls({ topic, partition: 2 }) === 1, 'all partitions are assigned');
      const before = handler.order.length;
      handler.subscription?.restart(at);
      gate.resolve(undefined);
      await soon(() => handler.records(at).length >= 30, 'all of them after the first again');
      expect(handler.order[before]).toBe('assigned');
      expect(handler.assignedCalls(at)).toBe(2);
      expect(handler.mistakes).toEqual([]);
    });

    test('stops the partition whose handler fails, reports it, and delivers the batch again after a restart', async () => {
      await pair.sink.append(topic, many(10));
      await pair.sink.append(topic, many(10, 0, { partition: 1 }));
      let broken = true;
      const handler = new RecordingHandler({
        onBatch: ({ partition }) => {
          if (partition === 0 && broken) throw new HoldfastError('store_unavailable', 'The store does not answer.');
        },
      });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the report');
      await soon(() => handler.records({ topic, partition: 1 }).length === 10, 'the other partition');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'store_unavailable' } }]);
      broken = false;
      const before = handler.records(at).length;
      handler.subscription?.restart(at);
      await soon(() => handler.records(at).length === before + 10, 'the batch again');
    });

    test('reports an error of the handler that nobody foresaw, with its cause', async () => {
      await pair.sink.append(topic, many(1));
      const cause = new TypeError('oops');
      const handler = new RecordingHandler({
        onBatch: () => {
          throw cause;
        },
      });
      await follow(handler);
      await soon(() => handler.failures.length > 0, 'the report');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'handler_failed', cause } }]);
    });

    test('leaves a partition unread whose start cannot be found out', async () => {
      await pair.sink.append(topic, many(1));
      const handler = new RecordingHandler({
        next: ({ partition }) => {
          if (partition === 0) throw new HoldfastError('claims_rolled_back', 'Claims are behind.');
          return 0n;
        },
      });
      await follow(handler);
      await pair.sink.append(topic, many(1, 0, { partition: 1 }));
      await soon(() => handler.total() === 1 && handler.failures.length > 0, 'the report');
      expect(handler.failures).toMatchObject([{ at, error: { code: 'claims_rolled_back' } }]);
      expect(handler.records(at)).toEqual([]);
    });

    test('stops only after the batch under way, gives every partition back once, and is silent afterwards', async () => {
      const gate = Promise.withResolvers<undefined>();
      const handler = new RecordingHandler({ onBatch: () => gate.promise });
      await pair.sink.append(topic, many(10));
      await follow(handler);
      await soon(() => handler.batches(at).length === 1, 'the first batch');
      let stopped = false;
      const stopping = handler.subscription?.stop().then(() => (stopped = true));
      await pair.sink.append(topic, many(10, 10));
      expect(stopped).toBe(false);
      expect(handler.revokedCalls(at)).toBe(0);
      gate.resolve(undefined);
      await stopping;
      expect([0, 1, 2].map((partition) => handler.revokedCalls({ topic, partition }))).toEqual([1, 1, 1]);
      const calls = handler.order.length;
      handler.subscription?.commit(at, 10n);
      handler.subscription?.restart(at);
      await handler.subscription?.stop();
      expect(handler.order.length).toBe(calls);
      expect(handler.mistakes).toEqual([]);
    });

    test('never reads its own hints: a second subscription starts where its handler says', async () => {
      await pair.sink.append(topic, many(10));
      const first = new RecordingHandler();
      await follow(first);
      await soon(() => first.total() === 10, 'all records');
      first.subscription?.commit(at, 10n);
      await first.subscription?.stop();
      const second = new RecordingHandler();
      await follow(second);
      await soon(() => second.total() === 10, 'all records again');
    });

    test('answers watermarks, partitions and one identity', async () => {
      await pair.sink.append(topic, many(10));
      await pair.trim(at, 4n);
      const source = open();
      expect(await source.watermarks(at)).toEqual({ low: 4n, high: 10n });
      expect(await source.watermarks({ topic, partition: 2 })).toEqual({ low: 0n, high: 0n });
      expect(await source.topics()).toEqual([{ topic, partitions: 3 }]);
      expect(await source.clusterId()).toMatch(/^[\x21-\x7e]+$/);
      expect(await open(`other-${topic}`).clusterId()).toBe(await source.clusterId());
      expect(Array.isArray(await source.warnings())).toBe(true);
    });

    test('refuses a topic that does not exist', async () => {
      const source = pair.source([`${topic}-missing`], 'g-missing');
      opened.push(source);
      await expect(source.topics()).rejects.toMatchObject({ code: 'source_refused' });
      await expect(source.subscribe(new RecordingHandler())).rejects.toMatchObject({ code: 'source_refused' });
    });

    test('keeps the partitions of a topic that exists', async () => {
      await pair.sink.ensureTopic(topic, 7);
      expect(await open().topics()).toEqual([{ topic, partitions: 3 }]);
    });

    test('writes nothing that is not permitted, and goes on afterwards', async () => {
      const refused = new HoldfastError('bad_request', 'not you');
      await expect(pair.sink.append(topic, many(10), () => Promise.reject(refused))).rejects.toBe(refused);
      let asked = 0;
      const placed = await pair.sink.append(topic, many(10, 0, { partition: 1 }), () => {
        asked++;
        return Promise.resolve();
      });
      expect(asked).toBeGreaterThan(0);
      expect(placed.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, i) => BigInt(i)));
      for (const partition of [0, 2]) expect((await open().watermarks({ topic, partition })).high).toBe(0n);
    });

    test('appends to the partition that the key names, as Kafka does, and answers where each record went', async () => {
      const keys = Array.from({ length: 40 }, (_, i) => utf8(`conversation-${i}`));
      const placed = await pair.sink.append(
        topic,
        keys.map((key) => ({ key, value: null, headers: [], timestamp: NOW })),
      );
      expect(placed.map(({ partition }) => partition)).toEqual(keys.map((key) => partitionOfKey(key, 3)));
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.total() === 40, 'all records');
      for (const [i, { partition, offset }] of placed.entries()) {
        const found = handler.records({ topic, partition }).find((one) => one.offset === offset);
        expect([...(found?.key ?? [])]).toEqual([...(keys[i] ?? [])]);
      }
    });

    test('carries a record of 10 MB between small ones', async () => {
      const value = new Uint8Array(10_000_000).map((_, i) => (i * 7) & 255);
      await pair.sink.append(topic, [record('before'), record('', { value }), record('after')]);
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.total() === 3, 'all records');
      const large = handler.records(at)[1]?.value;
      expect(large !== undefined && large !== null && Buffer.from(large.buffer, large.byteOffset, large.byteLength).equals(value)).toBe(true);
    });

    test('keeps batches small when the backlog is large', async () => {
      for (let i = 0; i < 8; i++) await pair.sink.append(topic, many(1500, i * 1500, { value: new Uint8Array(1000) }));
      const handler = new RecordingHandler();
      await follow(handler);
      await soon(() => handler.total() === 12_000, 'the backlog');
      const bytes = ({ records }: RecordBatch) => records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      expect(Math.max(...handler.batches(at).map(bytes))).toBeLessThan(6_000_000);
      expect(handler.records(at).every(({ offset }, i) => offset === BigInt(i))).toBe(true);
    });

    if (shares) {
      test('shares the partitions among the workers of a group and takes them back when one leaves', async () => {
        const next = new Map<number, bigint>();
        const sealed: string[] = [];
        const worker = () =>
          new RecordingHandler({
            next: ({ partition }) => next.get(partition) ?? 0n,
            onBatch: ({ partition }, { records }) => {
              for (const { offset } of records) sealed.push(`${partition}:${offset}`);
              next.set(partition, (records.at(-1)?.offset ?? -1n) + 1n);
            },
          });
        const [a, b] = [worker(), worker()];
        await follow(a);
        await pair.sink.append(
          topic,
          [0, 1, 2].flatMap((partition) => many(10, 0, { partition })),
        );
        await soon(() => sealed.length === 30, 'the first records');
        await follow(b);
        await soon(() => a.owned().length > 0 && b.owned().length > 0 && a.owned().length + b.owned().length === 3, 'both have partitions');
        await pair.sink.append(
          topic,
          [0, 1, 2].flatMap((partition) => many(10, 10, { partition })),
        );
        await soon(() => sealed.length === 60, 'the records of both');
        await b.subscription?.stop();
        await soon(() => a.owned().length === 3, 'the rest is back');
        await pair.sink.append(
          topic,
          [0, 1, 2].flatMap((partition) => many(10, 20, { partition })),
        );
        await soon(() => sealed.length === 90, 'all records');
        expect(new Set(sealed).size).toBe(90);
        expect([...a.mistakes, ...b.mistakes, ...a.failures, ...b.failures]).toEqual([]);
      });
    }
  });
}
