import { HoldfastError, kindOf, parseMessageChain } from '@holdfast/record';
import type { AlarmCode, Position } from '@holdfast/ports';
import { DayRanges, daysChain, toHex } from '@holdfast/seal';
import type { DayRange } from '@holdfast/seal';
import { ChainWriter, pause, readCommitted, readHead } from '@holdfast/vault';
import { coveredAfter, readDaySegment } from './days-chain.js';
import { sealRange } from './seal-range.js';
import type { SealRangeParts } from './seal-range.js';

/** Counters of a day keeper. */
export interface DayCounts {
  /** Ranges that are attested. */
  ranges: number;
  directories: number;
}

export interface DayKeeperOptions extends SealRangeParts {
  /** Hears of every range that this process has attested. */
  readonly onRange?: (chain: string, range: DayRange) => void;
}

const EVERY_MS = 30_000;
const MAX_LOST_RACES = 5;
const ALARM_OF: Partial<Record<HoldfastError['code'], AlarmCode>> = {
  claims_rolled_back: 'CLAIMS_ROLLED_BACK',
  claim_unreadable: 'CLAIM_UNREADABLE',
  claim_lost: 'CLAIM_CONTENDED',
  sealed_differs: 'SEALED_DIFFERS',
  key_missing: 'KEY_MISSING',
  key_malformed: 'KEY_MISSING',
  clock_skew: 'CLOCK_SKEW',
  disk_full: 'DISK_FULL',
  store_unavailable: 'STORE_UNAVAILABLE',
};
const ALARMS: readonly AlarmCode[] = ['CONTENT_DAMAGED', ...new Set(Object.values(ALARM_OF))];

/** Where one message chain and its days chain stand; rebuilt from the vault after any failure. */
interface ChainState {
  readonly ranges: DayRanges;
  readonly closed: DayRange[];
  /** Next segment of the message chain to look at. */
  next: number;
  previous: string | undefined;
  /** Parts of the first closed range that are sealed. */
  part: number;
  writer: ChainWriter | undefined;
}

/**
 * Seals day directories behind the index: of every range of a message chain that is closed and indexed, from the beginning of
 * the chain on (format section 15). It keeps nothing of its own: what is missing follows from both chains, so any process may
 * die at any moment, and several may race; the claim decides, and who loses compares.
 */
export class DayKeeper {
  readonly #parts: DayKeeperOptions;
  readonly #abort = new AbortController();
  readonly #states = new Map<string, ChainState>();
  #running: Promise<void> | undefined;
  readonly counts: DayCounts = { ranges: 0, directories: 0 };

  constructor(parts: DayKeeperOptions) {
    this.#parts = parts;
  }

  /** Follows the position of an index until `stop`. */
  start(position: () => Position | undefined, everyMs = EVERY_MS): void {
    this.#running ??= this.#follow(position, everyMs);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /**
   * Seals what is missing up to `position`, on all message chains. What is wrong with one chain is an alarm and keeps no other
   * chain from going on. @throws HoldfastError `store_unavailable` when not even governance can be read
   */
  async catchUp(position: Position): Promise<void> {
    const { governance, alarms } = this.#parts;
    await governance.refresh();
    // Several processes of the role begin in different places, so that they seldom build the same.
    const chains = [...governance.state.chains.keys()].filter((chain) => parseMessageChain(chain) !== undefined);
    const from = Math.floor(Math.random() * chains.length);
    for (const chain of [...chains.slice(from), ...chains.slice(0, from)]) {
      if (this.#stopped()) return;
      const place = `days ${chain}`;
      try {
        await this.#keep(chain, position.chains[chain] ?? 0);
        for (const code of ALARMS) alarms.clear(code, place);
      } catch (error) {
        this.#states.delete(chain);
        if (this.#stopped()) return;
        this.#raise(place, error);
      }
    }
  }

  async #follow(position: () => Position | undefined, everyMs: number): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const now = position();
        if (now !== undefined) await this.catchUp(now);
        for (const code of ALARMS) this.#parts.alarms.clear(code, 'days');
      } catch (error) {
        if (!this.#stopped()) this.#raise('days', error);
      }
      // Processes that were started together must not build the same directories together for ever.
      await pause(everyMs * (0.5 + Math.random()), signal).catch(() => undefined);
    }
  }

  #raise(place: string, error: unknown): void {
    const known = error instanceof HoldfastError ? error : new HoldfastError('chain_broken', 'it failed in an unforeseen way.', { cause: error });
    const severity = kindOf(known) === 'transient' ? 'waiting' : 'stopped';
    this.#parts.alarms.raise(ALARM_OF[known.code] ?? 'CONTENT_DAMAGED', place, severity, `Day directories: ${known.message}`);
  }

