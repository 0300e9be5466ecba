import { HoldfastError, kindOf } from '@holdfast/record';
import type { AlarmCode, Alarms, TimestampAuthority, Witness } from '@holdfast/ports';
import { LOG_CHAIN } from '@holdfast/tlog';
import type { ManifestEntry, Policy } from '@holdfast/tlog';
import { GOVERNANCE_CHAIN, LogFollower, pause } from '@holdfast/vault';
import type { Archive, CheckedClock, GovernanceLog, StoredCheckpoint } from '@holdfast/vault';
import { Anchoring } from './anchoring.js';
import { commitBatch } from './batch-writing.js';
import { Checkpointing } from './checkpointing.js';
import { Gathering } from './gathering.js';
import { Stamping } from './stamping.js';
import type { InspectToken } from './stamping.js';
import { Upkeep } from './upkeep.js';
import { Witnessing } from './witnessing.js';

const STEP_MS = 10_000;
const TICK_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** Where alarms of the log itself stand. */
const PLACE = LOG_CHAIN;

export interface NotaryOptions {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly clock: CheckedClock;
  readonly alarms: Alarms;
  /** Those of the policy that can be asked. */
  readonly witnesses?: readonly Witness[];
  /** Whose co-signatures count, and how many are needed. */
  readonly policy?: Policy;
  readonly authorities?: readonly TimestampAuthority[];
  /** Without it old tokens are not renewed. */
  readonly inspect?: InspectToken;
  /** Alarm when nobody outside has signed for longer; undefined: never. */
  readonly notAnchoredMs?: number;
  /** Hears what a person might want to know: a witness that is away, a token that was refused. */
  readonly warn?: (sentence: string) => void;
}

/** What one step did. */
export interface Step {
  /** There is more to do at once: a batch was full, or another notary won it. */
  readonly more: boolean;
}

/** When a step adds a tick: every minute, or at the end of everything there is now. */
export interface StepOptions {
  readonly tick?: 'when due' | 'at the end';
  readonly signal?: AbortSignal | undefined;
}

/** Counters of a notary. */
export interface NotaryCounts {
  batches: number;
  entries: number;
  checkpoints: number;
  claimsLost: number;
}

const ALARM_OF: Partial<Record<HoldfastError['code'], AlarmCode>> = {
  log_rolled_back: 'LOG_ROLLED_BACK',
  log_forked: 'LOG_FORKED',
  // A batch of the store that does not continue the log, or cannot be read, was put there by no notary.
  log_differs: 'LOG_FORKED',
  log_malformed: 'LOG_FORKED',
  claim_unreadable: 'CLAIM_UNREADABLE',
  clock_skew: 'CLOCK_SKEW',
  key_missing: 'KEY_MISSING',
  key_malformed: 'KEY_MISSING',
  disk_full: 'DISK_FULL',
};

/** Alarms that a person must end; the others end by themselves. */
const STOPPED: ReadonlySet<AlarmCode> = new Set<AlarmCode>(['LOG_ROLLED_BACK', 'LOG_FORKED', 'CLAIM_UNREADABLE', 'KEY_MISSING']);

/**
 * The role notary: integrates committed manifests into the transparency log, signs what the log has become, and has it
 * anchored outside. Any number may run; the claim of a batch decides. Steps go one after the other; `run` or `untilCovered`,
 * not both at once.
 */
export class Notary {
  readonly #options: NotaryOptions;
  readonly #log: LogFollower;
  readonly #gathering: Gathering;
  readonly #checkpointing: Checkpointing;
  readonly #stamping: Stamping;
  readonly #upkeep: Upkeep;
  readonly #witnessing: Witnessing;
  readonly #anchoring: Anchoring;
  readonly #raised = new Set<AlarmCode>();
  #read = false;
  /** The last entry of the log is a tick. */
  #ticked = false;
  #looked = Number.NEGATIVE_INFINITY;
  #published = 0;
  readonly counts: NotaryCounts = { batches: 0, entries: 0, checkpoints: 0, claimsLost: 0 };

