import { concat, utf8, viewOf } from './bytes.js';
import type { Crypto } from './crypto.js';

/** Where a content object stands: what its keys and every block of it are bound to. */
export interface ObjectPlace {
  /** Archive id, 32 bytes. */
  readonly archive: Uint8Array;
  readonly chain: string;
  readonly seq: number;
  /** Object number in its segment. */
  readonly no: number;
}

/** Keys of one attempt at one content object; no (key, nonce) pair ever repeats because `random` is fresh (format section 4). */
export interface ObjectKeys {
  readonly block: Uint8Array;
  readonly salt: Uint8Array;
  readonly label: Uint8Array;
  readonly commitment: Uint8Array;
  readonly labelCommitment: Uint8Array;
}

const EMPTY = new Uint8Array(0);
/** Salt and label key of clear objects. */
export const ZERO_KEY = new Uint8Array(32);

/** archive id ‖ lp(chain) ‖ u64 seq ‖ u16 object number. */
export function contextBytes(place: ObjectPlace): Uint8Array {
  const chain = utf8(place.chain);
  const bytes = new Uint8Array(32 + 2 + chain.length + 10);
  const view = viewOf(bytes);
  bytes.set(place.archive, 0);
  view.setUint16(32, chain.length);
  bytes.set(chain, 34);
  view.setBigUint64(34 + chain.length, BigInt(place.seq));
  view.setUint16(42 + chain.length, place.no);
  return bytes;
}

/** Derives all keys of an object from its data key and its 32 random bytes. */
export function deriveObjectKeys(crypto: Crypto, dataKey: Uint8Array, random: Uint8Array, place: ObjectPlace): ObjectKeys {
  const object = crypto.hkdfSha256(dataKey, random, concat(utf8('holdfast/1 object\0'), contextBytes(place)), 32);
  const derive = (name: string): Uint8Array => crypto.hkdfSha256(object, EMPTY, utf8(`holdfast/1 ${name}\0`), 32);
  const label = derive('label');
  return {
    block: derive('block'),
    salt: derive('salt'),
    label,
    commitment: derive('commit'),
    labelCommitment: labelCommitment(crypto, label),
  };
}

/** What the manifest says of a label key, so that a key disclosed later can be checked. */
export function labelCommitment(crypto: Crypto, labelKey: Uint8Array): Uint8Array {
  return crypto.sha256(concat(utf8('holdfast/1 label-commitment\0'), labelKey));
}

/** Kinds of encrypted parts, part of nonce and AAD. */
export type PartKind = 'block' | 'directory';

/** The GCM nonce of a part: u32 kind ‖ u64 number. */
export function partNonce(kind: PartKind, number: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = viewOf(nonce);
  view.setUint32(0, kind === 'block' ? 0 : 1);
  view.setBigUint64(4, BigInt(number));
  return nonce;
}

/** The AAD of a part: nothing can be moved, dropped from the end or taken from another object unnoticed. */
export function partAad(place: ObjectPlace, kind: PartKind, number: number, count: number): Uint8Array {
  const context = concat(utf8('holdfast/1 aad\0'), contextBytes(place));
  const bytes = new Uint8Array(context.length + 13);
  const view = viewOf(bytes);
  bytes.set(context, 0);
  view.setUint32(context.length, kind === 'block' ? 0 : 1);
  view.setUint32(context.length + 4, number);
  view.setUint32(context.length + 8, count);
  bytes[context.length + 12] = number === count - 1 ? 1 : 0;
  return bytes;
}
