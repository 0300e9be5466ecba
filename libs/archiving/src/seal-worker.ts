import { HoldfastError, kindOf } from '@holdfast/record';
import type {
  AlarmCode,
  Alarms,
  PartitionHandler,
  RecordBatch,
  RecordSource,
  StartAt,
  Subscription,
  TopicPartition,
  Uncompared,
} from '@holdfast/ports';
import { SegmentReader } from '@holdfast/vault';
import type { Archive, CheckedClock, DataKeys, GovernanceLog } from '@holdfast/vault';
import { ByteBudget } from './byte-budget.js';
import type { SealLimits } from './limits.js';
import { segmentAge } from './limits.js';
import { PartitionSealer } from './partition-sealer.js';
import type { SealObserver, SealTools } from './partition-sealer.js';

/** Counters of a seal worker, for metrics and for `ingest --until-idle`. */
export interface SealCounts {
  records: number;
  segments: number;
  /** Bytes of content objects. */
  bytes: number;
  claimsLost: number;
}

/** One partition as a worker sees it. */
export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly chain: string;
  /** After the last record taken. */
  readonly next: bigint;
  /** After the last record committed; -1 before the chain's head is known. */
  readonly sealed: bigint;
  readonly lag: bigint;
  readonly stopped?: string;
}

export interface SealWorkerOptions {
  readonly archive: Archive;
  readonly clock: CheckedClock;
  readonly governance: GovernanceLog;
  readonly dataKeys: DataKeys;
  readonly source: RecordSource;
  readonly sourceName: string;
  readonly limits: SealLimits;
  readonly alarms: Alarms;
  /** Whether days that nothing follows are closed by a segment without records: for services, not for runs that end. */
  readonly closeDays?: boolean;
  /** How often a stopped partition looks whether its cause has been mended, milliseconds. */
  readonly reliefMs?: number;
  /** Called after each commit; a hint for notices and logs. */
  readonly onCommitted?: (
    at: TopicPartition,
    chain: string,
    facts: { readonly seq: number; readonly next: bigint; readonly records: number },
  ) => void;
}

const TICK_MS = 100;
const RESTART_MS = 500;
/** Looking again reads the chain's head and its last record. */
const RELIEF_MS = 2_000;
/** How long a revoked or stopped partition may take for what is under way: stores that are down must not hold up a group. */
const GRACE_MS = 30_000;
/** Claims lost one after the other without one won in between, after which it is reported as contended. */
const CONTENDED_AFTER = 3;

/**
 * Causes that somebody can mend: a decision in `gov`, a restored object, a mounted key, a corrected setting. Looking again
 * checks everything from the vault anew. What is not listed needs a person who looks at this process.
 */
const LOOKED_AT_AGAIN = new Set<string>([
  'source_lost',
  'source_recreated',
  'source_damaged',
  'source_refused',
  'claim_unreadable',
  'claims_rolled_back',
  'content_damaged',
  'object_missing',
  'manifest_invalid',
  'key_missing',
  'key_malformed',
  'clock_skew',
  'store_refused',
]);

/** The role seal: takes the partitions that the source assigns and seals each with a PartitionSealer of its own. */
export class SealWorker implements PartitionHandler, SealObserver {
  readonly #options: SealWorkerOptions;
  readonly #budget: ByteBudget;
  readonly #partitions = new Map<string, PartitionSealer>();
  readonly #stopped = new Map<string, { readonly at: TopicPartition; readonly code: string; since: number }>();
  /** Claims lost since the last one won, by partition. */
  readonly #lost = new Map<string, number>();
  readonly counts: SealCounts = { records: 0, segments: 0, bytes: 0, claimsLost: 0 };
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tools: SealTools | undefined;
  #lastReceived = 0;

  constructor(options: SealWorkerOptions) {
    this.#options = options;
    this.#budget = new ByteBudget(options.limits.budgetBytes);
  }

