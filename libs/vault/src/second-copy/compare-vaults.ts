import { checkObjectKey } from '@holdfast/ports';
import type { Clock, ObjectVersion } from '@holdfast/ports';
import type { Crypto } from '@holdfast/seal';
import { sameClaim } from './copy-claims.js';
import { CopyTally } from './copy-findings.js';
import type { CopyFinding, CopyNoteCode } from './copy-findings.js';
import { unreadable } from './copy-objects.js';
import { hashOf, matchVersions, namedHash, needOf, wantedOf } from './match-versions.js';
import type { Need, Sides } from './match-versions.js';
import { pairedKeys } from './paired-keys.js';
import type { KeyPair, ReadableStore } from './paired-keys.js';
import { PROBE_PREFIX, sameArchive } from './same-archive.js';
import type { SourceStores } from './same-archive.js';
import { Transfers } from './transfers.js';
import type { InFlight } from './transfers.js';

export interface CompareOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Reads and hashes every byte on both sides. Otherwise large objects, whose keys name their hash, are compared by size. */
  readonly deep?: boolean;
  /** Versions of the source that were stored later are not asked for in the copy. Default: the moment of the call. */
  readonly before?: Date;
  /** Also the claims, where both sides have a claim store. */
  readonly claims?: boolean;
  readonly inFlight?: InFlight;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly looked: number; readonly findings: number; readonly place: string }) => void;
}

/** What two vaults have in common, and what not. */
export interface Comparison {
  /** True when there is no finding (notes do not count). */
  readonly ok: boolean;
  readonly archive: string;
  readonly deep: boolean;
  readonly before: string;
  readonly looked: number;
  readonly markers: number;
  readonly probes: number;
  readonly later: number;
  readonly findings: readonly CopyFinding[];
  readonly findingsTotal: number;
  readonly notes: readonly CopyFinding<CopyNoteCode>[];
  readonly notesTotal: number;
}

const IN_FLIGHT: InFlight = { tasks: 8, bytes: 128 * 1024 * 1024 };

/** Compares a copy with its source, key by key, both ways; writes to neither. Memory does not grow with them. */
export async function compareVaults(source: SourceStores, copy: SourceStores, options: CompareOptions): Promise<Comparison> {
  const transfers = new Transfers(options.inFlight ?? IN_FLIGHT, options.signal);
  const archive = await sameArchive(source, copy, options.crypto);
  const before = options.before ?? (await source.vault.now());
  const tally = new CopyTally();
  try {
    for (const name of ['wraps', 'vault'] as const) {
      const read = options.deep === true ? 'all' : 'small';
      const sides: Sides = { name, source: source[name], copy: copy[name], crypto: options.crypto, transfers, read };
      const comparer = new KeyComparer(sides, tally, before, options.clock.now());
      for await (const pair of pairedKeys(sides.source, sides.copy, '')) {
        await transfers.start(() => comparer.compare(pair));
        options.onProgress?.({ looked: tally.looked, findings: tally.findingsTotal, place: `${name}/${pair.key}` });
      }
      await transfers.end();
      if (comparer.relocated > 0)
        tally.note('RELOCATED', name, `${comparer.relocated} versions have another version id in the copy, as every copy gives them.`);
    }
    if (options.claims === true && source.claims !== undefined && copy.claims !== undefined)
      await compareClaims(source.claims, copy.claims, tally, transfers);
  } finally {
    await transfers.settle();
  }
  const { looked, markers, probes, later, findings, findingsTotal, notes, notesTotal } = tally;
  return {
    ok: findingsTotal === 0,
    archive,
    deep: options.deep === true,
    before: before.toISOString(),
    looked,
    markers,
    probes,
    later,
    findings,
    findingsTotal,
    notes,
    notesTotal,
  };
}

class KeyComparer {
  readonly #sides: Sides;
  readonly #tally: CopyTally;
  readonly #before: Date;
  readonly #now: Date;
  relocated = 0;

  constructor(sides: Sides, tally: CopyTally, before: Date, now: Date) {
    this.#sides = sides;
    this.#tally = tally;
    this.#before = before;
    this.#now = now;
  }

  async compare(pair: KeyPair): Promise<void> {
    const place = `${this.#sides.name}/${pair.key}`;
    if (pair.key.startsWith(PROBE_PREFIX)) {
      this.#tally.probes += pair.source.length + pair.copy.length;
      return;
    }
    this.#tally.looked += pair.source.length;
    if (pair.copy.some(({ deleteMarker }) => deleteMarker))
      this.#tally.add('EXTRA', place, 'a delete marker in the copy hides this key from readers that do not name a version.');
    for (const { deleteMarker } of pair.source) {
      if (!deleteMarker) continue;
      this.#tally.markers++;
      this.#tally.note('DELETE_MARKER', place, 'the source has a delete marker on this key; markers are not copied.');
    }
    try {
      checkObjectKey(pair.key);
      await this.#versions(pair, place);
    } catch (error) {
      const problem = unreadable(pair.key, error);
      if (problem === undefined) throw error;
      this.#tally.add('UNREADABLE', place, problem);
    }
  }

