import { HoldfastError, kindOf } from '@holdfast/record';
import { LOG_CHAIN, LogFold, STATE_PREFIX, parseBatch, parseEntry, parseLogKey } from '@holdfast/tlog';
import type { AppliedBatch, LogFacts } from '@holdfast/tlog';
import type { GovernanceState } from '@holdfast/governance';
import { paddedSeq, toHex } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { LoggedHeads } from './head.js';
import { countClaims } from './head.js';
import { readBatch } from './log-batches.js';
import type { CommittedBatch } from './log-batches.js';
import type { KeyLookup } from './manifests.js';
import { readAhead } from './read-ahead.js';
import { unlessMissing } from './relocated.js';
import { SharedRead } from './shared-read.js';

/** What the log follows of `gov`. */
export interface FollowedGovernance {
  readonly state: GovernanceState;
  readonly head: { readonly next: number };
  readonly keys: KeyLookup;
  refresh(): Promise<void>;
}

/** Where a batch stands in the log. */
export interface BatchPlace {
  readonly no: number;
  readonly sizeBefore: number;
  readonly count: number;
}

const AT_ONCE = 8;
/** States are stored every hour, and an hour has at most 360 batches. */
const FIRST_WINDOW = 512;
/** Places of batches that are remembered, a few bytes each: reading entries of the last day needs no search. */
const MOST_PLACES = 10_000;
/** How old what is known may be for whoever takes over a chain: rolled-back claims stay rolled back. */
const FRESH_MS = 60_000;

/**
 * The transparency log in memory, followed from the vault: resumed from the newest stored state, which nobody has to trust
 * (LogFold.resume), then batch by batch, each checked by the rules that everybody shares. One for a process.
 */
export class LogFollower implements LoggedHeads {
  readonly #archive: Archive;
  readonly #governance: FollowedGovernance;
  #fold: LogFold | undefined;
  #resumedAt = 0;
  #places: BatchPlace[] = [];
  #refreshedAt = Number.NEGATIVE_INFINITY;
  readonly #following = new SharedRead(() => this.#follow());
  /** Hears that the log was resumed from a state. */
  onResume: (fold: LogFold) => void = () => undefined;
  /** Hears of every batch that is taken; `fold` is the log after it. */
  onBatch: (applied: AppliedBatch, fold: LogFold) => void = () => undefined;

  constructor(archive: Archive, governance: FollowedGovernance) {
    this.#archive = archive;
    this.#governance = governance;
  }

