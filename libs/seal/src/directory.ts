import { compareBytes, viewOf } from './bytes.js';
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

/**
 * Collects which records belong to which Kafka key while leaves are made or checked. Keys are kept as latin1 strings: one
 * character a byte, so that a Map finds them without hashing of ours.
 */
export class DirectoryBuilder {
  readonly #byKey = new Map<string, number[]>();
  readonly #withoutKey: number[] = [];

  /** Adds the record with this index. */
  add(key: Uint8Array | null, index: number): void {
    if (key === null) {
      this.#withoutKey.push(index);
      return;
    }
    const name = latin1(key);
    const indexes = this.#byKey.get(name);
    if (indexes === undefined) this.#byKey.set(name, [index]);
    else indexes.push(index);
  }

  /** The directory over the leaf hashes of the object (32 bytes each, by index). */
  build(crypto: Crypto, labelKey: Uint8Array, leafHashes: Uint8Array): Directory {
    let largest = this.#withoutKey.length;
    for (const indexes of this.#byKey.values()) largest = Math.max(largest, indexes.length);
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
    for (const [name, indexes] of this.#byKey) {
      const entry = new Uint8Array(DIRECTORY_ENTRY);
      entry.set(crypto.hmacSha256(labelKey, fromLatin1(name)), 0);
      viewOf(entry).setUint32(32, indexes.length);
      entry.set(rootFor(indexes), 36);
      entries.push(entry);
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

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
