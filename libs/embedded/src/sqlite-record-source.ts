import { setImmediate as turn } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/record';
import type { PartitionHandler, RecordSource, Subscription, TopicPartition, Watermarks } from '@holdfast/ports';
import { SqliteFollower } from './sqlite-follower.js';
import { SqliteLog } from './sqlite-log.js';

export interface SqliteSourceOptions {
  readonly path: string;
  readonly topics: readonly string[];
  /** A batch ends with the record that reaches this. */
  readonly batchBytes?: number;
  /** How often to look whether another process has appended. */
  readonly pollMs?: number;
}

/**
 * Reads a log file. Every subscription gets every partition: one archive on one machine has one ingest process, and a
 * second one started by mistake is fenced by the claims like any zombie.
 */
export class SqliteRecordSource implements RecordSource {
  readonly #log: SqliteLog;
  readonly #topics: readonly string[];
  readonly #batchBytes: number;
  readonly #pollMs: number;
  readonly #open = new Set<SqliteSubscription>();

  constructor({ path, topics, batchBytes = 1 << 20, pollMs = 50 }: SqliteSourceOptions) {
    this.#log = new SqliteLog(path);
    this.#topics = topics;
    this.#batchBytes = batchBytes;
    this.#pollMs = pollMs;
  }

  async clusterId(): Promise<string> {
    await turn();
    return this.#log.id();
  }

  async topics(): Promise<readonly { readonly topic: string; readonly partitions: number }[]> {
    await turn();
    return this.#topics.map((topic) => {
      const partitions = this.#log.partitions(topic);
      if (partitions === 0) throw new HoldfastError('source_refused', `The topic ${topic} does not exist.`);
      return { topic, partitions };
    });
  }

  async watermarks(at: TopicPartition): Promise<Watermarks> {
    await turn();
    const found = this.#log.find(at);
    if (found === undefined) throw new HoldfastError('source_refused', `The partition ${at.topic}/${at.partition} does not exist.`);
    return { low: found.low, high: found.high };
  }

  /** None: nothing but `trim` removes records here. */
  warnings(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async subscribe(handler: PartitionHandler): Promise<Subscription> {
    const topics = await this.topics();
    const partitions = topics.flatMap(({ topic, partitions: count }) => Array.from({ length: count }, (_, partition) => ({ topic, partition })));
    const subscription = new SqliteSubscription(this.#log, partitions, handler, this.#batchBytes, this.#pollMs);
    this.#open.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    for (const subscription of this.#open) await subscription.stop();
    this.#open.clear();
    this.#log.close();
  }
}

class SqliteSubscription implements Subscription {
  readonly #followers: ReadonlyMap<string, SqliteFollower>;
  readonly #timer: NodeJS.Timeout;
  #stopped: Promise<void> | undefined;

  constructor(log: SqliteLog, partitions: readonly TopicPartition[], handler: PartitionHandler, batchBytes: number, pollMs: number) {
    this.#followers = new Map(partitions.map((at) => [nameOf(at), new SqliteFollower(at, log, handler, batchBytes, pollMs)]));
    let version: bigint | undefined;
    let looked = Date.now();
    // SQLite has no notice across processes; asking for data_version reads one word of shared memory.
    this.#timer = setInterval(() => {
      let now: bigint | undefined;
      try {
        now = log.version();
      } catch {
        // The followers meet the same fault when they read, and report it for their partition.
        now = undefined;
      }
      const due = Date.now() - looked >= 1000;
      if (now === version && now !== undefined && !due) return;
      version = now;
      looked = Date.now();
      for (const follower of this.#followers.values()) follower.wake();
    }, pollMs);
  }

  /** Nobody would read the hint: the embedded profile shows its position itself. */
  commit(): void {
    return undefined;
  }

  restart(at: TopicPartition): void {
    this.#followers.get(nameOf(at))?.restart();
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await Promise.all([...this.#followers.values()].map((follower) => follower.revoke()));
      clearInterval(this.#timer);
    })();
    return this.#stopped;
  }
}

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;
