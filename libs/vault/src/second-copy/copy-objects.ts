import { checkObjectKey } from '@holdfast/ports';
import type { Lock, LockMode, ObjectStore, ObjectVersion } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { toHex } from '@holdfast/seal';
import type { CopyTally } from './copy-findings.js';
import { matchVersions, namedHash, needOf, wantedOf } from './match-versions.js';
import type { Match, Need, Sides, Wanted } from './match-versions.js';
import type { KeyPair } from './paired-keys.js';

/** A lock that has ended, or never was, cannot be set again; the shortest that every store takes, whatever its clock, is a day. */
const SHORTEST_LOCK_MS = 24 * 3600 * 1000;

/** What a run has stored. */
export interface CopyCounts {
  /** Versions put. */
  copied: number;
  bytes: number;
  /** Locks made longer and holds set on versions that were there. */
  relocked: number;
  held: number;
}

/** One thing to be done to the copy. */
interface Deed {
  readonly match: Match;
  readonly wanted: Wanted;
  readonly need: Need;
}

/** Brings the versions of single keys into one store of the copy. */
export class ObjectCopier {
  readonly #sides: Sides;
  readonly #store: ObjectStore;
  readonly #tally: CopyTally;
  readonly #counts: CopyCounts;
  readonly #now: () => Date;

  constructor(sides: Sides, store: ObjectStore, tally: CopyTally, counts: CopyCounts, now: () => Date) {
    this.#sides = sides;
    this.#store = store;
    this.#tally = tally;
    this.#counts = counts;
    this.#now = now;
  }

  async copy(pair: KeyPair): Promise<void> {
    await this.act(await this.look(pair));
  }

  /** What a key needs; reads only. */
  async look(pair: KeyPair): Promise<readonly Deed[]> {
    this.#tally.looked += pair.source.length;
    this.#tally.markers += pair.source.filter(({ deleteMarker }) => deleteMarker).length;
    if (pair.source.length === 0) return [];
    return (await this.#readable(pair.key, () => this.#look(pair))) ?? [];
  }

  async #look(pair: KeyPair): Promise<readonly Deed[]> {
    checkObjectKey(pair.key);
    const deeds: Deed[] = [];
    const { matches, extra } = await matchVersions(this.#sides, pair);
    if (extra.length > 0)
      this.#tally.add('DIFFERS', this.#placeOf(pair.key), 'the copy holds a version with other bytes beside what the source has; it was left alone.');
    for (const match of matches) {
      const states = await Promise.all(match.source.map(({ key, version }) => this.#sides.source.head(key, version)));
      const wanted = wantedOf(states, this.#now());
      const there = await Promise.all(match.copy.map(async (version) => ({ version, state: await this.#store.head(version.key, version.version) })));
      const need = needOf(wanted, there);
      if (need.version !== undefined && need.lock === undefined && !need.hold) continue;
      // A version that was never locked gets the lock that can be taken away again.
      const mode: LockMode = states.some(({ lock }) => lock?.mode === 'COMPLIANCE') ? 'COMPLIANCE' : 'GOVERNANCE';
      deeds.push({ match, wanted: { ...wanted, lock: wanted.lock ?? { mode, retainUntil: new Date(0) } }, need });
    }
    return deeds;
  }

  /** Does it, oldest version first. A kill between any two calls leaves less than was wanted, which the next run sees. */
  async act(deeds: readonly Deed[]): Promise<void> {
    for (const { match, wanted, need } of deeds) {
      this.#sides.transfers.throwIfStopped();
      const [source] = match.source;
      if (source === undefined) continue;
      await this.#readable(source.key, async () => {
        const version = need.version?.version ?? (await this.#put(source, wanted.lock));
        if (version === undefined) return;
        if (need.version !== undefined && need.lock !== undefined) {
          await this.#store.extendLock(source.key, version, need.lock);
          this.#counts.relocked++;
        }
        if (!need.hold) return;
        await this.#store.setLegalHold(source.key, version, true);
        this.#counts.held++;
      });
    }
  }

  /** Stores the bytes; the store itself reads size and lock of the new version back before it answers. */
  async #put(source: ObjectVersion, lock: Lock | null): Promise<string | undefined> {
    const { crypto, transfers } = this.#sides;
    return transfers.holding(source.size, async () => {
      const bytes = await this.#sides.source.get(source.key, source.version);
      const named = namedHash(source.key);
      if (named !== undefined && named !== toHex(crypto.sha256(bytes))) {
        this.#tally.add(
          'SOURCE_DAMAGED',
          this.#placeOf(source.key),
          `the bytes of the version ${source.version} in the source are not those that its key names; it was not copied.`,
        );
        return undefined;
      }
      const least = new Date(Math.ceil((this.#now().getTime() + SHORTEST_LOCK_MS) / 1000) * 1000);
      const retainUntil = lock !== null && lock.retainUntil > least ? lock.retainUntil : least;
      const version = await this.#store.put(source.key, bytes, { mode: lock?.mode ?? 'GOVERNANCE', retainUntil });
      this.#counts.copied++;
      this.#counts.bytes += bytes.length;
      return version;
    });
  }

  /** What cannot be read is a finding and keeps nothing else from being copied; a store that is away ends the run. */
  async #readable<T>(key: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const problem = unreadable(key, error);
      if (problem === undefined) throw error;
      this.#tally.add('UNREADABLE', this.#placeOf(key), problem);
      return undefined;
    }
  }

  #placeOf(key: string): string {
    return `${this.#sides.name}/${key}`;
  }
}

/** Why one key cannot be read, when it is that key alone; undefined for anything that is wrong with the store. */
export function unreadable(key: string, error: unknown): string | undefined {
  if (!(error instanceof HoldfastError)) return undefined;
  if (error.code === 'object_missing' || error.code === 'content_damaged') return `it was listed and cannot be read: ${error.message}.`;
  try {
    checkObjectKey(key);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof HoldfastError)) throw cause;
    return `this is no name of ours: ${cause.message}.`;
  }
}
