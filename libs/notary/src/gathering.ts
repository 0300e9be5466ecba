import { HoldfastError, kindOf } from '@holdfast/record';
import type { Alarms } from '@holdfast/ports';
import { fromHex } from '@holdfast/seal';
import { BATCH_HEADER_BYTES, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, encodeEntry } from '@holdfast/tlog';
import type { LogFold, ManifestEntry } from '@holdfast/tlog';
import { GOVERNANCE_CHAIN, loggedHash } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog } from '@holdfast/vault';
import { Admission } from './admission.js';

const AT_ONCE = 8;
/** How often a chain that was stopped is looked at again: what it lacks may have been restored. */
const AGAIN_MS = 60_000;
/** A tick at the end, with the length before it. */
const TICK_BYTES = 2 + 1 + 8 + 4 + 4 + 32;

/** What a batch has room for. */
class Room {
  #entries = MAX_BATCH_ENTRIES - 1;
  #bytes = MAX_BATCH_BYTES - BATCH_HEADER_BYTES - TICK_BYTES;

  take(entry: ManifestEntry): boolean {
    const length = 2 + encodeEntry(entry).length;
    if (this.#entries < 1 || this.#bytes < length) return false;
    this.#entries--;
    this.#bytes -= length;
    return true;
  }
}

/** Manifests for the next batch. */
export interface Gathered {
  readonly entries: readonly ManifestEntry[];
  /** More is committed than a batch takes. */
  readonly more: boolean;
}

/**
 * Follows every registered chain from where the log has it to where its claims end. A manifest that does not pass stops its
 * chain, never the log; others wait for the governance head that they name.
 */
export class Gathering {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #alarms: Alarms;
  readonly #admission: Admission;
  /** The last manifest of a chain in the log, without its objects: what the next one is compared with. */
  readonly #previous = new Map<string, Committed>();
  /** Chains that stand still: when to look again. */
  readonly #stopped = new Map<string, number>();

  constructor(archive: Archive, governance: GovernanceLog, alarms: Alarms) {
    this.#archive = archive;
    this.#governance = governance;
    this.#alarms = alarms;
    this.#admission = new Admission(archive, governance);
  }

  /** Chains that stand still in the log because of a manifest that does not pass. */
  get stopped(): readonly string[] {
    return [...this.#stopped.keys()];
  }

  async gather(fold: LogFold): Promise<Gathered> {
    const room = new Room();
    const gov = await this.#chain(GOVERNANCE_CHAIN, fold, fold.next(GOVERNANCE_CHAIN), room);
    const loggedGov = fold.next(GOVERNANCE_CHAIN) + gov.entries.length;
    // A chain's first entry stands behind its registration (rule 3).
    const chains = [...this.#governance.state.chains.values()].filter(({ from }) => from <= loggedGov);
    const found: Gathered[] = chains.map(() => ({ entries: [], more: false }));
    const waiting = chains.entries();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const [i, { chain }] of waiting) found[i] = await this.#chain(chain, fold, loggedGov, room);
      }),
    );
    const all = [gov, ...found];
    return { entries: all.flatMap(({ entries }) => entries), more: all.some(({ more }) => more) };
  }

  async #chain(chain: string, fold: LogFold, loggedGov: number, room: Room): Promise<Gathered> {
    const now = this.#archive.clock.now().getTime();
    if (now < (this.#stopped.get(chain) ?? Number.NEGATIVE_INFINITY)) return { entries: [], more: false };
    const entries: ManifestEntry[] = [];
    try {
      const more = await this.#follow(chain, fold, loggedGov, room, entries);
      if (this.#stopped.delete(chain)) this.#alarms.clear('LOG_CHAIN_STOPPED', chain);
      return { entries, more };
    } catch (error) {
      if (!(error instanceof HoldfastError) || kindOf(error) !== 'integrity') throw error;
      // What stood before it in the chain is sound and goes into the log.
      this.#stopped.set(chain, now + AGAIN_MS);
      this.#alarms.raise('LOG_CHAIN_STOPPED', chain, 'stopped', `The log takes nothing more of ${chain}: ${error.message}`);
      return { entries, more: false };
    }
  }

  /** Fills `entries`; true when the batch is full before the chain is at its end. */
  async #follow(chain: string, fold: LogFold, loggedGov: number, room: Room, entries: ManifestEntry[]): Promise<boolean> {
    const next = fold.next(chain);
    const logged = loggedHash(fold, chain);
    let previous = this.#previous.get(chain);
    // Another notary may have gone on since, or a batch of ours was lost.
    if (previous?.hash !== logged) previous = logged === undefined ? undefined : await this.#admission.last(chain, next, logged);
    for await (const placed of this.#admission.manifests(chain, next)) {
      // gov obeys what lies before it in gov itself, in this batch too.
      const verdict = await this.#admission.judge(placed, previous, chain === GOVERNANCE_CHAIN ? next + entries.length : loggedGov);
      if (verdict.verdict === 'waits') return false;
      const { manifest, hash } = verdict.committed;
      const entry = { type: 'manifest', chain, seq: manifest.seq, hash: fromHex(hash, 32) } as const;
      if (!room.take(entry)) return true;
      if (chain === GOVERNANCE_CHAIN) this.#admission.noteGovernance(manifest.seq, hash);
      previous = { manifest: { ...manifest, objects: [] }, hash };
      entries.push(entry);
      this.#previous.set(chain, previous);
    }
    return false;
  }
}