  /** Subscribes; resolves when the source runs. */
  async start(): Promise<void> {
    const { source, archive, dataKeys } = this.#options;
    this.#tools = {
      ...this.#options,
      reader: new SegmentReader(archive, dataKeys),
      budget: this.#budget,
      cluster: await source.clusterId(),
      low: async (at) => (await source.watermarks(at)).low,
    };
    this.#subscription = await source.subscribe(this);
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  /**
   * Stops intake, commits what was taken, lets the partitions go. After `graceMs` it gives up what is not committed, which
   * whoever gets the partition will read again, and does not wait for calls that hang.
   */
  async stop(graceMs = GRACE_MS): Promise<void> {
    clearInterval(this.#timer);
    const orderly = (async (): Promise<void> => {
      await this.#subscription?.stop();
      await this.flush();
    })();
    if (!(await within(graceMs, orderly))) {
      for (const partition of this.#partitions.values()) partition.abandon();
      await within(graceMs, orderly);
    }
    this.#partitions.clear();
  }

  /** Closes all open segments and resolves when everything taken so far is committed. */
  async flush(): Promise<void> {
    await Promise.all([...this.#partitions.values()].map((partition) => partition.finish()));
  }

  /** Partitions held, with their chain, the offset after the last record taken, and lag; `stopped` names the error that keeps one from going on. */
  status(): PartitionStatus[] {
    return [...this.#partitions].map(([name, partition]) => {
      const [topic = '', number = ''] = splitName(name);
      const stopped = this.#stopped.get(name)?.code;
      return {
        topic,
        partition: Number(number),
        chain: partition.chain,
        next: partition.next,
        sealed: partition.sealed,
        lag: partition.lag,
        ...(stopped !== undefined && { stopped }),
      };
    });
  }

  get bytesHeld(): number {
    return this.#budget.used;
  }

  /** When the last record came, milliseconds since 1970; 0 before the first. */
  get lastReceived(): number {
    return this.#lastReceived;
  }

  // PartitionHandler

  async assigned(at: TopicPartition): Promise<StartAt> {
    if (this.#tools === undefined) throw new HoldfastError('stopped', 'the worker has not started.');
    const name = nameOf(at);
    this.#partitions.get(name)?.abandon();
    const partition = new PartitionSealer(this.#tools, at, this);
    this.#partitions.set(name, partition);
    const start = await partition.start();
    this.#recovered(name);
    return start;
  }

  uncompared(at: TopicPartition, facts: Uncompared): Promise<void> {
    this.#partitions.get(nameOf(at))?.noteUncompared(facts);
    return Promise.resolve();
  }

  async batch(at: TopicPartition, batch: RecordBatch): Promise<void> {
    const partition = this.#partitions.get(nameOf(at));
    if (partition === undefined) throw new HoldfastError('stopped', `${nameOf(at)} is not assigned to this worker.`);
    this.#lastReceived = Date.now();
    await partition.add(batch, () => {
      // Open segments of calm partitions hold what busy ones need: close them all, so that commits give bytes back.
      for (const other of this.#partitions.values()) other.closeNow();
    });
  }

  async revoked(at: TopicPartition): Promise<void> {
    const name = nameOf(at);
    const partition = this.#partitions.get(name);
    if (partition === undefined) return;
    await within(GRACE_MS, partition.finish());
    partition.abandon();
    this.#partitions.delete(name);
    this.#stopped.delete(name);
    this.#lost.delete(name);
  }

  failed(at: TopicPartition | undefined, error: HoldfastError): void {
    const name = at === undefined ? '' : nameOf(at);
    const cause = this.#partitions.get(name)?.failure ?? error;
    const reason = cause instanceof HoldfastError ? cause : error;
    if (reason.code === 'source_unavailable' || at === undefined) {
      this.#options.alarms.raise(alarmOf(reason), name, kindOf(reason) === 'transient' ? 'waiting' : 'stopped', reason.message);
      return;
    }
    const partition = this.#partitions.get(name);
    // What the source gave before it failed is whole: it is sealed now, and not when the source has been mended.
    if (reason.code.startsWith('source_')) partition?.closeNow();
    else partition?.abandon();
    // The batch under way fails too once its partition has been given up; that is no second cause.
    if (this.#stopped.get(name)?.code === reason.code) return;
    this.#stopped.set(name, { at, code: reason.code, since: Date.now() });
    if (reason.code === 'claim_lost') this.#claimLost(name, reason);
    if (kindOf(reason) !== 'transient') this.#options.alarms.raise(alarmOf(reason), name, 'stopped', reason.message);
  }

  recovered(at: TopicPartition | undefined): void {
    this.#recovered(at === undefined ? '' : nameOf(at));
  }

  // SealObserver

  committed(
    at: TopicPartition,
    chain: string,
    facts: { readonly seq: number; readonly next: bigint; readonly records: number; readonly bytes: number },
  ): void {
    this.counts.records += facts.records;
    this.counts.segments++;
    this.counts.bytes += facts.bytes;
    this.#lost.delete(nameOf(at));
    this.#options.alarms.clear('CLAIM_CONTENDED', nameOf(at));
    // Step 7: hints only. A crash before them costs nothing, the vault knows better.
    this.#subscription?.commit(at, facts.next);
    this.#options.onCommitted?.(at, chain, facts);
  }

  waiting(at: TopicPartition, error: HoldfastError): void {
    this.#options.alarms.raise(alarmOf(error), nameOf(at), 'waiting', error.message);
  }

  flowing(at: TopicPartition): void {
    this.#recovered(nameOf(at));
  }

  #claimLost(name: string, reason: HoldfastError): void {
    this.counts.claimsLost++;
    const lost = (this.#lost.get(name) ?? 0) + 1;
    this.#lost.set(name, lost);
    if (lost >= CONTENDED_AFTER) this.#options.alarms.raise('CLAIM_CONTENDED', name, 'waiting', `${lost} times in a row: ${reason.message}`);
  }

  #recovered(name: string): void {
    this.#stopped.delete(name);
    for (const code of CLEARED_WHEN_FLOWING) this.#options.alarms.clear(code, name);
  }

  #tick(): void {
    const now = Date.now();
    const { limits } = this.#options;
    // Idle partitions cost no requests: they are no reason to let the records of busy ones wait.
    const active = [...this.#partitions.values()].filter(({ lastReceived }) => now - lastReceived < limits.segmentAgeMaxMs).length;
    const age = segmentAge(limits, active);
    for (const [name, partition] of this.#partitions) {
      partition.closeIfOld(age, now);
      if (this.#options.closeDays === true) partition.closeDay();
      // A commit failed while no batch was under way: stop the partition here, the source does not know yet.
      if (partition.failure !== undefined && !this.#stopped.has(name)) {
        const [topic = '', number = ''] = splitName(name);
        const failure = partition.failure;
        const error =
          failure instanceof HoldfastError
            ? failure
            : new HoldfastError('chain_broken', `${name} stopped for an unforeseen reason.`, { cause: failure });
        this.failed({ topic, partition: Number(number) }, error);
      }
    }
    for (const entry of this.#stopped.values()) {
      const transient = entry.code === 'claim_lost' || entry.code === 'stopped' || kindOf(new HoldfastError(entry.code as never, '')) === 'transient';
      if (!transient && !LOOKED_AT_AGAIN.has(entry.code)) continue;
      if (now - entry.since < (transient ? RESTART_MS : (this.#options.reliefMs ?? RELIEF_MS))) continue;
      entry.since = now;
      this.#subscription?.restart(entry.at);
    }
  }
}

function nameOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}

function splitName(name: string): string[] {
  const slash = name.lastIndexOf('/');
  return [name.slice(0, slash), name.slice(slash + 1)];
}

const ALARM_OF: Partial<Record<HoldfastError['code'], AlarmCode>> = {
  source_lost: 'SOURCE_LOST',
  source_recreated: 'SOURCE_RECREATED',
  source_damaged: 'SOURCE_DAMAGED',
  source_refused: 'SOURCE_REFUSED',
  source_unavailable: 'SOURCE_UNAVAILABLE',
  store_unavailable: 'STORE_UNAVAILABLE',
  claims_rolled_back: 'CLAIMS_ROLLED_BACK',
  claim_unreadable: 'CLAIM_UNREADABLE',
  claim_lost: 'CLAIM_CONTENDED',
  sealed_differs: 'SEALED_DIFFERS',
  clock_skew: 'CLOCK_SKEW',
  key_missing: 'KEY_MISSING',
  key_malformed: 'KEY_MISSING',
  content_damaged: 'CONTENT_DAMAGED',
  disk_full: 'DISK_FULL',
};

/** All but two: a contended claim ends with one that is won, and two answers of the source stay until somebody has looked. */
const CLEARED_WHEN_FLOWING: readonly AlarmCode[] = [...new Set([...Object.values(ALARM_OF), 'PARTITION_STOPPED' as const])].filter(
  (code) => code !== 'CLAIM_CONTENDED' && code !== 'SEALED_DIFFERS',
);

function alarmOf(error: HoldfastError): AlarmCode {
  return ALARM_OF[error.code] ?? 'PARTITION_STOPPED';
}

/** Whether `work` settled within `ms`; a failure of it is thrown. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    late.resolve(false);
  }, ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
