import { setImmediate as turn } from 'node:timers/promises';
import { HoldfastError, TOPIC_NAME, partitionOfKey } from '@holdfast/record';
import type { NewRecord, RecordSink, TopicPartition } from '@holdfast/ports';
import { SqliteLog } from './sqlite-log.js';

/** One transaction is one fsync; larger ones would hold up readers of the same process for too long. */
const RECORDS_PER_TRANSACTION = 8_000;
const BYTES_PER_TRANSACTION = 8 << 20;

/** Appends to a log file; several processes may. An `append` that rejects has appended a beginning of its records, or nothing. */
export class SqliteRecordSink implements RecordSink {
  readonly #log: SqliteLog;
  #turn = 0;

  constructor(path: string) {
    this.#log = new SqliteLog(path);
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    if (!TOPIC_NAME.test(topic) || !Number.isInteger(partitions) || partitions < 1 || partitions > 10_000) {
      throw new HoldfastError(
        'bad_configuration',
        `A topic has a Kafka topic name and 1 to 10,000 partitions; ${JSON.stringify(topic)} with ${partitions} is none.`,
      );
    }
    await turn();
    this.#log.ensureTopic(topic, partitions);
  }

  async append(
    topic: string,
    records: readonly NewRecord[],
    permit?: () => Promise<void>,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint }[]> {
    const partitions = this.#log.partitions(topic);
    if (partitions === 0) throw new HoldfastError('source_refused', `The topic ${topic} does not exist.`);
    const placed: { partition: number; offset: bigint }[] = [];
    while (placed.length < records.length) {
      await permit?.();
      this.#log.transaction(() => {
        this.#appendSome(topic, partitions, records, placed);
      });
      // True now: these records are on disk. A restart would append the others only.
      if (placed.length < records.length) await turn();
    }
    return placed;
  }

  #appendSome(topic: string, partitions: number, records: readonly NewRecord[], placed: { partition: number; offset: bigint }[]): void {
    const ends = new Map<number, { readonly row: NonNullable<ReturnType<SqliteLog['find']>>; high: bigint }>();
    const until = Math.min(records.length, placed.length + RECORDS_PER_TRANSACTION);
    let bytes = 0;
    for (const record of records.slice(placed.length, until)) {
      if (bytes > BYTES_PER_TRANSACTION) break;
      bytes += record.value?.length ?? 0;
      const partition = record.partition ?? (record.key === null ? this.#turn++ % partitions : partitionOfKey(record.key, partitions));
      let end = ends.get(partition);
      if (end === undefined) {
        const row = this.#log.find({ topic, partition });
        if (row === undefined) throw new HoldfastError('source_refused', `The partition ${topic}/${partition} does not exist.`);
        ends.set(partition, (end = { row, high: row.high }));
      }
      this.#log.append(end.row, end.high, record);
      placed.push({ partition, offset: end.high++ });
    }
    for (const { row, high } of ends.values()) this.#log.advance(row, high);
  }

  /** Frees the space of records that are sealed. */
  async trim(at: TopicPartition, below: bigint): Promise<void> {
    await turn();
    this.#log.trim(at, below);
  }

  async close(): Promise<void> {
    await turn();
    this.#log.close();
  }
}
