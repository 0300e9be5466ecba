import { HoldfastError } from '@holdfast/record';
import { GovernanceFold, horizonMonths, parseClearEvent, standing, subjectOf } from '@holdfast/governance';
import type { ClearEvent, GovernanceState, RetentionClass } from '@holdfast/governance';
import { LEDGER_CLASS, SegmentBuilder, decodeRecord, encodeJson, parseJson, retainUntil, utf8 } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { GovernanceHead, WriterRules } from './chain-writer.js';
import { ChainWriter } from './chain-writer.js';
import type { CheckedClock } from './checked-clock.js';
import { givenUp, unlessGivenUp } from './deadline.js';
import { DataKeys } from './data-keys.js';
import type { Committed, KeyLookup } from './manifests.js';
import { readCommitted } from './manifests.js';
import { readHead } from './head.js';
import { LogFollower } from './log-follower.js';
import { pause } from './pause.js';
import { SegmentReader } from './segment-reader.js';
import { SharedRead } from './shared-read.js';

/** The chain of governance. */
export const GOVERNANCE_CHAIN = 'gov';
const MAX_LOST_RACES = 20;
const FIRST_JITTER_MS = 10;
const LONGEST_JITTER_MS = 1_000;

/**
 * The folded state of `gov` in memory, followed from the vault. A command = `refresh`, decide on `state`, `append`; a lost
 * race = decide again. No leader, no lock.
 */
export class GovernanceLog {
  readonly #archive: Archive;
  readonly #clock: CheckedClock;
  readonly #reader: SegmentReader;
  readonly #fold = new GovernanceFold();
  /** The transparency log as this process has read it: whoever takes over a chain compares its claims with it. */
  readonly log: LogFollower;
  #last: Committed | undefined;
  #seqs = 0;
  readonly #following = new SharedRead(() => this.#follow());
  #appending: Promise<unknown> = Promise.resolve();

  constructor(archive: Archive, clock: CheckedClock) {
    this.#archive = archive;
    this.#clock = clock;
    this.log = new LogFollower(archive, this);
    this.#reader = new SegmentReader(archive, new DataKeys(archive, () => this.ledgerUntil(archive.clock.now())));
  }

  get state(): GovernanceState {
    return this.#fold;
  }

