/*
 * The longest file of this library on purpose: one partition's way from batches to commits, with its crash windows in
 * one place. Everything that can be looked at alone lives beside it (classify, budget, epochs, comparison).
 */
import { HoldfastError, kindOf } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import type { RecordBatch, StartAt, TopicPartition, Uncompared } from '@holdfast/ports';
import { SegmentBuilder, dayOf } from '@holdfast/seal';
import type { Cohort, ObjectSecret } from '@holdfast/seal';
import { ChainWriter, pause, readCommitted, readHead } from '@holdfast/vault';
import type {
  Archive,
  CheckedClock,
  DataKey,
  DataKeys,
  GovernanceLog,
  SegmentExtras,
  SegmentReader,
  StagedSegment,
  WriterRules,
} from '@holdfast/vault';
import type { ByteBudget } from './byte-budget.js';
import { Classifier } from './classify.js';
import { openChain } from './epochs.js';
import type { SealLimits } from './limits.js';
import { compareWithWinner, lastSealed } from './sealed-records.js';

/** What a partition's sealer shares with its worker. */
export interface SealTools {
  readonly archive: Archive;
  readonly clock: CheckedClock;
  readonly governance: GovernanceLog;
  readonly dataKeys: DataKeys;
  readonly reader: SegmentReader;
  readonly budget: ByteBudget;
  readonly limits: SealLimits;
  readonly sourceName: string;
  /** Identity of the log. */
  readonly cluster: string;
  /** First offset that the log still holds. */
  readonly low: (at: TopicPartition) => Promise<bigint>;
}

/** What the worker hears from a partition. */
export interface SealObserver {
  committed(
    at: TopicPartition,
    chain: string,
    facts: { readonly seq: number; readonly next: bigint; readonly records: number; readonly bytes: number },
  ): void;
  /** A transient fault: it is being retried. */
  waiting(at: TopicPartition, error: HoldfastError): void;
  flowing(at: TopicPartition): void;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** Lost claims at one number after which it is reported as contended. */
const CONTENDED_AFTER = 3;
const DAY_MS = 86_400_000;
/** How long after midnight (UTC) an idle day is closed. */
const IDLE_DAY_MS = 10 * 60_000;
/** Bytes of records in one segment, whatever the limits say. */
const LARGEST_BYTES = 48 * 1024 * 1024;

interface OpenSegment {
  readonly builder: SegmentBuilder;
  readonly seq: number;
  readonly rules: WriterRules;
  /** The checked clock of its classifier. */
  readonly clock: Date;
  readonly classifier: Classifier;
  readonly keys: Map<string, DataKey>;
  /** When its first record came. */
  openedAt: number;
  bytes: number;
}

/** Seals one partition while it is assigned to this worker. Calls of `add`, `closeIfOld` and `finish` never overlap a commit order. */
export class PartitionSealer {
  readonly #tools: SealTools;
  readonly #at: TopicPartition;
  readonly #observer: SealObserver;
  readonly #abort = new AbortController();
  #writer: ChainWriter | undefined;
  /** Once `start` seals nothing itself any more. */
  #started = false;
  #chain = '';
  #open: OpenSegment | undefined;
  #opening: Promise<OpenSegment> | undefined;
  #nextSeq = 0;
  #nextOffset = 0n;
  #leaderEpoch = -1;
  #sealedLeaderEpoch: number | undefined;
  #uncompared: Uncompared | undefined;
  #inFlight = 0;
  #slots: (() => void)[] = [];
  /** Commits go strictly one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** High watermark minus next offset, as of the last batch. */
  lag = 0n;
  /** When the last batch came, milliseconds since 1970. */
  lastReceived = 0;

  constructor(tools: SealTools, at: TopicPartition, observer: SealObserver) {
    this.#tools = tools;
    this.#at = at;
    this.#observer = observer;
  }

  /** The offset after the last record taken. */
  get next(): bigint {
    return this.#nextOffset;
  }

