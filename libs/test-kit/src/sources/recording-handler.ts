import { setTimeout as sleep } from 'node:timers/promises';
import type { HoldfastError, RawRecord } from '@holdfast/record';
import type { PartitionHandler, RecordBatch, StartAt, Subscription, TopicPartition, Uncompared } from '@holdfast/ports';

export interface RecordingOptions {
  next?(at: TopicPartition): bigint;
  /** Text of the record before `next`, to be compared. */
  last?(at: TopicPartition): string | undefined;
  onBatch?(at: TopicPartition, batch: RecordBatch): unknown;
}

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

/** A handler that remembers what it was told and notices calls that the port forbids. */
export class RecordingHandler implements PartitionHandler {
  subscription: Subscription | undefined;
  readonly order: string[] = [];
  readonly failures: { readonly at: TopicPartition | undefined; readonly error: HoldfastError }[] = [];
  readonly recoveries: (TopicPartition | undefined)[] = [];
  readonly uncomparedCalls: { readonly at: TopicPartition; readonly facts: Uncompared }[] = [];
  readonly compared: { readonly offset: bigint; readonly text: string }[] = [];
  /** What the source did against its contract. */
  readonly mistakes: string[] = [];
  readonly #options: RecordingOptions;
  readonly #batches = new Map<string, RecordBatch[]>();
  readonly #assigned = new Map<string, number>();
  readonly #revoked = new Map<string, number>();
  readonly #owned = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #expected = new Map<string, bigint>();
  #total = 0;

  constructor(options: RecordingOptions = {}) {
    this.#options = options;
  }

  async assigned(at: TopicPartition): Promise<StartAt> {
    const name = nameOf(at);
    this.order.push('assigned');
    this.#assigned.set(name, this.assignedCalls(at) + 1);
    this.#owned.add(name);
    await Promise.resolve();
    const next = this.#options.next?.(at) ?? 0n;
    this.#expected.set(name, next);
    const last = this.#options.last?.(at);
    if (last === undefined || next === 0n) return { next };
    const same = ({ offset, value }: RawRecord) => {
      const text = new TextDecoder().decode(value ?? new Uint8Array());
      this.compared.push({ offset, text });
      return text === last;
    };
    return { next, last: { offset: next - 1n, same } };
  }

  uncompared(at: TopicPartition, facts: Uncompared): Promise<void> {
    this.order.push('uncompared');
    this.uncomparedCalls.push({ at, facts });
    return Promise.resolve();
  }

  async batch(at: TopicPartition, batch: RecordBatch): Promise<void> {
    const name = nameOf(at);
    this.order.push('batch');
    if (!this.#owned.has(name)) this.mistakes.push(`a batch of ${name}, which is not assigned`);
    if (this.#busy.has(name)) this.mistakes.push(`a second batch of ${name} while the first is handled`);
    if (batch.records.length === 0) this.mistakes.push(`an empty batch of ${name}`);
    let expected = this.#expected.get(name) ?? 0n;
    for (const { offset } of batch.records) {
      if (offset < expected) this.mistakes.push(`offset ${offset} of ${name}, expected ${expected} or more`);
      expected = offset + 1n;
    }
    this.#busy.add(name);
    const batches = this.#batches.get(name) ?? [];
    batches.push(batch);
    this.#batches.set(name, batches);
    this.#total += batch.records.length;
    try {
      await this.#options.onBatch?.(at, batch);
      this.#expected.set(name, expected);
    } finally {
      this.#busy.delete(name);
    }
  }

  revoked(at: TopicPartition): Promise<void> {
    const name = nameOf(at);
    this.order.push('revoked');
    if (!this.#owned.has(name)) this.mistakes.push(`${name} revoked, which is not assigned`);
    if (this.#busy.has(name)) this.mistakes.push(`${name} revoked while a batch is handled`);
    this.#owned.delete(name);
    this.#revoked.set(name, this.revokedCalls(at) + 1);
    return Promise.resolve();
  }

  failed(at: TopicPartition | undefined, error: HoldfastError): void {
    this.failures.push({ at, error });
  }

  recovered(at: TopicPartition | undefined): void {
    this.recoveries.push(at);
  }

  batches(at: TopicPartition): readonly RecordBatch[] {
    return this.#batches.get(nameOf(at)) ?? [];
  }

  records(at: TopicPartition): readonly RawRecord[] {
    return this.batches(at).flatMap(({ records }) => records);
  }

  texts(at: TopicPartition): readonly string[] {
    return this.records(at).map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array()));
  }

  total(): number {
    return this.#total;
  }

  failuresOf(code: string) {
    return this.failures.filter(({ error }) => error.code === code);
  }

  assignedCalls(at: TopicPartition): number {
    return this.#assigned.get(nameOf(at)) ?? 0;
  }

  revokedCalls(at: TopicPartition): number {
    return this.#revoked.get(nameOf(at)) ?? 0;
  }

  owned(): readonly string[] {
    return [...this.#owned];
  }
}

/** Waits until `condition` holds; fails with `what` when it does not in time. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string, patienceMs: number): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await sleep(5);
  }
}
