import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/record';
import { SourceLostError, type PartitionHandler, type StartAt, type TopicPartition } from '@holdfast/ports';
import type { SqliteLog } from './sqlite-log.js';

/** Reads one partition of a log file from start to revocation. */
export class SqliteFollower {
  readonly #at: TopicPartition;
  readonly #log: SqliteLog;
  readonly #handler: PartitionHandler;
  readonly #batchBytes: number;
  readonly #retryMs: number;
  readonly #end = new AbortController();
  #next = 0n;
  #running = true;
  #anew = true;
  #run: Promise<void>;
  #woken = Promise.withResolvers<undefined>();

  constructor(at: TopicPartition, log: SqliteLog, handler: PartitionHandler, batchBytes: number, retryMs: number) {
    this.#at = at;
    this.#log = log;
    this.#handler = handler;
    this.#batchBytes = batchBytes;
    this.#retryMs = retryMs;
    this.#run = this.#follow();
  }

  /** Something may have been appended. */
  wake(): void {
    this.#woken.resolve(undefined);
  }

  restart(): void {
    if (this.#isOver()) return;
    if (this.#running) {
      // What the handler took may be lost to it: begin anew where it says, after the step under way.
      this.#anew = true;
      this.wake();
      return;
    }
    this.#running = true;
    this.#run = this.#follow();
  }

  async revoke(): Promise<void> {
    this.#end.abort();
    this.wake();
    await this.#run;
    await this.#handler.revoked(this.#at);
  }

  async #follow(): Promise<void> {
    try {
      // The caller of `subscribe` has its subscription before the first call.
      await turn();
      this.#anew = true;
      await this.#laps();
      this.#running = false;
    } catch (error) {
      // First, so that the handler may ask for a restart at once.
      this.#running = false;
      this.#handler.failed(this.#at, this.#known(error));
    }
  }

  async #laps(): Promise<void> {
    while (!this.#isOver()) {
      if (this.#anew) await this.#begin();
      else await this.#step();
    }
  }

  async #begin(): Promise<void> {
    this.#anew = false;
    const start = await this.#handler.assigned(this.#at);
    this.#next = start.next;
    await this.#compare(start);
  }

  async #step(): Promise<void> {
    // Made before reading: an append in between resolves this one.
    this.#woken = Promise.withResolvers<undefined>();
    const read = await this.#patiently(() => {
      const partition = this.#partition();
      return { records: this.#log.read(this.#at, partition, this.#next, this.#batchBytes), high: partition.high };
    });
    const last = read?.records.at(-1);
    if (read === undefined || last === undefined) {
      if (!this.#isOver()) await this.#woken.promise;
      return;
    }
    if (this.#anew) return;
    await this.#handler.batch(this.#at, { ...read, leaderEpoch: -1 });
    this.#next = last.offset + 1n;
    // Reading is synchronous: let timers and other partitions have their turn.
    await turn();
  }

  async #compare({ last }: StartAt): Promise<void> {
    const found = await this.#patiently(() => {
      const partition = this.#partition();
      const gone = last === undefined || last.offset < partition.low;
      return { partition, record: gone ? undefined : this.#log.read(this.#at, partition, last.offset, 1)[0], gone };
    });
    if (found === undefined || last === undefined) return;
    const { partition, record, gone } = found;
    if (gone) {
      await this.#handler.uncompared(this.#at, { low: partition.low, high: partition.high, leaderEpoch: -1 });
    } else if (record?.offset !== last.offset || !last.same(record)) {
      throw new HoldfastError('source_recreated', `${this.#name()}: the record at ${last.offset} is not the one that was sealed.`);
    }
  }

  /** The partition as it is, if it still is the one that was read so far. */
  #partition() {
    const partition = this.#log.find(this.#at);
    if (partition === undefined || this.#log.replaced()) {
      throw new HoldfastError('source_recreated', `${this.#name()} is gone: the log was deleted or replaced.`);
    }
    if (partition.high < this.#next) {
      throw new HoldfastError('source_recreated', `${this.#name()} ends at ${partition.high}, before ${this.#next}: it was truncated or recreated.`);
    }
    if (partition.low > this.#next) throw new SourceLostError(this.#at.topic, this.#at.partition, this.#next, partition.low);
    return partition;
  }

  /** Waits while the file cannot be read. Undefined when the partition was revoked meanwhile. */
  async #patiently<T>(work: () => T): Promise<T | undefined> {
    let reported = false;
    while (!this.#isOver()) {
      try {
        const result = work();
        if (reported) this.#handler.recovered(this.#at);
        return result;
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'source_unavailable') throw error;
        if (!reported) this.#handler.failed(this.#at, error);
        reported = true;
        await sleep(this.#retryMs);
      }
    }
    return undefined;
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #isOver(): boolean {
    return this.#end.signal.aborted;
  }

  #name(): string {
    return `${this.#at.topic}/${this.#at.partition}`;
  }

  #known(error: unknown): HoldfastError {
    return error instanceof HoldfastError ? error : new HoldfastError('handler_failed', `${this.#name()}: the handler failed.`, { cause: error });
  }
}