  /** The offset after the last committed record or accepted loss. */
  get sealed(): bigint {
    return this.#writer?.nextOffset ?? -1n;
  }

  get chain(): string {
    return this.#chain;
  }

  /** Why this partition cannot go on, once it cannot. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Finds out from the vault where to go on. Kafka's own offsets are never asked (invariant I2). */
  async start(): Promise<StartAt> {
    const { archive, governance, reader, sourceName, cluster } = this.#tools;
    return this.#patiently(async () => {
      await governance.refresh();
      await this.#closeOldEpochs();
      const registered = await openChain(archive, governance, sourceName, this.#at, cluster);
      this.#chain = registered.chain;
      const head = await readHead(archive, this.#chain, governance.keys, 0, governance.log);
      this.#writer = new ChainWriter(archive, this.#tools.clock, this.#chain, head);
      this.#nextSeq = head.seqs;
      this.#nextOffset = this.#writer.nextOffset;
      this.#sealedLeaderEpoch = head.last?.manifest.source?.leaderEpoch;
      // The last writer may have obeyed a newer head of gov than the one read above.
      await governance.refresh();
      await this.#sealAcceptedGap();
      const last = await lastSealed(archive, reader, governance.keys, this.#chain, this.#writer.head.last);
      this.#started = true;
      return { next: this.#nextOffset, ...(last !== undefined && { last }) };
    });
  }

  noteUncompared(facts: Uncompared): void {
    this.#uncompared = facts;
  }

  /** Takes a batch into the open segment; waits while too much is in flight. @throws whatever stopped this partition */
  async add(batch: RecordBatch, makeRoom: () => void): Promise<void> {
    this.#leaderEpoch = batch.leaderEpoch;
    this.lastReceived = Date.now();
    for (let i = 0; i < batch.records.length; i++) {
      const record = batch.records[i];
      if (record === undefined) break;
      this.#throwIfFailed();
      // Redelivery after a rebalance is harmless: what is sealed is not sealed again.
      if (record.offset < this.#nextOffset) continue;
      const open = this.#open ?? (await this.#openSegment());
      const size = sizeOf(record);
      // An object holds 64 MiB: a large record that fits alone must not be refused because of what lies before it.
      if (open.builder.records > 0 && open.bytes + size > LARGEST_BYTES) {
        this.#close();
        i--;
        continue;
      }
      const { cohort } = open.classifier.classify(record);
      const name = `${cohort.className}/${cohort.period}`;
      // Times that senders choose spread records over cohorts: a manifest must still be able to name them all.
      if (!open.keys.has(name) && open.builder.objects >= this.#tools.limits.segmentObjects) {
        this.#close();
        i--;
        continue;
      }
      if (!open.keys.has(name)) open.keys.set(name, await this.#patiently(() => this.#tools.dataKeys.current(this.#chain, cohort)));
      // Age, or a partition in need of room, may have closed the segment during a wait: a record put into it now would be
      // sealed nowhere. It goes into the next one.
      if (this.#open !== open) {
        i--;
        continue;
      }
      if (open.builder.records === 0) open.openedAt = Date.now();
      open.builder.add(record, cohort, (wanted) => this.#secret(open, wanted));
      open.bytes += size;
      this.#tools.budget.take(size);
      this.#nextOffset = record.offset + 1n;
      if (open.bytes >= this.#tools.limits.segmentBytes || open.builder.records >= this.#tools.limits.segmentRecords) this.#close();
      while (this.#inFlight >= this.#tools.limits.segmentsInFlight) {
        await this.#unlessAbandoned(this.#slot());
        this.#throwIfFailed();
      }
      while (this.#tools.budget.exhausted) {
        makeRoom();
        await this.#unlessAbandoned(this.#tools.budget.room());
        this.#throwIfFailed();
      }
    }
    this.lag = batch.high - this.#nextOffset;
    this.#throwIfFailed();
  }

  /** Closes the open segment when it is older than `ageMs`. */
  closeIfOld(ageMs: number, now: number): void {
    // An empty one is being opened, or waits for a key.
    if (this.#open !== undefined && this.#open.builder.records > 0 && now - this.#open.openedAt >= ageMs) this.#close();
  }

  /**
   * Ends a day that has records and is followed by nothing: its directories (vault format section 15) wait for a segment of a later
   * day, so an idle chain gets one without records, once. Nothing happens while anything is open or under way.
   */
  closeDay(): void {
    const { archive, clock, governance } = this.#tools;
    const writer = this.#writer;
    const last = writer?.head.last?.manifest;
    if (!this.#started || writer === undefined || last === undefined || this.#failure !== undefined || this.#abort.signal.aborted) return;
    if (this.#open !== undefined || this.#opening !== undefined || this.#inFlight > 0 || this.#nextSeq !== writer.head.seqs) return;
    const now = archive.clock.now();
    // Behind midnight by some minutes: whoever has records today closes the day with them.
    const due = Date.parse(`${dayOf(last)}T00:00:00.000Z`) + DAY_MS + IDLE_DAY_MS;
    const empty = last.records === 0 && last.holes.losses.length === 0;
    if (empty || last.closing !== undefined || now.getTime() < due) return;
    // Number and head of gov are taken in this turn: a segment that is opened meanwhile comes behind and obeys no older head.
    const seq = this.#nextSeq++;
    const rules = governance.rules();
    const segment = new SegmentBuilder(archive.crypto, { archive: archive.id, chain: this.#chain, seq }, this.#nextOffset).finish();
    this.#inFlight++;
    this.#tail = this.#tail
      .then(async () => {
        if (this.#failure !== undefined) return;
        const staged = await this.#patiently(async () => writer.stage(seq, segment, rules, await clock.now()));
        const committed = await this.#patiently(() => writer.commit(staged, rules, {}, this.#abort.signal));
        if (committed === undefined)
          throw new HoldfastError('claim_lost', `another worker sealed ${this.#chain} ${seq}; this one starts again behind it.`);
        this.#observer.committed(this.#at, this.#chain, { seq, next: BigInt(committed.manifest.next), records: 0, bytes: 0 });
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#inFlight--;
        this.#freeSlots();
      });
  }

  /** Closes whatever is open now. */
  closeNow(): void {
    if (this.#open !== undefined) this.#close();
  }

  /** Closes, and resolves when everything taken is committed, or the partition has failed or was given up. */
  async finish(): Promise<void> {
    this.closeNow();
    await this.#unlessAbandoned(this.#tail);
  }

  /** Gives up at once; what is not committed will be read again by whoever gets the partition. */
  abandon(): void {
    this.#abort.abort();
    if (this.#open !== undefined) {
      this.#tools.budget.give(this.#open.bytes);
      this.#open = undefined;
    }
  }

  async #openSegment(): Promise<OpenSegment> {
    // One opening at a time: a timer cannot open segments, only `add` does, and `add` never overlaps itself.
    this.#opening ??= this.#patiently(async () => {
      const { governance, archive, clock } = this.#tools;
      // Step 2: classification obeys a head that is never lower than the previous segment's, because the fold only grows.
      await governance.refresh();
      const now = await clock.now();
      if (governance.state.chains.get(this.#chain)?.closed !== undefined) {
        throw new HoldfastError('stopped', `the chain ${this.#chain} was closed; the partition goes on in its successor.`);
      }
      return {
        builder: new SegmentBuilder(archive.crypto, { archive: archive.id, chain: this.#chain, seq: this.#nextSeq }, this.#nextOffset),
        seq: this.#nextSeq,
        rules: governance.rules(),
        clock: now,
        classifier: new Classifier(governance.state, now),
        keys: new Map<string, DataKey>(),
        openedAt: Date.now(),
        bytes: 0,
      };
    }).finally(() => {
      this.#opening = undefined;
    });
    const open = await this.#opening;
    this.#throwIfFailed();
    this.#open = open;
    return open;
  }

  #secret(open: OpenSegment, cohort: Cohort): ObjectSecret {
    const key = open.keys.get(`${cohort.className}/${cohort.period}`);
    if (key === undefined) throw new HoldfastError('key_missing', `no data key for ${cohort.className}/${cohort.period}.`);
    return { dataKeyId: key.id, wraps: key.wraps, dataKey: key.key, random: this.#tools.archive.random(32) };
  }

  /** Step 3 ends, steps 4 to 7 begin: PUTs of several segments overlap, commits do not. */
  #close(): void {
    const open = this.#open;
    const writer = this.#writer;
    if (open === undefined || writer === undefined) return;
    this.#open = undefined;
    if (open.builder.records === 0) return;
    this.#nextSeq = open.seq + 1;
    this.#inFlight++;
    const segment = open.builder.finish();
    const extras = this.#extras(open.seq);
    const staged = this.#patiently(() => writer.stage(open.seq, segment, open.rules, open.clock));
    // The rejection is taken up by the commit below, possibly later.
    staged.catch(() => undefined);
    this.#tail = this.#tail
      .then(async () => {
        if (this.#failure !== undefined) return;
        await this.#commit(writer, await staged, open, extras);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#tools.budget.give(open.bytes);
        this.#inFlight--;
        this.#freeSlots();
      });
  }

  async #commit(writer: ChainWriter, staged: StagedSegment, open: OpenSegment, extras: SegmentExtras): Promise<void> {
    const committed = await this.#patiently(() => writer.commit(staged, open.rules, extras, this.#abort.signal));
    if (committed === undefined) {
      await this.#lost(staged, open);
      throw new HoldfastError('claim_lost', `another worker sealed ${this.#chain} ${open.seq}; this one starts again behind it.`);
    }
    this.#observer.committed(this.#at, this.#chain, {
      seq: open.seq,
      next: BigInt(committed.manifest.next),
      records: committed.manifest.records,
      bytes: staged.objects.reduce((sum, object) => sum + object.size, 0),
    });
  }

  async #lost(staged: StagedSegment, open: OpenSegment): Promise<void> {
    const { archive, governance, reader } = this.#tools;
    await this.#patiently(async () => {
      await governance.refresh();
      const winner = await readCommitted(archive, this.#chain, open.seq, governance.keys);
      if (winner === undefined) throw new HoldfastError('claims_rolled_back', `the claim of ${this.#chain} ${open.seq} was there and is gone.`);
      const dataKeys = new Map([...open.keys.values()].map((key) => [key.id, key.key]));
      await compareWithWinner(archive, reader, winner.manifest, { segment: staged.segment, objects: staged.objects, dataKeys });
    });
  }

  #extras(seq: number): SegmentExtras {
    const epochKnown = this.#leaderEpoch >= 0;
    const changed = epochKnown && this.#leaderEpoch !== this.#sealedLeaderEpoch;
    const uncompared = this.#uncompared;
    if (seq > 0 && !changed && uncompared === undefined) return {};
    this.#uncompared = undefined;
    if (epochKnown) this.#sealedLeaderEpoch = this.#leaderEpoch;
    return {
      source: {
        cluster: this.#tools.cluster,
        ...(epochKnown && { leaderEpoch: this.#leaderEpoch }),
        ...(uncompared !== undefined && { uncompared: { low: uncompared.low.toString(), high: uncompared.high.toString() } }),
      },
    };
  }

  /** A loss that `gov` accepted at this very place becomes an empty segment that says so; sealing goes on behind it. */
  async #sealAcceptedGap(): Promise<void> {
    const { governance, archive } = this.#tools;
    const gap = governance.state.gaps.get(this.#chain)?.find((accepted) => accepted.from <= this.#nextOffset && this.#nextOffset < accepted.to);
    if (gap === undefined) return;
    // Only what is really gone: a record that the source still holds is sealed, whatever was accepted when it looked lost.
    const low = await this.#tools.low(this.#at);
    const to = gap.to < low ? gap.to : low;
    if (to <= this.#nextOffset) return;
    const builder = new SegmentBuilder(archive.crypto, { archive: archive.id, chain: this.#chain, seq: this.#nextSeq }, this.#nextOffset);
    builder.addLoss({ from: this.#nextOffset, to, reason: gap.reason });
    await this.#commitEmpty(builder, this.#extras(this.#nextSeq));
  }

  /** An approved new epoch ends the old chain with a segment that names its successor; nothing may follow it. */
  async #closeOldEpochs(): Promise<void> {
    const { governance, archive } = this.#tools;
    for (const chain of governance.state.chains.values()) {
      if (chain.closed === undefined || !chain.chain.startsWith(`msg/${this.#tools.sourceName}/${this.#at.topic}/${this.#at.partition}/`)) continue;
      const head = await readHead(archive, chain.chain, governance.keys, 0, governance.log);
      if (head.last?.manifest.closing !== undefined) continue;
      await governance.refresh();
      const writer = new ChainWriter(archive, this.#tools.clock, chain.chain, head);
      const builder = new SegmentBuilder(archive.crypto, { archive: archive.id, chain: chain.chain, seq: head.seqs }, writer.nextOffset);
      const rules = governance.rules();
      const source = head.seqs === 0 ? { source: { cluster: chain.cluster ?? '' } } : {};
      const closing = { reason: chain.closed.reason, successor: chain.closed.successor };
      const staged = await writer.stage(head.seqs, builder.finish(), rules, await this.#tools.clock.now());
      if ((await writer.commit(staged, rules, { ...source, closing }, this.#abort.signal)) === undefined)
        throw new HoldfastError('claim_lost', `another worker is closing ${chain.chain}.`);
    }
  }

  async #commitEmpty(builder: SegmentBuilder, extras: SegmentExtras): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    const rules = this.#tools.governance.rules();
    const staged = await writer.stage(this.#nextSeq, builder.finish(), rules, await this.#tools.clock.now());
    const committed = await writer.commit(staged, rules, extras, this.#abort.signal);
    if (committed === undefined) throw new HoldfastError('claim_lost', `another worker sealed ${this.#chain} ${this.#nextSeq}.`);
    this.#nextSeq = committed.manifest.seq + 1;
    this.#nextOffset = BigInt(committed.manifest.next);
    this.#observer.committed(this.#at, this.#chain, { seq: committed.manifest.seq, next: this.#nextOffset, records: 0, bytes: 0 });
  }

  /** Repeats what fails for a passing reason, for as long as it takes: stores that are down are waited for. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    let wait = FIRST_WAIT_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work();
        if (attempt > 1) this.#observer.flowing(this.#at);
        return result;
      } catch (error) {
        if (!(error instanceof HoldfastError) || kindOf(error) !== 'transient' || error.code === 'stopped') throw error;
        if (error.code === 'claim_lost' && attempt >= CONTENDED_AFTER) throw error;
        this.#observer.waiting(this.#at, error);
        await pause(wait, this.#abort.signal);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
  }

  /** Waits for room, or for the end of this assignment: whoever takes a partition away must not wait for stores that are down. */
  #unlessAbandoned(room: Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = (): void => resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    return Promise.race([room, promise]).finally(() => signal.removeEventListener('abort', end));
  }

  #freeSlots(): void {
    const slots = this.#slots;
    this.#slots = [];
    for (const free of slots) free();
  }

  #slot(): Promise<void> {
    return new Promise((resolve) => this.#slots.push(resolve));
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
    if (this.#abort.signal.aborted) throw new HoldfastError('stopped', `${this.#at.topic}/${this.#at.partition} was given up.`);
  }
}

function sizeOf(record: RawRecord): number {
  let size = 60 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers) size += 8 + header.key.length + (header.value?.length ?? 0);
  return size;
}
