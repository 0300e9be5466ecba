import { concat, equalBytes, fromHex, toHex } from '@holdfast/seal';
import type { Crypto, Manifest } from '@holdfast/seal';
import type { Finding } from '../findings.js';
import { finding } from '../findings.js';
import { NOTHING } from './chain-in-log.js';
import type { ChainInLog } from './chain-in-log.js';

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

/** How far a comparison came, to go on from. Hashes are hex. */
export interface ComparisonState {
  /** The number behind the last manifest that was taken. */
  readonly next: number;
  readonly digest: string;
  /** Every manifest before `next` was seen. */
  readonly complete: boolean;
  readonly tail: Younger;
  readonly younger: Younger;
  /** Entries of the chain that were under an anchor then. */
  readonly anchored: number;
  /** What the log had of the chain then. */
  readonly log: { readonly next: number; readonly digest: string };
}

export interface ComparisonOptions {
  readonly crypto: Crypto;
  readonly chain: string;
  readonly log: ChainInLog;
  /** Entries of the chain under the newest anchor. */
  readonly anchored: number;
  readonly add: (found: Finding) => void;
  /** The walk begins with this number; the log has a mark there. */
  readonly from?: number;
  /** The walk ends before this number; the log has a mark there. */
  readonly to?: number;
  /** Goes on from here; the log has marks at `next` and `log.next`. */
  readonly state?: ComparisonState;
}

/** Compares a chain with what the log says of it, while it is walked. */
export class ChainComparison {
  readonly #options: ComparisonOptions;
  /** Numbers below it are compared. */
  readonly #end: number;
  #digest: Uint8Array;
  #complete: boolean;
  #seen: number;
  #tail = { segments: 0, records: 0 };
  #younger = { segments: 0, records: 0 };

  constructor(options: ComparisonOptions) {
    const { log, from = 0, to = Infinity, state } = options;
    this.#options = options;
    this.#end = Math.min(log.next, to);
    const mark = log.at(from);
    this.#digest = mark?.digest ?? NOTHING;
    this.#complete = mark !== undefined;
    this.#seen = from;
    if (state !== undefined) this.#goOn(state);
  }

  /** Committed manifests the log does not have yet. */
  get tail(): Younger {
    return this.#tail;
  }

  /** Committed manifests that are younger than the newest anchor. */
  get younger(): Younger {
    return this.#younger;
  }

  get state(): ComparisonState {
    const { log, anchored } = this.#options;
    return {
      next: this.#seen,
      digest: toHex(this.#digest),
      complete: this.#complete,
      tail: { ...this.#tail },
      younger: { ...this.#younger },
      anchored,
      log: { next: log.next, digest: toHex(log.at(log.next)?.digest ?? NOTHING) },
    };
  }

  take({ manifest, hash }: ComparedManifest): void {
    const { chain, log, anchored, crypto, add } = this.#options;
    const { seq, records, governance } = manifest;
    if (seq >= anchored) {
      this.#younger.segments++;
      this.#younger.records += records;
    }
    if (seq >= log.next) {
      this.#tail.segments++;
      this.#tail.records += records;
    }
    // A number that is missing is reported by the walk over the chain.
    if (seq !== this.#seen) this.#complete = false;
    this.#seen = seq + 1;
    this.#digest = crypto.sha256(concat(this.#digest, fromHex(hash, 32)));
    if (seq >= log.next) return;
    const place = `${chain} ${seq}`;
    if (chain !== 'gov' && governance.next > log.govBefore(seq))
      add(finding('LOG_DIFFERS', place, `it stands in the log before the governance head ${governance.next} that it names.`));
    const mark = seq === this.#end - 1 ? log.at(this.#end) : undefined;
    if (mark === undefined) return;
    if (!equalBytes(fromHex(hash, 32), mark.hash))
      add(finding('LOG_DIFFERS', place, `its hash is ${hash}, the log has ${toHex(mark.hash)}: one of them was exchanged.`));
    else if (this.#complete && !equalBytes(this.#digest, mark.digest))
      add(finding('LOG_DIFFERS', place, 'the log has other hashes for manifests before it than the chain.'));
  }

  /** After the walk, which came to number `end`. */
  finish(end: number): void {
    if (end >= this.#end) return;
    this.#options.add(
      finding(
        'MANIFEST_MISSING',
        `${this.#options.chain} ${end}`,
        `the log has manifests of this chain up to number ${this.#options.log.next - 1}: the end of the chain was removed.`,
      ),
    );
  }

  /** The log has been walked anew since: it must still say what it said, and may say more. */
  #goOn(state: ComparisonState): void {
    const { chain, log, add } = this.#options;
    this.#digest = fromHex(state.digest, 32);
    this.#complete = state.complete;
    this.#seen = state.next;
    this.#tail = { ...state.tail };
    this.#younger = { ...state.younger };
    const place = `${chain} ${state.next - 1}`;
    if (log.next < state.log.next) {
      add(
        finding(
          'LOG_ROLLED_BACK',
          place,
          `the log had ${state.log.next} manifests of this chain before the interruption, now ${log.next}: its end was cut off.`,
        ),
      );
      return;
    }
    const before = log.at(state.log.next);
    if (before !== undefined && toHex(before.digest) !== state.log.digest)
      add(finding('LOG_DIFFERS', place, 'the log has other hashes for this chain than before the interruption.'));
    // What it has got since covers what was walked.
    const now = log.next >= state.next ? log.at(state.next) : undefined;
    if (now === undefined) return;
    this.#tail = { segments: 0, records: 0 };
    if (state.complete && toHex(now.digest) !== state.digest)
      add(finding('LOG_DIFFERS', place, 'the log has other hashes for manifests up to it than the chain.'));
  }
}
