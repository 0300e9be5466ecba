import kafkajs, { type KafkaConfig } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, partitionOfKey } from '@holdfast/record';
import type { NewRecord, RecordSink } from '@holdfast/ports';
import type { SinkCompression } from './codecs.js';
import { knownError, reasonsOf } from './kafka-errors.js';
import { KafkaLink } from './kafka-link.js';
import { kafkaConfig, type KafkaOptions } from './kafka-options.js';
import { produceRequest } from './produce-protocol.js';
import { encodeBatch } from './record-batch-encoder.js';

export interface KafkaSinkOptions extends KafkaOptions {
  readonly compression?: SinkCompression;
  /** Records of one batch; a larger record goes alone. Brokers accept 1 MiB by default. */
  readonly maxBatchBytes?: number;
  /** Factor of a topic that `ensureTopic` makes. */
  readonly replicationFactor?: number;
  /** How long an append tries before it rejects with `source_unavailable`. */
  readonly giveUpMs?: number;
}

/** Errors of a broker that pass: leaders move, replicas catch up. */
const PASSING = new Set([-1, 3, 5, 6, 7, 8, 9, 13, 19, 20, 56, 74, 75, 76]);
const MESSAGE_TOO_LARGE = 10;
const RECORD_LIST_TOO_LARGE = 18;
const TOPIC_AUTHORIZATION_FAILED = 29;
const DUPLICATE_SEQUENCE = 46;

interface Producer {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Number of the next record, per partition. */
  readonly sequences: Map<string, number>;
}

/**
 * Appends with acks=all as an idempotent producer: a batch that is sent again after a lost answer is recognised by the
 * broker, which answers the offset it got the first time. After an error that ends an `append` nobody knows whether its
 * last batch is in the log; the sink then starts over with a new producer id.
 */
export class KafkaRecordSink implements RecordSink {
  readonly #config: KafkaConfig;
  readonly #link: KafkaLink;
  readonly #compression: SinkCompression;
  readonly #batchBytes: number;
  readonly #replicationFactor: number;
  readonly #giveUpMs: number;
  readonly #partitions = new Map<string, number>();
  #producer: Promise<Producer> | undefined;
  /** Appends are sent one after the other: the broker wants the sequence numbers of a partition in order. */
  #turn: Promise<unknown> = Promise.resolve();
  #next = 0;