  /** A method, because the compiler takes a property that was false to stay so. */
  #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #keep(chain: string, end: number): Promise<void> {
    if (end === 0) return;
    for (let lost = 0; lost < MAX_LOST_RACES;) {
      const state = this.#states.get(chain) ?? (await this.#begin(chain));
      this.#states.set(chain, state);
      const range = await this.#nextRange(chain, state, end);
      if (range === undefined) return;
      if (state.writer === undefined) {
        state.writer = await this.#open(chain);
        // Another process has registered the chain, and begun, since this one looked.
        if (state.writer.head.seqs > 0) {
          this.#states.delete(chain);
          continue;
        }
      }
      const whole = await sealRange(this.#parts, state.writer, chain, range, state.part, this.#abort.signal, () => {
        state.part++;
        if (range.cohorts.length > 0) this.counts.directories++;
      });
      if (whole) {
        lost = 0;
        state.closed.shift();
        state.part = 0;
        this.counts.ranges++;
        this.#parts.onRange?.(chain, range);
      } else {
        lost++;
        this.#states.delete(chain);
      }
    }
    throw new HoldfastError('claim_lost', `${daysChain(chain)} moved on ${MAX_LOST_RACES} times while a range was sealed.`);
  }

  /** The next closed range before segment `end`. Manifests are read once while nothing fails, however often there is none. */
  async #nextRange(chain: string, state: ChainState, end: number): Promise<DayRange | undefined> {
    const { archive, governance } = this.#parts;
    while (state.closed.length === 0) {
      if (state.next >= end || this.#stopped()) return undefined;
      const committed = await readCommitted(archive, chain, state.next, governance.keys);
      if (committed === undefined) return undefined;
      const { manifest, hash } = committed;
      if (state.previous !== undefined && manifest.prev !== state.previous)
        throw new HoldfastError('chain_broken', `${chain} ${manifest.seq} does not follow ${chain} ${manifest.seq - 1}.`);
      state.closed.push(...state.ranges.take(manifest, hash));
      state.previous = hash;
      state.next++;
    }
    return state.closed[0];
  }

  async #begin(chain: string): Promise<ChainState> {
    const { archive, governance, reader } = this.#parts;
    const fresh = { ranges: new DayRanges(archive.crypto), closed: [], previous: undefined };
    if (!governance.state.chains.has(daysChain(chain))) return { ...fresh, next: 0, part: 0, writer: undefined };
    const writer = await this.#open(chain);
    const { last } = writer.head;
    if (last === undefined) return { ...fresh, next: 0, part: 0, writer };
    const covered = coveredAfter(await readDaySegment(archive, reader, last.manifest), `${writer.chain} ${last.manifest.seq}`);
    return { ...fresh, next: covered.nextSeq, part: covered.part, writer };
  }

  async #open(chain: string): Promise<ChainWriter> {
    const { archive, governance, clock } = this.#parts;
    const days = daysChain(chain);
    await this.#register(days);
    const writer = new ChainWriter(archive, clock, days, await readHead(archive, days, governance.keys, 0, governance.log));
    // Whoever wrote last may have obeyed a head that is newer than ours.
    await governance.refresh();
    return writer;
  }

  async #register(chain: string): Promise<void> {
    const { archive, governance } = this.#parts;
    if (governance.state.chains.has(chain)) return;
    const event = { id: toHex(archive.random(16)), time: archive.clock.now().toISOString(), principal: 'service:holdfast', chain };
    await governance.append((state) => (state.chains.has(chain) ? [] : [{ type: 'chain.registered', ...event }]), this.#abort.signal);
  }
}
