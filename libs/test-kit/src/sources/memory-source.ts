import { HoldfastError, kindOf, type RawRecord } from '@holdfast/record';
import {
  SourceLostError,
  type PartitionHandler,
  type RecordSource,
  type StartAt,
  type Subscription,
  type TopicPartition,
  type Watermarks,
} from '@holdfast/ports';
import type { Member, MemoryLog, SourceFault } from './memory-log.js';

export interface MemorySourceOptions {
  /** Workers of one group share the partitions; a worker of another group is what a zombie looks like. */
  readonly group?: string;
  readonly batchRecords?: number;
  /** Throwing `source_unavailable` makes the source wait and try again. */
  readonly fault?: SourceFault;
}

/**
 * The fake of `RecordSource`. It checks its caller: a commit of records that were not delivered, a start beyond the last
 * compared record and the like are found, and `stop` throws them.
 */
export class MemoryRecordSource implements RecordSource {
  readonly #log: MemoryLog;
  readonly #topics: readonly string[];
  readonly #group: string;
  readonly #limit: number;
  readonly #fault: SourceFault;
  readonly #open = new Set<MemorySubscription>();

  constructor(
    log: MemoryLog,
    topics: readonly string[],
    { group = 'workers', batchRecords = 500, fault = () => undefined }: MemorySourceOptions = {},
  ) {
    this.#log = log;
    this.#topics = topics;
    this.#group = group;
    this.#limit = batchRecords;
    this.#fault = fault;
  }