  /** The log as of the last refresh. @throws HoldfastError `bad_request` before the first */
  get fold(): LogFold {
    if (this.#fold === undefined) throw new HoldfastError('bad_request', 'the log was not read yet.');
    return this.#fold;
  }

  /** Entries that the state had from which the log was resumed; 0 when it was read from its beginning. */
  get resumedAt(): number {
    return this.#resumedAt;
  }

  /** Batches that were read since the start, the newest last. */
  get places(): readonly BatchPlace[] {
    return this.#places;
  }

  /**
   * Takes every batch that is committed now. Concurrent calls share a read that begins after they were made.
   * @throws HoldfastError `log_malformed`, `log_differs`, `log_rolled_back`, `claim_unreadable`: the log is damaged from
   * here on; what was taken before stays
   */
  refresh(): Promise<void> {
    return this.#following.run();
  }

  async loggedNext(chain: string): Promise<number> {
    const now = this.#archive.clock.now().getTime();
    if (Math.abs(now - this.#refreshedAt) >= FRESH_MS) {
      try {
        await this.refresh();
      } catch (error) {
        // A damaged log must not stop sealing, while Kafka forgets: what it holds up to the damage is true all the same. The
        // notary raises the alarm.
        if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity') throw error;
      }
    }
    return this.#fold?.next(chain) ?? 0;
  }

  /** The bytes of a committed batch. @throws HoldfastError `log_rolled_back` when its claim is gone */
  async batch(no: number): Promise<CommittedBatch> {
    const batch = await this.#read(no);
    if (batch === undefined) throw new HoldfastError('log_rolled_back', `the claim of batch ${no} of the log is gone.`);
    return batch;
  }

  /** Chains that the first `govNext` segments of `gov` register. */
  registeredBy(govNext: number): number {
    let count = 0;
    for (const { from } of this.#governance.state.chains.values()) if (from <= govNext) count++;
    return count;
  }

  /** What is known of governance about manifests and ticks; only as far as `gov` was read. */
  facts(): LogFacts {
    const { state } = this.#governance;
    return {
      registered: (govNext) => this.registeredBy(govNext),
      isRegistered: (chain, govNext) => (state.chains.get(chain)?.from ?? Number.POSITIVE_INFINITY) <= govNext,
    };
  }

  async #follow(): Promise<void> {
    const began = this.#archive.clock.now().getTime();
    this.#fold ??= await this.#resume();
    const fold = this.#fold;
    for await (const batch of readAhead(fold.end.no, AT_ONCE, (no) => this.#read(no))) await this.#take(fold, batch);
    this.#refreshedAt = began;
  }

  async #read(no: number): Promise<CommittedBatch | undefined> {
    try {
      return await readBatch(this.#archive, no, this.#governance.keys);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'claim_unreadable') throw error;
      // Perhaps only because it is signed by a key that gov has introduced since it was read.
      await this.#governance.refresh();
      return readBatch(this.#archive, no, this.#governance.keys);
    }
  }

  async #take(fold: LogFold, { bytes, hash }: CommittedBatch): Promise<void> {
    const applied = await this.#apply(fold, bytes, hash);
    this.#places.push({ no: applied.batch.no, sizeBefore: applied.batch.sizeBefore, count: applied.batch.entries.length });
    if (this.#places.length > 2 * MOST_PLACES) this.#places = this.#places.slice(-MOST_PLACES);
    this.onBatch(applied, fold);
  }

  async #apply(fold: LogFold, bytes: Uint8Array, hash: Uint8Array): Promise<AppliedBatch> {
    try {
      return fold.applyBatch(bytes, hash, this.facts());
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'log_malformed') throw error;
      // Perhaps only because gov has gone on since it was read. A second time it counts; unless gov itself is behind the log
      // (its claims were rolled back, which readHead says), and what it registers there cannot be known.
      await this.#governance.refresh();
      const gov = parseBatch(bytes)
        .entries.map(parseEntry)
        .filter((entry) => entry.type === 'manifest' && entry.chain === 'gov').length;
      return fold.applyBatch(bytes, hash, fold.next('gov') + gov <= this.#governance.head.next ? this.facts() : {});
    }
  }

  /** The newest state that leads to a committed batch, or the empty log. */
  async #resume(): Promise<LogFold> {
    const { crypto, id } = this.#archive;
    const batches = await countClaims(this.#archive, LOG_CHAIN);
    for (let window = FIRST_WINDOW, end = batches; end > 0; window *= 4) {
      const begin = Math.max(0, batches - window);
      for (const { key, version, no } of (await this.#states(begin, end)).reverse()) {
        const fold = await this.#resumeFrom(key, version, no);
        if (fold === undefined) continue;
        this.#resumedAt = fold.end.size;
        this.onResume(fold);
        return fold;
      }
      end = begin;
    }
    return LogFold.empty(crypto, id);
  }

  async #resumeFrom(key: string, version: string, no: number): Promise<LogFold | undefined> {
    const { crypto, id, vault } = this.#archive;
    const state = await unlessMissing(vault.get(key, version));
    if (state === undefined) return undefined;
    const batch = await this.batch(no);
    try {
      return LogFold.resume(crypto, id, state, batch.bytes);
    } catch (error) {
      // Nobody trusts a state, so a damaged one stops nobody: an older one, or the beginning, does as well. `verify` tells of it.
      if (error instanceof HoldfastError && (error.code === 'log_malformed' || error.code === 'log_differs')) return undefined;
      throw error;
    }
  }

  async #states(begin: number, end: number): Promise<{ readonly key: string; readonly version: string; readonly no: number }[]> {
    const found: { key: string; version: string; no: number }[] = [];
    for await (const { key, version, deleteMarker } of this.#archive.vault.list(STATE_PREFIX, { after: `${STATE_PREFIX}${paddedSeq(begin)}` })) {
      const name = parseLogKey(key);
      if (name?.type !== 'state' || deleteMarker) continue;
      if (name.no >= end) break;
      found.push({ key, version, no: name.no });
    }
    return found;
  }
}

/** Hash of a chain's last manifest as the log has it, hex. */
export function loggedHash(fold: LogFold, chain: string): string | undefined {
  const head = fold.head(chain);
  return head === undefined ? undefined : toHex(head.hash);
}
