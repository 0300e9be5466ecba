import { HoldfastError, kindOf, parseMessageChain } from '@holdfast/record';
import type { AlarmCode, Alarms, Position } from '@holdfast/ports';
import { GOVERNANCE_CHAIN, readCommitted, readHead } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog, SegmentReader } from '@holdfast/vault';
import { recordsOf } from './segment-documents.js';
import type { SealedRecord } from './segment-documents.js';

/** How often a chain that cannot be read is looked at again; each look may read a whole segment. */
const DAMAGED_AGAIN_MS = 5_000;
/** How often the end of a chain is looked at for manifests without claims: a claim that is gone would look like the end for ever. */
const LOOK_BEHIND_MS = 60_000;
/** Segments of each chain between two looks at governance. */
const TURNS = 16;
/** Chains whose ends are looked at at the same time. */
const LOOKS_AT_ONCE = 8;

const ALARM_OF: Partial<Record<HoldfastError['code'], AlarmCode>> = {
  claims_rolled_back: 'CLAIMS_ROLLED_BACK',
  claim_unreadable: 'CLAIM_UNREADABLE',
  key_missing: 'KEY_MISSING',
  key_malformed: 'KEY_MISSING',
};

/** A segment that was read and verified, and is not indexed yet. */
export interface ReadSegment {
  readonly chain: string;
  readonly committed: Committed;
  readonly records: readonly SealedRecord[];
}

export interface SegmentFeedOptions {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
  readonly alarms: Alarms;
}

/** Reads and verifies what follows a position, on all message chains. Damage stays with the chain that has it. */
export class SegmentFeed {
  readonly #options: SegmentFeedOptions;
  readonly #signal: AbortSignal;
  /** The last segment given out of each chain: the next one must name it. */
  readonly #previous = new Map<string, Committed>();
  /** Chains with a segment that does not verify. The others go on: one damaged object must not end all search. */
  readonly #damaged = new Map<string, { readonly error: HoldfastError; readonly alarm: AlarmCode; readonly again: number }>();
  /** When the end of a chain was last looked behind. */
  readonly #lookedBehind = new Map<string, number>();

  constructor(options: SegmentFeedOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Forgets what was given out: whoever reads begins at another position. */
  begin(): void {
    this.#previous.clear();
  }

  /** @throws HoldfastError what is wrong with a chain that does not verify */
  throwIfDamaged(): void {
    for (const { error } of this.#damaged.values()) throw error;
  }

  /**
   * What is committed behind `position`, of all chains or `only` of these. Chains take turns, so that none waits for the
   * end of another. Ends when no chain has more, or after some turns, so that new chains are seen and keys are learnt.
   */
  async *segments(position: Position, only?: ReadonlySet<string>): AsyncGenerator<ReadSegment, undefined> {
    const { reader, governance } = this.#options;
    if ((await this.#isolated(GOVERNANCE_CHAIN, () => this.#lookBehind(GOVERNANCE_CHAIN, governance.head.next))) !== undefined)
      this.#mended(GOVERNANCE_CHAIN);
    const next = new Map<string, number>();
    for (const chain of governance.state.chains.keys()) {
      if (parseMessageChain(chain) !== undefined && only?.has(chain) !== false) next.set(chain, position.chains[chain] ?? 0);
    }
    for (let turn = 0; turn < TURNS; turn++) {
      const found = await this.#look(next);
      if (found.length === 0) break;
      for (const [chain, committed] of found) {
        const { manifest } = committed;
        const records = await this.#isolated(chain, () => {
          const previous = this.#previous.get(chain);
          if (previous !== undefined && manifest.prev !== previous.hash)
            throw new HoldfastError('chain_broken', `${chain} ${manifest.seq} does not follow ${chain} ${previous.manifest.seq}.`);
          return recordsOf(reader, manifest);
        });
        if (records === undefined) continue;
        this.#mended(chain);
        this.#previous.set(chain, committed);
        next.set(chain, manifest.seq + 1);
        yield { chain, committed, records };
      }
    }
    return undefined;
  }

  /** The next committed segment of each chain that has one. */
  async #look(next: ReadonlyMap<string, number>): Promise<[string, Committed][]> {
    const { archive, governance } = this.#options;
    const found: [string, Committed][] = [];
    const chains = next.entries();
    // Several lanes take from one iterator.
    const lane = async (): Promise<void> => {
      for (const [chain, seq] of chains) {
        if (this.#signal.aborted) return;
        if (Date.now() < (this.#damaged.get(chain)?.again ?? 0)) continue;
        const seen = await this.#isolated(
          chain,
          async () => (await readCommitted(archive, chain, seq, governance.keys)) ?? (await this.#lookBehind(chain, seq)),
        );
        if (seen === 'the end') this.#mended(chain);
        else if (seen !== undefined) found.push([chain, seen]);
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
    return found;
  }

  /** @throws HoldfastError `claims_rolled_back` */
  async #lookBehind(chain: string, end: number): Promise<'the end'> {
    const now = Date.now();
    if (now - (this.#lookedBehind.get(chain) ?? 0) >= LOOK_BEHIND_MS || this.#damaged.has(chain)) {
      await readHead(this.#options.archive, chain, this.#options.governance.keys, end);
      this.#lookedBehind.set(chain, now);
    }
    return 'the end';
  }

  /** Answers undefined when the chain is damaged. */
  async #isolated<T>(chain: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity' || error.code === 'index_rebuild_needed') throw error;
      const alarm = ALARM_OF[error.code] ?? 'CONTENT_DAMAGED';
      this.#damaged.set(chain, { error, alarm, again: Date.now() + DAMAGED_AGAIN_MS });
      this.#options.alarms.raise(alarm, `index ${chain}`, 'stopped', error.message);
      return undefined;
    }
  }

  #mended(chain: string): void {
    const mended = this.#damaged.get(chain);
    if (mended === undefined) return;
    this.#options.alarms.clear(mended.alarm, `index ${chain}`);
    this.#damaged.delete(chain);
  }
}