  async #versions(pair: KeyPair, place: string): Promise<void> {
    const { matches, extra } = await matchVersions(this.#sides, pair);
    const strange = [...extra];
    for (const { source, copy } of matches) {
      const judged = source.filter(({ lastModified }) => lastModified <= this.#before);
      const [first] = judged;
      this.#tally.later += source.length - judged.length;
      if (first === undefined) continue;
      if (copy.length > 0) {
        await this.#locks(judged, copy, place);
        continue;
      }
      const other = strange.shift();
      if (other === undefined) this.#tally.add('MISSING', place, `the copy has nothing of the version ${first.version} (${first.size} bytes).`);
      else this.#tally.add('DIFFERS', place, await this.#difference(first, other));
    }
    for (const version of strange) await this.#extra(version, place);
  }

  /** What the source has deleted when its time was over stays in the copy until somebody deletes it there. */
  async #extra(version: ObjectVersion, place: string): Promise<void> {
    const { lock, legalHold } = await this.#sides.copy.head(version.key, version.version);
    const what = `the version ${version.version} (${version.size} bytes) of the copy has no counterpart in the source`;
    if (lock !== null && lock.retainUntil <= this.#now && !legalHold) this.#tally.note('EXPIRED', place, `${what}; its lock has ended.`);
    else this.#tally.add('EXTRA', place, `${what}.`);
  }

  async #locks(source: readonly ObjectVersion[], copy: readonly ObjectVersion[], place: string): Promise<void> {
    const states = await Promise.all(source.map(({ key, version }) => this.#sides.source.head(key, version)));
    const wanted = wantedOf(states, this.#now);
    const there = await Promise.all(copy.map(async (version) => ({ version, state: await this.#sides.copy.head(version.key, version.version) })));
    if (!copy.some(({ version }) => source.some((other) => other.version === version))) this.relocated++;
    const need: Need = needOf(wanted, there);
    if (need.lock !== undefined) {
      const has = there[0]?.state.lock;
      const now = has === undefined || has === null ? 'without a lock' : `locked ${has.mode} until ${has.retainUntil.toISOString()}`;
      const then = wanted.lock === null ? '' : `${wanted.lock.mode} until ${wanted.lock.retainUntil.toISOString()}`;
      this.#tally.add('LOCK_SHORT', place, `${now}, the source says ${then}.`);
    }
    if (need.hold) this.#tally.add('HOLD_MISSING', place, 'the source is under legal hold, the copy is not.');
    if (need.heldAlone) this.#tally.note('HOLD_EXTRA', place, 'the copy is under a legal hold that the source does not have.');
  }

  /** Which of the two is right, where the key says so. */
  async #difference(source: ObjectVersion, copy: ObjectVersion): Promise<string> {
    const named = namedHash(source.key);
    if (named === undefined) return 'the copy holds other bytes.';
    const isNamed = async (store: ReadableStore, version: ObjectVersion): Promise<boolean> => (await hashOf(this.#sides, store, version)) === named;
    const [right, copied] = [await isNamed(this.#sides.source, source), await isNamed(this.#sides.copy, copy)];
    if (right === copied) return `the copy holds other bytes; ${right ? 'both are' : 'neither is'} what the key names.`;
    return right
      ? 'the copy holds other bytes than the key names.'
      : 'the bytes in the source are not those that the key names; those of the copy are.';
  }
}

async function compareClaims(
  source: NonNullable<SourceStores['claims']>,
  copy: NonNullable<SourceStores['claims']>,
  tally: CopyTally,
  transfers: Transfers,
): Promise<void> {
  for await (const key of source.list('')) {
    if (key.startsWith(PROBE_PREFIX)) continue;
    await transfers.start(async () => {
      const [here, there] = await Promise.all([source.read(key), copy.read(key)]);
      if (here === undefined) return;
      if (there === undefined) tally.add('MISSING', `claims/${key}`, 'the copy does not have this claim.');
      else if (!sameClaim(here, there)) tally.add('DIFFERS', `claims/${key}`, 'the claim of the copy names another manifest.');
    });
  }
  for await (const key of copy.list('')) {
    if (key.startsWith(PROBE_PREFIX)) continue;
    await transfers.start(async () => {
      if ((await source.read(key)) === undefined) tally.add('EXTRA', `claims/${key}`, 'the source does not have this claim.');
    });
  }
  await transfers.end();
}
