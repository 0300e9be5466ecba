import type { Cohort } from './cohort.js';
import { periodCode } from './cohort.js';
import type { Crypto } from './crypto.js';
import type { RecordHead } from './record-bytes.js';
import { viewOf } from './bytes.js';

/** Bytes of a salt. */
export const SALT = 32;

/** What a leaf says of a record besides its salted commitment. */
export type LeafFields = Pick<RecordHead, 'timestampType' | 'offset' | 'gap' | 'timestamp'>;

/**
 * Computes leaf hashes of one object: `H(0x00 ‖ leaf data)` over format section 5. Holds one scratch buffer: a record
 * costs two one-shot hashes and no crypto object.
 */
export class LeafHasher {
  readonly #crypto: Crypto;
  readonly #leaf = new Uint8Array(63);
  readonly #view = viewOf(this.#leaf);

  constructor(crypto: Crypto, cohort: Pick<Cohort, 'classNumber' | 'period'>) {
    this.#crypto = crypto;
    this.#leaf[1] = 1;
    this.#view.setUint16(27, cohort.classNumber);
    this.#view.setUint16(29, periodCode(cohort));
  }

  /** Leaf hash of a record whose salt and bytes stand one after the other in `salted`, into `hashes` from `at` on. */
  hashInto(fields: LeafFields, salted: Uint8Array, hashes: Uint8Array, at: number): void {
    this.#fill(fields);
    this.#crypto.sha256Into(salted, this.#leaf, 31);
    this.#crypto.sha256Into(this.#leaf, hashes, at);
  }

  /** The 62 bytes of leaf data under a commitment, for proofs. */
  data(fields: LeafFields, commitment: Uint8Array): Uint8Array {
    this.#fill(fields);
    this.#leaf.set(commitment, 31);
    return this.#leaf.slice(1);
  }

  #fill(fields: LeafFields): void {
    this.#leaf[2] = fields.timestampType;
    this.#view.setBigUint64(3, fields.offset);
    this.#view.setBigUint64(11, fields.gap);
    this.#view.setBigInt64(19, fields.timestamp);
  }
}
