import type { Lock, ObjectKey, ObjectState, ObjectVersion } from '@holdfast/ports';
import { toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import type { KeyPair, ReadableStore } from './paired-keys.js';
import type { Transfers } from './transfers.js';

/** Objects up to this size are read and hashed by every comparison: manifests, wraps, genesis, statements. */
export const SMALL_BYTES = 64 * 1024;

/** Two stores of one kind, and how closely they are looked at. */
export interface Sides {
  /** `vault` or `wraps`. */
  readonly name: string;
  readonly source: ReadableStore;
  readonly copy: ReadableStore;
  readonly crypto: Crypto;
  readonly transfers: Transfers;
  /**
   * Which bytes are read on both sides where a size is met once on each: `unnamed` = those whose key does not name their
   * hash, `small` = also those up to 64 KiB, `all` = every byte.
   */
  readonly read: 'unnamed' | 'small' | 'all';
}

/** The same bytes in both stores, or in the source alone. */
export interface Match {
  /** Versions of the source with these bytes, oldest first; at least one. */
  readonly source: readonly ObjectVersion[];
  /** Versions of the copy with these bytes, newest first. */
  readonly copy: readonly ObjectVersion[];
}

export interface Matches {
  /** Oldest first, so that what is put in this order is listed in the order of the source. */
  readonly matches: readonly Match[];
  /** Versions of the copy with bytes that no version of the source has. */
  readonly extra: readonly ObjectVersion[];
}

/**
 * Which versions of a key hold the same bytes. Version ids say nothing: a copy has its own. Sizes tell most of it; where a
 * size is met several times on one side only the bytes can (a shadow version has the size of what it shadows).
 */
export async function matchVersions(sides: Sides, pair: KeyPair): Promise<Matches> {
  const source = pair.source.filter(({ deleteMarker }) => !deleteMarker).reverse();
  const copy = pair.copy.filter(({ deleteMarker }) => !deleteMarker);
  const identity = async (store: ReadableStore, version: ObjectVersion): Promise<string> => {
    const { size } = version;
    const here = source.filter((other) => other.size === size).length;
    const there = copy.filter((other) => other.size === size).length;
    // With nothing of that size on the other side there is nothing to tell apart.
    const both = here === 1 && there === 1;
    if (here + there === 1 || (both && !isRead(sides.read, pair.key, size))) return String(size);
    return `${size} ${await hashOf(sides, store, version)}`;
  };
  const matches = new Map<string, { readonly source: ObjectVersion[]; readonly copy: ObjectVersion[] }>();
  for (const version of source) {
    const name = await identity(sides.source, version);
    const match = matches.get(name) ?? { source: [], copy: [] };
    match.source.push(version);
    matches.set(name, match);
  }
  const extra: ObjectVersion[] = [];
  for (const version of copy) (matches.get(await identity(sides.copy, version))?.copy ?? extra).push(version);
  return { matches: [...matches.values()], extra };
}

function isRead(read: Sides['read'], key: ObjectKey, size: number): boolean {
  return read === 'all' || (read === 'small' && size <= SMALL_BYTES) || namedHash(key) === undefined;
}

/** SHA-256 of a version, hex; its bytes count against the budget while they are in memory. */
export function hashOf({ crypto, transfers }: Pick<Sides, 'crypto' | 'transfers'>, store: ReadableStore, version: ObjectVersion): Promise<string> {
  return transfers.holding(version.size, async () => toHex(crypto.sha256(await store.get(version.key, version.version))));
}

/** The SHA-256 of the bytes that a key names, always at its end (format section 2), or undefined for a key that names none. */
export function namedHash(key: ObjectKey): string | undefined {
  return /[/-]([0-9a-f]{64})\.[a-z]+$/.exec(key)?.[1];
}

/** What the source asks of a copy of the same bytes: of several versions the strongest lock, and a hold that any has. */
export interface Wanted {
  /** null: nothing is demanded (never locked, or the lock has ended). */
  readonly lock: Lock | null;
  readonly legalHold: boolean;
}

export function wantedOf(states: readonly ObjectState[], now: Date): Wanted {
  const locks = states.map(({ lock }) => lock).filter((lock) => lock !== null && lock.retainUntil > now);
  const lock = locks.reduce((strongest, each) => {
    if (strongest === null || each === null) return strongest ?? each;
    return {
      mode: strongest.mode === 'COMPLIANCE' ? strongest.mode : each.mode,
      retainUntil: strongest.retainUntil > each.retainUntil ? strongest.retainUntil : each.retainUntil,
    };
  }, null);
  return { lock, legalHold: states.some(({ legalHold }) => legalHold) };
}

/** What the best of the versions that are there still needs; `version` undefined: none of them can become good enough. */
export interface Need {
  readonly version: ObjectVersion | undefined;
  /** The lock to be set; undefined when it is long enough. */
  readonly lock: Lock | undefined;
  readonly hold: boolean;
  /** A hold that the source does not have (any more). */
  readonly heldAlone: boolean;
}

export function needOf(wanted: Wanted, there: readonly { readonly version: ObjectVersion; readonly state: ObjectState }[]): Need {
  const needs = there.map(({ version, state }): Need => {
    const lock = lockNeeded(wanted.lock, state.lock);
    return {
      // A mode is never changed: these bytes must be stored once more.
      version: lock !== undefined && state.lock !== null && state.lock.mode !== lock.mode ? undefined : version,
      lock,
      hold: wanted.legalHold && !state.legalHold,
      heldAlone: state.legalHold && !wanted.legalHold,
    };
  });
  const rank = ({ version, lock, hold }: Need): number => (version === undefined ? 4 : 0) + (lock === undefined ? 0 : 2) + (hold ? 1 : 0);
  const [best] = needs.sort((a, b) => rank(a) - rank(b));
  return best ?? { version: undefined, lock: wanted.lock ?? undefined, hold: wanted.legalHold, heldAlone: false };
}

/** COMPLIANCE does for GOVERNANCE, never the other way round. */
function lockNeeded(wanted: Lock | null, has: Lock | null): Lock | undefined {
  if (wanted === null) return undefined;
  if (has === null) return wanted;
  if (wanted.mode === 'COMPLIANCE' && has.mode === 'GOVERNANCE') return wanted;
  return has.retainUntil >= wanted.retainUntil ? undefined : { mode: has.mode, retainUntil: wanted.retainUntil };
}