  clusterId(): Promise<string> {
    return Promise.resolve(this.#log.id);
  }

  async topics(): Promise<readonly { readonly topic: string; readonly partitions: number }[]> {
    await this.#fault('topics', undefined);
    return this.#topics.map((topic) => ({ topic, partitions: this.#log.partitions(topic) }));
  }

  async watermarks(at: TopicPartition): Promise<Watermarks> {
    await this.#fault('watermarks', at);
    return this.#log.watermarks(at);
  }

  warnings(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async subscribe(handler: PartitionHandler): Promise<Subscription> {
    await this.topics();
    const subscription = new MemorySubscription(this.#log, this.#group, this.#topics, this.#limit, this.#fault, handler);
    this.#open.add(subscription);
    await this.#log.join(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    for (const subscription of this.#open) await subscription.stop();
    this.#open.clear();
  }
}

class MemorySubscription implements Subscription, Member {
  readonly group: string;
  readonly topics: readonly string[];
  readonly #log: MemoryLog;
  readonly #limit: number;
  readonly #fault: SourceFault;
  readonly #handler: PartitionHandler;
  readonly #owned = new Map<string, Follower>();
  readonly #mistakes: string[] = [];
  #stopped: Promise<void> | undefined;

  constructor(log: MemoryLog, group: string, topics: readonly string[], limit: number, fault: SourceFault, handler: PartitionHandler) {
    this.#log = log;
    this.group = group;
    this.topics = topics;
    this.#limit = limit;
    this.#fault = fault;
    this.#handler = handler;
  }

  async own(partitions: readonly TopicPartition[]): Promise<void> {
    const wanted = new Map(partitions.map((at) => [`${at.topic}/${at.partition}`, at]));
    for (const [name, follower] of this.#owned) {
      if (wanted.has(name)) continue;
      this.#owned.delete(name);
      await follower.revoke();
    }
    for (const [name, at] of wanted) {
      if (!this.#owned.has(name)) this.#owned.set(name, new Follower(at, this.#log, this.#limit, this.#fault, this.#handler, this.#mistakes));
    }
  }

  commit(at: TopicPartition, next: bigint): void {
    const follower = this.#owned.get(`${at.topic}/${at.partition}`);
    // A commit after the partition was revoked is a late hint, not a mistake.
    if (follower !== undefined && next > follower.handedOver) {
      this.#mistakes.push(`commit(${at.topic}/${at.partition}, ${next}) but only ${follower.handedOver} was delivered`);
    }
  }

  restart(at: TopicPartition): void {
    this.#owned.get(`${at.topic}/${at.partition}`)?.restart();
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await Promise.all([...this.#owned.values()].map((follower) => follower.revoke()));
      this.#owned.clear();
      await this.#log.leave(this);
      if (this.#mistakes.length > 0) throw new Error(`the caller of the record source broke its contract: ${this.#mistakes.join('; ')}`);
    })();
    return this.#stopped;
  }
}

/** Reads one partition for as long as this worker has it. */
class Follower {
  /** Offset after the last record handed over. */
  delivered = 0n;
  /** Highest offset that may be committed: the batch under way counts, and while it starts a handler may seal a loss. */
  handedOver = 0n;
  readonly #at: TopicPartition;
  readonly #log: MemoryLog;
  readonly #limit: number;
  readonly #fault: SourceFault;
  readonly #handler: PartitionHandler;
  readonly #mistakes: string[];
  readonly #end = new AbortController();
  #running = true;
  #anew = true;
  #run: Promise<void>;

  constructor(at: TopicPartition, log: MemoryLog, limit: number, fault: SourceFault, handler: PartitionHandler, mistakes: string[]) {
    this.#at = at;
    this.#log = log;
    this.#limit = limit;
    this.#fault = fault;
    this.#handler = handler;
    this.#mistakes = mistakes;
    this.#run = this.#follow();
  }

  restart(): void {
    if (this.#isOver()) return;
    this.#anew = true;
    if (this.#running) {
      this.#log.wake();
      return;
    }
    this.#running = true;
    this.#run = this.#follow();
  }

  async revoke(): Promise<void> {
    this.#end.abort();
    await this.#run;
    await this.#handler.revoked(this.#at);
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#isOver()) {
        if (this.#anew) await this.#begin();
        else await this.#step();
      }
      this.#running = false;
    } catch (error) {
      this.#running = false;
      if (!this.#isOver() || kindOf(error) === 'integrity') this.#handler.failed(this.#at, known(this.#at, error));
    }
  }

  async #begin(): Promise<void> {
    this.#anew = false;
    const at = this.#at;
    const before = this.handedOver;
    this.handedOver = this.#log.watermarks(at).high;
    const start = await this.#handler.assigned(at);
    this.handedOver = before > start.next ? before : start.next;
    if (start.last !== undefined && start.last.offset >= start.next) {
      this.#mistakes.push(`${at.topic}/${at.partition}: last ${start.last.offset} is not below next ${start.next}`);
    }
    if (this.#isOver()) return;
    this.delivered = start.next;
    await this.#retrying('watermarks', () => {
      this.#check();
    });
    await this.#compare(start);
  }

  async #step(): Promise<void> {
    const changed = this.#log.changed(this.#end.signal);
    const records = await this.#retrying('read', () => {
      this.#check();
      return this.#log.read(this.#at, this.delivered, this.#limit);
    });
    if (this.#anew) return;
    const last = records?.at(-1);
    if (records === undefined || last === undefined) {
      await changed;
      return;
    }
    this.handedOver = last.offset + 1n;
    await this.#handler.batch(this.#at, { records, high: this.#log.watermarks(this.#at).high, leaderEpoch: -1 });
    this.delivered = last.offset + 1n;
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #isOver(): boolean {
    return this.#end.signal.aborted;
  }

  #check(): void {
    const { topic, partition } = this.#at;
    const { low, high } = this.#log.watermarks(this.#at);
    if (high < this.delivered) {
      throw new HoldfastError('source_recreated', `${topic}/${partition} ends at ${high}, before ${this.delivered}: it was truncated or recreated.`);
    }
    if (low > this.delivered) throw new SourceLostError(topic, partition, this.delivered, low);
  }

  async #compare({ last }: StartAt): Promise<void> {
    if (last === undefined) return;
    const { topic, partition } = this.#at;
    const marks = this.#log.watermarks(this.#at);
    if (last.offset < marks.low) {
      await this.#handler.uncompared(this.#at, { ...marks, leaderEpoch: -1 });
      return;
    }
    const found: readonly RawRecord[] | undefined = await this.#retrying('compare', () => this.#log.read(this.#at, last.offset, 1));
    if (found === undefined) return;
    const [record] = found;
    if (record?.offset !== last.offset || !last.same(record)) {
      throw new HoldfastError('source_recreated', `${topic}/${partition}: the record at ${last.offset} is not the one that was sealed.`);
    }
  }

  /** Undefined when the partition was revoked meanwhile. */
  async #retrying<T>(step: 'compare' | 'read' | 'watermarks', work: () => T): Promise<T | undefined> {
    let reported = false;
    while (!this.#isOver()) {
      try {
        await this.#fault(step, this.#at);
        const result = work();
        if (reported) this.#handler.recovered(this.#at);
        return result;
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'source_unavailable') throw error;
        if (!reported) this.#handler.failed(this.#at, error);
        reported = true;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return undefined;
  }
}

function known({ topic, partition }: TopicPartition, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError('handler_failed', `${topic}/${partition}: the handler failed.`, { cause: error });
}