  constructor(options: NotaryOptions) {
    const { archive, governance, alarms, witnesses = [], policy, authorities = [], inspect, notAnchoredMs, warn = () => undefined } = options;
    this.#options = options;
    this.#log = new LogFollower(archive, governance);
    this.#gathering = new Gathering(archive, governance, alarms);
    this.#witnessing = new Witnessing(archive, this.#log, witnesses, policy, warn);
    this.#checkpointing = new Checkpointing({ archive, governance, log: this.#log, witnessing: this.#witnessing, policy });
    this.#stamping = new Stamping(archive, governance, authorities, inspect, warn);
    this.#upkeep = new Upkeep(archive, governance, this.#log, warn);
    this.#anchoring = new Anchoring({ archive, alarms, policy, after: notAnchoredMs, any: this.#witnessing.any || this.#stamping.any });
    // A state is stored after a tick.
    this.#log.onResume = (fold) => {
      this.#ticked = true;
      this.#upkeep.noteResumed(fold);
    };
    this.#log.onBatch = (applied, fold) => {
      this.#ticked = applied.entries.at(-1)?.type === 'tick';
      this.#upkeep.noteBatch(applied, fold);
    };
  }

  /** Entries of the log as this notary has read it; 0 before the first step. */
  get size(): number {
    return this.#read ? this.#log.fold.end.size : 0;
  }

  /** Size of the newest checkpoint. */
  get published(): number {
    return this.#published;
  }

  /** When the last tick was, milliseconds since 1970; 0 before the first. */
  get ticked(): number {
    return this.#read ? (this.#log.fold.end.tick?.time ?? 0) : 0;
  }

  /** When somebody outside has signed last, milliseconds since 1970; undefined when nobody has, as far as is known. */
  get anchoredAt(): number | undefined {
    return this.#anchoring.at;
  }

  /** Chains that stand still in the log. */
  get stoppedChains(): readonly string[] {
    return this.#gathering.stopped;
  }

  /** The newest checkpoint in the store. */
  newest(): Promise<StoredCheckpoint | undefined> {
    return this.#checkpointing.newest();
  }

  /** Steps until `signal` fires, every 10 s at most; faults are alarms, and it goes on. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    let wait = FIRST_WAIT_MS;
    while (!stopped()) {
      let next = STEP_MS;
      try {
        if ((await this.step({ signal })).more) next = 0;
        this.#clear();
        wait = FIRST_WAIT_MS;
      } catch (error) {
        if (stopped()) return;
        // Whatever it is, nothing was signed that should not have been, and the next step looks anew.
        this.#raise(error);
        next = wait;
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
      if (next > 0) await pause(next, signal).catch(() => undefined);
    }
  }

  /**
   * Steps until the log covers every manifest that is committed now, ends with a tick, and is signed. Chains that stand still
   * are left out; their alarms stand. @throws HoldfastError whatever a step meets
   */
  async untilCovered(signal?: AbortSignal): Promise<StoredCheckpoint | undefined> {
    // A step that was not cut short has taken everything that was committed when it began.
    while ((await this.step({ tick: 'at the end', signal })).more) {
      if (signal?.aborted === true) throw new HoldfastError('stopped', 'the notary was stopped before the log covered everything.');
    }
    return this.newest();
  }

  /**
   * One step: look, integrate what is committed, sign, keep up. Before anything is claimed or signed, what was signed before
   * must belong to the log.
   * @throws HoldfastError `log_rolled_back`, `log_forked`: nothing is claimed or signed; `store_unavailable` and others: the
   * next step goes on where this one stopped
   */
  async step({ tick = 'when due', signal }: StepOptions = {}): Promise<Step> {
    await this.#look();
    const { fold } = this.#log;
    const { no } = fold.end;
    const { entries, more } = await this.#gathering.gather(fold);
    const now = (await this.#options.clock.now()).getTime();
    const due = tick === 'when due' ? now - (fold.end.tick?.time ?? 0) >= TICK_MS : entries.length > 0 || !this.#ticked;
    const ticks = due && !more;
    if (entries.length === 0 && !ticks && this.#published >= fold.end.size) {
      await this.#stamping.step(signal);
      return { more: false };
    }
    const thorough = Math.abs(now - this.#looked) >= TICK_MS;
    const newest = await this.#checkpointing.check(thorough);
    if (thorough) this.#looked = now;
    this.#published = newest?.checkpoint.size ?? 0;
    await this.#witnessing.offer(newest, signal);
    // Those looks may have met batches of another notary, and what was gathered may be in them.
    if (fold.end.no !== no) return { more: true };
    if ((entries.length > 0 || ticks) && !(await this.#integrate(entries, now, ticks, signal))) return { more: true };
    await this.#sign(newest, signal);
    return { more };
  }

  async #look(): Promise<void> {
    try {
      await this.#options.governance.refresh();
    } catch (error) {
      // What is wrong with gov stops gov in the log, where it is met again and told; the others go on under what is known.
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity') throw error;
    }
    await this.#log.refresh();
    this.#read = true;
  }

  /** False when another notary has won the number. */
  async #integrate(entries: readonly ManifestEntry[], now: number, ticks: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const { archive, governance } = this.#options;
    const { fold } = this.#log;
    const { end } = fold;
    // Another notary's clock may run ahead of ours by what CheckedClock lets pass: times never fall, those of ticks rise.
    const time = Math.max(now, end.time, ticks ? (end.tick?.time ?? 0) + 1 : 0);
    const gov = fold.next(GOVERNANCE_CHAIN) + entries.filter(({ chain }) => chain === GOVERNANCE_CHAIN).length;
    const batch = fold.buildBatch(time, entries, ticks ? this.#log.registeredBy(gov) : undefined, this.#log.facts());
    const won = await commitBatch(archive, governance, batch, signal);
    // What is signed next is what stands in the store, read back by its claim, whoever has won.
    await this.#log.refresh();
    if (won) {
      this.counts.batches++;
      this.counts.entries += entries.length + (ticks ? 1 : 0);
    } else this.counts.claimsLost++;
    return won;
  }

  async #sign(newest: StoredCheckpoint | undefined, signal: AbortSignal | undefined): Promise<void> {
    // Witnesses are asked with every tick: in-between checkpoints would only make them work six times as much.
    const published = await this.#checkpointing.publish(newest, this.#ticked, signal);
    if (published !== undefined) {
      this.counts.checkpoints++;
      this.#published = published.size;
      this.#stamping.want(published);
      if (published.witnessed) this.#anchoring.note(this.#options.archive.clock.now().getTime());
    }
    await this.#upkeep.step(this.#published);
    await this.#stamping.step(signal);
    this.#anchoring.note(this.#stamping.stampedAt);
    await this.#anchoring.judge(this.#log.resumedAt);
  }

  /** @throws what is no HoldfastError: a fault in the program */
  #raise(error: unknown): void {
    if (!(error instanceof HoldfastError)) throw error;
    const code = ALARM_OF[error.code] ?? 'STORE_UNAVAILABLE';
    this.#raised.add(code);
    this.#options.alarms.raise(code, PLACE, STOPPED.has(code) ? 'stopped' : 'waiting', error.message);
  }

  /** A step went through: whatever stood in its way is gone. */
  #clear(): void {
    for (const code of this.#raised) this.#options.alarms.clear(code, PLACE);
    this.#raised.clear();
  }
}
