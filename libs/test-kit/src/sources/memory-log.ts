import { randomUUID } from 'node:crypto';
import { HoldfastError, partitionOfKey, type RawRecord } from '@holdfast/record';
import type { NewRecord, RecordSink, TopicPartition, Watermarks } from '@holdfast/ports';

/** The moments at which a fault hook may delay or throw. */
export type SourceStep = 'append' | 'appended' | 'compare' | 'read' | 'topics' | 'watermarks';
export type SourceFault = (step: SourceStep, at: TopicPartition | undefined) => void | Promise<void>;

interface Partition {
  low: bigint;
  high: bigint;
  records: RawRecord[];
  /** Offsets whose bytes no longer match their checksum. */
  readonly damaged: Set<bigint>;
}

/** The member of a group: the log tells it which partitions are its own. */
export interface Member {
  readonly group: string;
  readonly topics: readonly string[];
  own(partitions: readonly TopicPartition[]): Promise<void>;
}

/** A partitioned log in memory, with the misfortunes that real ones meet. */
export class MemoryLog {
  readonly id = randomUUID();
  readonly #topics = new Map<string, Partition[]>();
  readonly #members = new Set<Member>();
  readonly #waiting = new Set<() => void>();
  #rebalance = Promise.resolve();

  create(topic: string, partitions: number): void {
    if (!this.#topics.has(topic)) this.recreate(topic, partitions);
  }

  /** Deletes the topic and makes another, empty one of the same name. */
  recreate(topic: string, partitions: number): void {
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => ({ low: 0n, high: 0n, records: [], damaged: new Set<bigint>() })),
    );
    this.wake();
  }

  /** Retention: everything below `below` goes. */
  trim(at: TopicPartition, below: bigint): void {
    const partition = this.#partition(at);
    partition.records = partition.records.filter(({ offset }) => offset >= below);
    partition.low = below;
    if (partition.high < below) partition.high = below;
  }

  /** Uses up `count` offsets without a record, as a transaction marker does. */
  skip(at: TopicPartition, count: bigint): void {
    this.#partition(at).high += count;
  }

  damage(at: TopicPartition, offset: bigint): void {
    this.#partition(at).damaged.add(offset);
  }

  partitions(topic: string): number {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new HoldfastError('source_refused', `The topic ${topic} does not exist.`);
    return partitions.length;
  }

  watermarks(at: TopicPartition): Watermarks {
    const { low, high } = this.#partition(at);
    return { low, high };
  }

  append(topic: string, index: number, record: NewRecord): bigint {
    const partition = this.#partition({ topic, partition: index });
    const { key, value, headers, timestamp } = record;
    const offset = partition.high++;
    partition.records.push({ offset, timestamp, timestampType: 'create', key, value, headers });
    return offset;
  }

  /** At most `limit` records from `from` on. */
  read(at: TopicPartition, from: bigint, limit: number): readonly RawRecord[] {
    const { records, damaged } = this.#partition(at);
    let low = 0;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((records[middle]?.offset ?? 0n) < from) low = middle + 1;
      else high = middle;
    }
    const found = records.slice(low, low + limit);
    const bad = found.findIndex(({ offset }) => damaged.has(offset));
    if (bad === 0)
      throw new HoldfastError('source_damaged', `${at.topic}/${at.partition}: the record at ${found[0]?.offset} does not match its checksum.`);
    return bad > 0 ? found.slice(0, bad) : found;
  }

  /** Resolves at the next append or change of a topic, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  join(member: Member): Promise<void> {
    this.#members.add(member);
    return this.#share(member.group);
  }

  leave(member: Member): Promise<void> {
    this.#members.delete(member);
    return this.#share(member.group);
  }

  /** Partition i belongs to member i mod n; those that lose some are told first, as in a real group. */
  #share(group: string): Promise<void> {
    this.#rebalance = this.#rebalance.then(async () => {
      const members = [...this.#members].filter((member) => member.group === group);
      const all = [...new Set(members.flatMap(({ topics }) => topics))].flatMap((topic) =>
        Array.from({ length: this.partitions(topic) }, (_, partition) => ({ topic, partition })),
      );
      const shares = members.map((member, index) => ({ member, share: all.filter((_, i) => i % members.length === index) }));
      const before = this.#shares;
      for (const { member, share } of shares) {
        const kept = share.filter((at) => before.get(member)?.some((old) => sameAt(old, at)));
        await member.own(kept);
      }
      for (const { member, share } of shares) {
        before.set(member, share);
        await member.own(share);
      }
    });
    return this.#rebalance;
  }
  readonly #shares = new WeakMap<Member, readonly TopicPartition[]>();

  #partition({ topic, partition }: TopicPartition): Partition {
    const found = this.#topics.get(topic)?.[partition];
    if (found === undefined) throw new HoldfastError('source_refused', `The partition ${topic}/${partition} does not exist.`);
    return found;
  }
}

const sameAt = (a: TopicPartition, b: TopicPartition) => a.topic === b.topic && a.partition === b.partition;

export class MemoryRecordSink implements RecordSink {
  readonly #log: MemoryLog;
  readonly #fault: SourceFault;
  #turn = 0;

  constructor(log: MemoryLog, fault: SourceFault = () => undefined) {
    this.#log = log;
    this.#fault = fault;
  }

  ensureTopic(topic: string, partitions: number): Promise<void> {
    this.#log.create(topic, partitions);
    return Promise.resolve();
  }

  async append(
    topic: string,
    records: readonly NewRecord[],
    permit?: () => Promise<void>,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint }[]> {
    await permit?.();
    await this.#fault('append', undefined);
    const partitions = this.#log.partitions(topic);
    const placed = records.map((record) => {
      const partition = record.partition ?? (record.key === null ? this.#turn++ % partitions : partitionOfKey(record.key, partitions));
      return { partition, offset: this.#log.append(topic, partition, record) };
    });
    this.#log.wake();
    // Thrown here, the records are in the log and the caller does not know it: he appends them again, as a real producer would.
    await this.#fault('appended', undefined);
    return placed;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
