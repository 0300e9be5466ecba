import { concat } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { GovChanges } from './gov-changes.js';

export const NOTHING = new Uint8Array(32);

/** What the log says of a chain up to some number. */
export interface LogMark {
  /** Hash of the manifest right before that number. */
  readonly hash: Uint8Array;
  /** Over all hashes before it. */
  readonly digest: Uint8Array;
}

/**
 * What the log says of one chain, kept small: a running digest over the manifest hashes instead of the hashes, with the marks
 * that somebody will ask for, and the length of `gov` at the entries where it had changed.
 */
export class ChainInLog {
  next = 0;
  hash: Uint8Array = NOTHING;
  #digest: Uint8Array = NOTHING;
  readonly #gov = new GovChanges();
  readonly #wanted: ReadonlySet<number>;
  readonly #marks = new Map<number, LogMark>();

  /** `marks`: numbers that `at` will be asked for, besides the end. */
  constructor(marks: Iterable<number> = []) {
    this.#wanted = new Set(marks);
  }

  /** Takes the entry of number `next`; `govNext` entries of gov stand before it. */
  take(crypto: Crypto, hash: Uint8Array, govNext: number): void {
    this.#gov.push(this.next, govNext);
    this.#digest = crypto.sha256(concat(this.#digest, hash));
    this.hash = hash;
    this.next++;
    if (this.#wanted.has(this.next)) this.#marks.set(this.next, { hash, digest: this.#digest });
  }

  /** After `next` entries of the chain; undefined where nobody said that it would be asked for, and behind the end. */
  at(next: number): LogMark | undefined {
    if (next === 0) return { hash: NOTHING, digest: NOTHING };
    return next === this.next ? { hash: this.hash, digest: this.#digest } : this.#marks.get(next);
  }

  /** Entries of gov before the entry of `seq`. Numbers are asked for in rising order. */
  govBefore(seq: number): number {
    return this.#gov.before(seq);
  }
}