  get head(): GovernanceHead {
    return { next: this.#seqs, hash: this.#last?.hash ?? this.#archive.idHex };
  }

  /** Manifest keys introduced so far, the genesis key included; a closed one only for what it may have signed. */
  readonly keys: KeyLookup = (kid, place) => {
    const entry = this.#fold.manifestKeys.get(kid);
    if (entry !== undefined && place !== undefined && standing(entry, place.chain, place.seq) === 'closed') return undefined;
    return kid === this.#archive.genesis.manifestKey.kid ? this.#archive.genesis.manifestKey : entry?.jwk;
  };

  /** To when manifests and ledger content are locked: longest horizon of any class plus a year. */
  ledgerUntil(clock: Date, extra: readonly RetentionClass[] = []): Date {
    return retainUntil(clock, horizonMonths([...this.#fold.classes.values(), ...extra]));
  }

  /** What a writer of any chain needs, at the present head. */
  rules(): WriterRules {
    return {
      head: this.head,
      keys: this.keys,
      introduced: (kid) => (kid === this.#archive.genesis.manifestKey.kid ? 0 : this.#fold.manifestKeys.get(kid)?.from),
      ledgerUntil: (clock) => this.ledgerUntil(clock),
    };
  }

  /** Folds everything that is committed now. Concurrent calls share a read that begins after they were made. */
  refresh(): Promise<void> {
    return this.#following.run();
  }

  /**
   * Appends the events that `decide` answers on the present state, in one segment; asked again after every lost race. An
   * empty answer appends nothing.
   *
   * While the claims store is away it goes on until the outcome is known, however long; `signal` ends that.
   * @throws HoldfastError after `signal`: `store_unavailable` when it was a deadline (`AbortSignal.timeout`), else `stopped`. The
   * outcome is unknown then: `refresh` and look at the state before the command is given again
   */
  append(decide: (state: GovernanceState) => readonly ClearEvent[], signal?: AbortSignal): Promise<void> {
    // One at a time in this process: racing against oneself would only leave abandoned attempts behind.
    const mine = this.#appending.then(() => {
      if (signal?.aborted === true) throw givenUp(signal);
      return this.#append(decide, signal);
    });
    this.#appending = mine.catch(() => undefined);
    return unlessGivenUp(mine, signal);
  }

  async #append(decide: (state: GovernanceState) => readonly ClearEvent[], signal: AbortSignal | undefined): Promise<void> {
    for (let lost = 0; lost < MAX_LOST_RACES; lost++) {
      // Many workers that meet a new topic at once all register chains: without a random wait they would lose to each other.
      if (lost > 0) await pause(Math.random() * Math.min(LONGEST_JITTER_MS, FIRST_JITTER_MS * 2 ** lost), signal);
      await this.refresh();
      const events = decide(this.#fold);
      if (events.length === 0) return;
      // Tried on a copy first: what is sealed can never be taken back, and an event that contradicts the state would stop
      // every reader. The claim is for exactly this seq, so what holds here holds when it is folded.
      const trial = this.#fold.copy();
      for (const event of events) trial.apply(parseClearEvent(event), this.#seqs);
      const head = await readHead(this.#archive, GOVERNANCE_CHAIN, this.keys, this.#seqs, this.log);
      if (head.seqs !== this.#seqs) continue;
      const writer = new ChainWriter(this.#archive, this.#clock, GOVERNANCE_CHAIN, head);
      const clock = await this.#clock.now();
      const cohort = { className: LEDGER_CLASS.name, classNumber: LEDGER_CLASS.number, period: String(clock.getUTCFullYear()) };
      const builder = new SegmentBuilder(
        this.#archive.crypto,
        { archive: this.#archive.id, chain: GOVERNANCE_CHAIN, seq: head.seqs },
        writer.nextOffset,
      );
      events.forEach((event, i) => {
        builder.add(
          {
            offset: writer.nextOffset + BigInt(i),
            timestamp: BigInt(clock.getTime()),
            timestampType: 'create',
            key: utf8(subjectOf(event)),
            value: encodeJson(event),
            headers: [],
          },
          cohort,
          null,
        );
      });
      const newClasses = events.flatMap((event): RetentionClass[] => (event.type === 'class.defined' ? [event] : []));
      const rules: WriterRules = { ...this.rules(), ledgerUntil: (at) => this.ledgerUntil(at, newClasses) };
      const staged = await writer.stage(head.seqs, builder.finish(), rules, clock);
      if ((await writer.commit(staged, rules, {}, signal)) === undefined) continue;
      await this.refresh();
      return;
    }
    throw new HoldfastError('claim_lost', `the chain gov moved on ${MAX_LOST_RACES} times while a command was decided; try again.`);
  }

  async #follow(): Promise<void> {
    for (;;) {
      const next = await readCommitted(this.#archive, GOVERNANCE_CHAIN, this.#seqs, this.keys);
      if (next === undefined) return;
      if (next.manifest.prev !== (this.#last?.hash ?? this.#archive.idHex))
        throw new HoldfastError('chain_broken', `gov ${this.#seqs} does not follow gov ${this.#seqs - 1}.`);
      const events: ClearEvent[] = [];
      await this.#reader.walk(next.manifest, (object) => (plain, start, end) => {
        // Encrypted events (matters, holds, people) come with governance; an older release must not guess at them.
        if (object.enc !== 'none')
          throw new HoldfastError('chain_broken', 'gov holds encrypted events, which this release does not know; use the release that wrote them.');
        const { record } = decodeRecord(plain.subarray(start, end));
        events.push(parseClearEvent(parseJson(record.value ?? new Uint8Array(0))));
      });
      for (const event of events) this.#fold.apply(event, this.#seqs);
      this.#last = next;
      this.#seqs++;
    }
  }
}
