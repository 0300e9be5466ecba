import { compareBytes, equalBytes, viewOf } from './bytes.js';
import type { Crypto } from './crypto.js';
import { leafHash, rootInPlace } from './merkle.js';

/** Bytes of a directory entry: label ‖ u32 count ‖ root. */
export const DIRECTORY_ENTRY = 68;

/** Count and root of the records without a key; always disclosed in the manifest. */
export interface Unattributed {
  readonly count: number;
  readonly root: Uint8Array;
}

/** A directory before encryption (format section 7). */
export interface Directory {
  readonly bytes: Uint8Array;
  readonly entries: number;
  readonly root: Uint8Array;
  readonly unattributed: Unattributed;
}

/** Called for each key of an object, with count and root of its records. */
export type ConversationVisitor = (key: Uint8Array, count: number, root: Uint8Array) => void;

interface Group {
  readonly key: Uint8Array;
  readonly indexes: number[];
}

/**
 * Collects which records belong to which Kafka key while leaves are made or checked. Look-ups go by a 32-bit hash of the
 * key and a comparison: making a string of every key cost more than hashing its leaf.
 */
export class DirectoryBuilder {
  readonly #groups = new Map<number, Group[]>();
  readonly #withoutKey: number[] = [];
  readonly #seed: number;

  /** `seed` is secret (from the label key), or a producer could choose keys that all collide. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds the record with this index. */
  add(key: Uint8Array | null, index: number): void {
    if (key === null) {
      this.#withoutKey.push(index);
      return;
    }
    const hash = hashOf(key, this.#seed);
    let groups = this.#groups.get(hash);
    if (groups === undefined) {
      groups = [];
      this.#groups.set(hash, groups);
    }
    for (const group of groups) {
      if (equalBytes(group.key, key)) {
        group.indexes.push(index);
        return;
      }
    }
    groups.push({ key: key.slice(), indexes: [index] });
  }

  /** The directory over the leaf hashes of the object (32 bytes each, by index). */
  build(crypto: Crypto, labelKey: Uint8Array, leafHashes: Uint8Array, visit?: ConversationVisitor): Directory {
    let largest = this.#withoutKey.length;
    for (const groups of this.#groups.values()) for (const { indexes } of groups) largest = Math.max(largest, indexes.length);
    const work = new Uint8Array(largest * 32);
    const rootFor = (indexes: readonly number[]): Uint8Array => {
      let at = 0;
      for (const index of indexes) {
        work.set(leafHashes.subarray(index * 32, index * 32 + 32), at);
        at += 32;
      }
      return rootInPlace(crypto, work, indexes.length);
    };
    const entries: Uint8Array[] = [];
    for (const groups of this.#groups.values()) {
      for (const { key, indexes } of groups) {
        const entry = new Uint8Array(DIRECTORY_ENTRY);
        entry.set(crypto.hmacSha256(labelKey, key), 0);
        viewOf(entry).setUint32(32, indexes.length);
        entry.set(rootFor(indexes), 36);
        visit?.(key, indexes.length, entry.slice(36));
        entries.push(entry);
      }
    }
    // Labels are distinct (distinct keys under one HMAC key), so bytewise order of entries is order of labels.
    entries.sort(compareBytes);
    const bytes = new Uint8Array(entries.length * DIRECTORY_ENTRY);
    const hashes = new Uint8Array(entries.length * 32);
    entries.forEach((entry, i) => {
      bytes.set(entry, i * DIRECTORY_ENTRY);
      hashes.set(leafHash(crypto, entry), i * 32);
    });
    return {
      bytes,
      entries: entries.length,
      root: rootInPlace(crypto, hashes, entries.length),
      unattributed: { count: this.#withoutKey.length, root: rootFor(this.#withoutKey) },
    };
  }
}

function hashOf(bytes: Uint8Array, seed: number): number {
  let hash = seed | 0;
  // An index loop: iterators cost more than the hash itself here.
  for (let i = 0; i < bytes.length; i++) {
    hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash;
}
