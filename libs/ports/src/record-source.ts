import type { HoldfastError, RawHeader, RawRecord } from '@holdfast/record';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** First offset that the log still holds and the offset after its last record. */
export interface Watermarks {
  readonly low: bigint;
  readonly high: bigint;
}

/** A stretch of one partition, in log order. */
export interface RecordBatch {
  /** Never empty; offsets strictly rise, all >= the offset expected. Holes (compaction, transaction markers) are simply absent. */
  readonly records: readonly RawRecord[];
  /** High watermark known with this batch. */
  readonly high: bigint;
  /** Leader epoch of the newest record where the log has one (Kafka), else -1. */
  readonly leaderEpoch: number;
}

/** Where to start on a partition. */
export interface StartAt {
  /** The first offset that is not sealed. */
  readonly next: bigint;
  /**
   * The last sealed record, when there is one: the source reads it again and asks `same`, to notice a log that was
   * recreated or truncated and refilled. When retention has removed it but `low <= next`, nothing is lost: the source
   * starts at `next` and says so with `uncompared`.
   */
  readonly last?: { readonly offset: bigint; same(record: RawRecord): boolean };
}

/** Why a partition was started without comparing its last sealed record. */
export interface Uncompared extends Watermarks {
  readonly leaderEpoch: number;
}

/** What a worker does with the partitions it is given. One call at a time per partition; partitions run concurrently. */
export interface PartitionHandler {
  /** A partition was assigned. A rejected promise leaves it unread and is reported to `failed`. */
  assigned(at: TopicPartition): Promise<StartAt>;
  /**
   * The record to compare with was gone by retention: `StartAt.last`, before the first batch; or, after a change of
   * leader or connection, the last record handed over, before the batch that follows.
   */
  uncompared(at: TopicPartition, facts: Uncompared): Promise<void>;
  /**
   * Takes records; they need not be durable when it resolves. The source hands over nothing more of this partition before
   * (that is the back-pressure). A rejection stops the partition and is reported to `failed` (an error that is not a
   * HoldfastError: as `handler_failed`, with the error as its cause).
   */
  batch(at: TopicPartition, batch: RecordBatch): Promise<void>;
  /**
   * The partition goes to another worker or the source stops; no call for it follows until it is assigned again. Called
   * after the `batch` under way has ended, also for a partition that is stopped. It may come late (a worker that lost its
   * membership learns it afterwards): another worker may already read the same records, and only the claim decides.
   */
  revoked(at: TopicPartition): Promise<void>;
  /**
   * A partition (or, without `at`, the source as a whole) cannot go on. Codes: `source_lost` (records below the low
   * watermark were never sealed; a `SourceLostError` that names the range), `source_recreated` (another log under the same name: truncated, recreated, or its last
   * sealed record differs), `source_damaged` (checksum), `source_refused` (set-up), `source_unavailable` (it waits and
   * retries by itself; reported for health). Except for `source_unavailable` the partition stays stopped.
   */
  failed(at: TopicPartition | undefined, error: HoldfastError): void;
  /** A partition that was reported `source_unavailable` flows again. */
  recovered(at: TopicPartition | undefined): void;
}

/** A running subscription. */
export interface Subscription {
  /** Hint for other tools: the worker has sealed everything below `next`. Never read back. Never throws. */
  commit(at: TopicPartition, next: bigint): void;
  /**
   * Starts a partition anew (after `accept-gap`, `new-epoch`, a transient failure, or a commit that failed while no batch
   * was under way): `assigned` is asked again, after the `batch` under way has ended, also when the partition runs; no batch
   * begins in between. Another worker's partition is left alone.
   */
  restart(at: TopicPartition): void;
  /** Stops intake, waits for `batch` calls under way, calls `revoked`, closes. */
  stop(): Promise<void>;
}

/**
 * A partitioned log that is read in order. Shares partitions among the workers of one group, but nobody relies on that
 * for exactness: the claim fences zombies.
 * Promise: after `assigned` answered `next`, `batch` receives every record that the log holds at or above `next`, in
 * order, once each per assignment, byte for byte, or `failed` is called. It never skips in silence.
 */
export interface RecordSource {
  /** Identity of the log: Kafka cluster id, embedded: random log id. */
  clusterId(): Promise<string>;
  /** Partition counts of the configured topics. @throws HoldfastError `source_refused` for a compacted or unknown topic */
  topics(): Promise<readonly { readonly topic: string; readonly partitions: number }[]>;
  watermarks(at: TopicPartition): Promise<Watermarks>;
  /** Settings of the topics that endanger what they carry (retention too short, unclean election …), one sentence each. */
  warnings(): Promise<readonly string[]>;
  subscribe(handler: PartitionHandler): Promise<Subscription>;
  close(): Promise<void>;
}

/** A record to be appended. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RawHeader[];
  /** Milliseconds since 1970 UTC. */
  readonly timestamp: bigint;
  /** Without it the partition follows from the key by murmur2 as Kafka's default partitioner does (no key: any). */
  readonly partition?: number;
}

/** Where producers of ours (importers, generator) write. */
export interface RecordSink {
  /** Creates the topic when it is missing; an existing one keeps its partitions. */
  ensureTopic(topic: string, partitions: number): Promise<void>;
  /**
   * Appends in order; resolves when all are durable (acks=all). Answers partition and offset of each, in order. `permit` is
   * asked immediately before each write, repeats included: when it rejects, nothing more is written and `append` rejects
   * with its error; what was written before is, or may be, in the log.
   */
  append(
    topic: string,
    records: readonly NewRecord[],
    permit?: () => Promise<void>,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint }[]>;
  close(): Promise<void>;
}
