import { HoldfastError } from '@holdfast/record';
import { fromHex, viewOf } from '../bytes.js';
import type { Crypto } from '../crypto.js';
import { leafHash, rootInPlace } from '../merkle.js';

/** Bytes of a share: u64 seq ‖ u16 object number ‖ u32 count ‖ root. */
export const DAY_SHARE = 46;

/** What one content object has of something: some of its records, and the root over them (format section 15). */
export interface DayShare {
  readonly seq: number;
  /** Object number in its segment. */
  readonly no: number;
  readonly count: number;
  readonly root: Uint8Array;
}

export function encodeShare({ seq, no, count, root }: DayShare): Uint8Array {
  const bytes = new Uint8Array(DAY_SHARE);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(seq));
  view.setUint16(8, no);
  view.setUint32(10, count);
  bytes.set(root, 14);
  return bytes;
}

/** Shares one after the other, by rising place, none of them empty. @throws HoldfastError `format_malformed` */
export function parseShares(bytes: Uint8Array): DayShare[] {
  if (bytes.length === 0 || bytes.length % DAY_SHARE !== 0)
    throw new HoldfastError('format_malformed', 'shares have another length than they can have');
  const view = viewOf(bytes);
  const shares: DayShare[] = [];
  for (let at = 0; at < bytes.length; at += DAY_SHARE) {
    const seq = view.getBigUint64(at);
    const share = { seq: Number(seq), no: view.getUint16(at + 8), count: view.getUint32(at + 10), root: bytes.slice(at + 14, at + DAY_SHARE) };
    const before = shares.at(-1);
    const rises = before === undefined || before.seq < share.seq || (before.seq === share.seq && before.no < share.no);
    if (seq > BigInt(Number.MAX_SAFE_INTEGER) || share.count === 0 || !rises)
      throw new HoldfastError('format_malformed', 'shares do not rise, or one of them is empty');
    shares.push(share);
  }
  return shares;
}

/** Count and root over shares while they come; keeps 32 bytes of each. */
export class ShareTree {
  readonly #crypto: Crypto;
  #hashes = new Uint8Array(32 * 16);
  #shares = 0;
  /** Sum of their counts. */
  records = 0;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  get shares(): number {
    return this.#shares;
  }

  /** `root` in hexadecimal, as manifests have it. */
  add(seq: number, no: number, count: number, root: string): void {
    if (this.#hashes.length < (this.#shares + 1) * 32) {
      const larger = new Uint8Array(this.#hashes.length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes.set(leafHash(this.#crypto, encodeShare({ seq, no, count, root: fromHex(root, 32) })), this.#shares * 32);
    this.#shares++;
    this.records += count;
  }

  root(): Uint8Array {
    return rootInPlace(this.#crypto, this.#hashes.slice(0, this.#shares * 32), this.#shares);
  }
}