  constructor({ compression = 'none', maxBatchBytes = 900_000, replicationFactor = -1, giveUpMs = 60_000, ...options }: KafkaSinkOptions) {
    this.#config = kafkaConfig(options);
    this.#link = new KafkaLink(this.#config, []);
    this.#compression = compression;
    this.#batchBytes = maxBatchBytes;
    this.#replicationFactor = replicationFactor;
    this.#giveUpMs = giveUpMs;
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    const admin = new kafkajs.Kafka(this.#config).admin();
    try {
      await admin.connect();
      // Retention goes by the records' own timestamps: an import of old messages would be deleted before it is sealed.
      const configEntries = [{ name: 'retention.ms', value: '-1' }];
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, replicationFactor: this.#replicationFactor, configEntries }],
        waitForLeaders: false,
      });
    } catch (error) {
      throw knownError(error, 'creating a topic');
    } finally {
      await admin.disconnect();
    }
    this.#partitions.delete(topic);
    // Brokers learn of a new topic and of its leaders one after the other.
    await this.#patiently(async () => {
      const count = await this.#partitionsOf(topic);
      for (let partition = 0; partition < count; partition++) await this.#link.leaderOf({ topic, partition });
    }, true);
  }

  append(
    topic: string,
    records: readonly NewRecord[],
    permit?: () => Promise<void>,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint }[]> {
    const appending = this.#turn.then(() => this.#append(topic, records, permit));
    this.#turn = appending.catch(() => undefined);
    return appending;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#link.close();
  }

  async #append(
    topic: string,
    records: readonly NewRecord[],
    permit: (() => Promise<void>) | undefined,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint }[]> {
    const partitions = await this.#partitionsOf(topic);
    const placed = records.map((record, index) => {
      const partition = record.partition ?? (record.key === null ? this.#next++ % partitions : partitionOfKey(record.key, partitions));
      if (partition >= partitions) throw new HoldfastError('source_refused', `The partition ${topic}/${partition} does not exist.`);
      return { record, partition, index };
    });
    const offsets: { partition: number; offset: bigint }[] = [];
    await Promise.all(
      [...Map.groupBy(placed, ({ partition }) => partition)].map(async ([partition, mine]) => {
        for (const batch of this.#cut(mine)) {
          const base = await this.#send(
            topic,
            partition,
            batch.map(({ record }) => record),
            permit,
          );
          for (const [i, { index }] of batch.entries()) offsets[index] = { partition, offset: base + BigInt(i) };
        }
      }),
    );
    return offsets;
  }

  *#cut<T extends { readonly record: NewRecord }>(records: readonly T[]): Generator<readonly T[]> {
    let batch: T[] = [];
    let bytes = 0;
    for (const one of records) {
      const { key, value, headers } = one.record;
      // 40 bytes cover lengths, deltas and the count of headers.
      let size = 40 + (key?.length ?? 0) + (value?.length ?? 0);
      for (const header of headers) size += 10 + header.key.length + (header.value?.length ?? 0);
      if (batch.length > 0 && bytes + size > this.#batchBytes) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(one);
      bytes += size;
    }
    if (batch.length > 0) yield batch;
  }

  async #send(topic: string, partition: number, records: readonly NewRecord[], permit: (() => Promise<void>) | undefined): Promise<bigint> {
    const name = `${topic}/${partition}`;
    try {
      const producer = await this.#patiently(() => this.#identity());
      const sequence = producer.sequences.get(name) ?? 0;
      const batch = await encodeBatch(records, this.#compression, { ...producer, sequence });
      return await this.#patiently(async () => {
        const leader = await this.#link.leaderOf({ topic, partition });
        // The last thing before the request: what was allowed a minute ago may not be now.
        await permit?.();
        const { error, baseOffset } = await this.#link.send(leader, produceRequest(topic, partition, batch, 30_000));
        if (error !== 0) throw refusal(name, error);
        // Numbers run to 2^31 - 1 and start at 0 again.
        producer.sequences.set(name, (sequence + records.length) % 2 ** 31);
        return baseOffset;
      });
    } catch (error) {
      this.#producer = undefined;
      throw knownError(error, 'appending');
    }
  }

  /** Retries what passes until it is time to give up; `unknown` also waits for a topic to be known. */
  async #patiently<T>(work: () => Promise<T>, unknown = false): Promise<T> {
    const end = Date.now() + this.#giveUpMs;
    for (let wait = 50; ; wait = Math.min(wait * 2, 1000)) {
      try {
        return await work();
      } catch (error) {
        const failure = knownError(error, 'appending');
        const passes = failure.code === 'source_unavailable' || (unknown && reasonsOf(failure.cause).includes('UNKNOWN_TOPIC_OR_PARTITION'));
        if (!passes || Date.now() > end) throw failure;
      }
      await sleep(wait);
      await this.#refreshed();
    }
  }

  async #refreshed(): Promise<void> {
    try {
      await this.#link.refresh();
    } catch (error) {
      // The next attempt fails the same way until a broker is back, and its error is the one that is thrown.
      if (!(error instanceof HoldfastError) || error.code !== 'source_unavailable') throw error;
    }
  }

  #identity(): Promise<Producer> {
    const identity = (this.#producer ??= this.#link.producerId().then((id) => ({ ...id, sequences: new Map<string, number>() })));
    identity.catch(() => {
      if (this.#producer === identity) this.#producer = undefined;
    });
    return identity;
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic);
    if (known !== undefined) return known;
    try {
      const partitions = await this.#link.partitions(topic);
      this.#partitions.set(topic, partitions);
      return partitions;
    } catch (error) {
      if (reasonsOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION'))
        throw new HoldfastError('source_refused', `The topic ${topic} does not exist.`, { cause: error });
      throw error;
    }
  }
}

function refusal(name: string, error: number): HoldfastError {
  if (PASSING.has(error)) return new HoldfastError('source_unavailable', `${name}: the broker answers with error ${error}.`);
  if (error === MESSAGE_TOO_LARGE || error === RECORD_LIST_TOO_LARGE) {
    return new HoldfastError('source_refused', `${name}: a record is larger than the broker accepts (max.message.bytes).`);
  }
  if (error === TOPIC_AUTHORIZATION_FAILED) return new HoldfastError('source_refused', `${name}: the broker does not allow this client to write.`);
  if (error === DUPLICATE_SEQUENCE) return new HoldfastError('source_refused', `${name}: the broker has this batch already but forgot its offset.`);
  return new HoldfastError('source_refused', `${name}: the broker refuses the batch with error ${error}.`);
}
