import { concat, equalBytes, fromHex, toHex } from '@holdfast/seal';
import type { Crypto, Manifest } from '@holdfast/seal';
import type { Finding } from '../findings.js';
import { finding } from '../findings.js';

const NOTHING = new Uint8Array(32);

/**
 * What the log says of one chain, kept small: a running digest over the manifest hashes instead of the hashes, and the
 * length of `gov` at the entries where it had changed.
 */
export class ChainInLog {
  next = 0;
  hash: Uint8Array = NOTHING;
  #digest: Uint8Array = NOTHING;
  readonly #gov: { readonly seq: number; readonly next: number }[] = [];

  /** Takes the entry of number `next`; `govNext` entries of gov stand before it. */
  take(crypto: Crypto, hash: Uint8Array, govNext: number): void {
    if (this.#gov.at(-1)?.next !== govNext) this.#gov.push({ seq: this.next, next: govNext });
    this.#digest = crypto.sha256(concat(this.#digest, hash));
    this.hash = hash;
    this.next++;
  }

  get digest(): Uint8Array {
    return this.#digest;
  }

  /** Entries of gov before the entry of `seq`. Numbers are asked for in rising order. */
  govBefore(seq: number): number {
    let first = this.#gov[0];
    while (this.#gov.length > 1 && (this.#gov[1]?.seq ?? Infinity) <= seq) {
      this.#gov.shift();
      first = this.#gov[0];
    }
    return first?.next ?? 0;
  }
}

/** As much of a committed manifest as the comparison needs. */
export interface ComparedManifest {
  readonly manifest: Pick<Manifest, 'seq' | 'records' | 'governance'>;
  readonly hash: string;
}

/** Segments and records that are not under some position of the log. */
export interface Younger {
  readonly segments: number;
  readonly records: number;
}

/** Compares a chain with what the log says of it, while it is walked from seq 0 on. */
export class ChainComparison {
  readonly #crypto: Crypto;
  readonly #chain: string;
  readonly #log: ChainInLog;
  readonly #anchored: number;
  readonly #add: (found: Finding) => void;
  #digest: Uint8Array = NOTHING;
  #complete = true;
  #seen = 0;
  #tail = { segments: 0, records: 0 };
  #younger = { segments: 0, records: 0 };

  /** `anchored`: entries of the chain under the newest anchor. */
  constructor(crypto: Crypto, chain: string, log: ChainInLog, anchored: number, add: (found: Finding) => void) {
    this.#crypto = crypto;
    this.#chain = chain;
    this.#log = log;
    this.#anchored = anchored;
    this.#add = add;
  }

  /** Committed manifests the log does not have yet. */
  get tail(): Younger {
    return this.#tail;
  }

  /** Committed manifests that are younger than the newest anchor. */
  get younger(): Younger {
    return this.#younger;
  }

  take({ manifest, hash }: ComparedManifest): void {
    const { seq, records, governance } = manifest;
    if (seq >= this.#anchored) {
      this.#younger.segments++;
      this.#younger.records += records;
    }
    if (seq >= this.#log.next) {
      this.#tail.segments++;
      this.#tail.records += records;
      return;
    }
    // A number that is missing is reported by the walk over the chain.
    if (seq !== this.#seen) this.#complete = false;
    this.#seen = seq + 1;
    this.#digest = this.#crypto.sha256(concat(this.#digest, fromHex(hash, 32)));
    const place = `${this.#chain} ${seq}`;
    if (this.#chain !== 'gov' && governance.next > this.#log.govBefore(seq))
      this.#add(finding('LOG_DIFFERS', place, `it stands in the log before the governance head ${governance.next} that it names.`));
    if (seq !== this.#log.next - 1) return;
    if (!equalBytes(fromHex(hash, 32), this.#log.hash))
      this.#add(finding('LOG_DIFFERS', place, `its hash is ${hash}, the log has ${toHex(this.#log.hash)}: one of them was exchanged.`));
    else if (this.#complete && !equalBytes(this.#digest, this.#log.digest))
      this.#add(finding('LOG_DIFFERS', place, 'the log has other hashes for manifests before it than the chain.'));
  }

  /** After the walk: the chain has `end` numbers. */
  finish(end: number): void {
    if (end >= this.#log.next) return;
    this.#add(
      finding(
        'MANIFEST_MISSING',
        `${this.#chain} ${end}`,
        `the log has manifests of this chain up to number ${this.#log.next - 1}: the end of the chain was removed.`,
      ),
    );
  }
}
