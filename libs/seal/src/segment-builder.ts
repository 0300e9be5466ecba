import { HoldfastError } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import type { Cohort } from './cohort.js';
import type { Crypto } from './crypto.js';
import { ObjectBuilder } from './object-builder.js';
import type { ObjectSecret, SealedObject } from './object-builder.js';
import { segmentRoot } from './trailer.js';

/** Offsets `from ≤ x < to` that are lost, with the reason sealed in `gov`. */
export interface Loss {
  readonly from: bigint;
  readonly to: bigint;
  readonly reason: string;
}

/** A segment's content, before its manifest. */
export interface SealedSegment {
  readonly first: bigint;
  readonly next: bigint;
  readonly records: number;
  readonly holes: { readonly count: number; readonly sum: bigint; readonly losses: readonly Loss[] };
  readonly root: Uint8Array;
  readonly objects: readonly SealedObject[];
}

/**
 * Builds the content of one segment from records in offset order: one object per cohort and encryption (format
 * sections 3 to 8). Single use.
 */
export class SegmentBuilder {
  readonly #crypto: Crypto;
  readonly #place: { readonly archive: Uint8Array; readonly chain: string; readonly seq: number };
  readonly #first: bigint;
  readonly #builders = new Map<string, ObjectBuilder>();
  #next: bigint;
  #records = 0;
  #holes = 0;
  #missing = 0n;
  readonly #losses: Loss[] = [];

  /** `first` = the previous segment's `next`. */
  constructor(crypto: Crypto, place: { readonly archive: Uint8Array; readonly chain: string; readonly seq: number }, first: bigint) {
    this.#crypto = crypto;
    this.#place = place;
    this.#first = first;
    this.#next = first;
  }

  get records(): number {
    return this.#records;
  }

  /** The offset after the last record added. */
  get next(): bigint {
    return this.#next;
  }

  /** Objects begun so far: one a cohort and encryption. */
  get objects(): number {
    return this.#builders.size;
  }

  /** Bytes held so far. */
  get bytes(): number {
    let bytes = 0;
    for (const builder of this.#builders.values()) bytes += builder.bytes;
    return bytes;
  }

  /** `secretFor` is asked once per object, when its first record comes. */
  add(record: RawRecord, cohort: Cohort, secretFor: ((cohort: Cohort) => ObjectSecret) | null): void {
    const gap = record.offset - this.#next;
    if (gap < 0n) throw new HoldfastError('chain_broken', `offset ${record.offset} comes after offset ${this.#next - 1n}`);
    const key = `${secretFor === null ? 'clear' : 'enc'}/${cohort.className}/${cohort.period}`;
    let builder = this.#builders.get(key);
    if (builder === undefined) {
      builder = new ObjectBuilder(this.#crypto, { ...this.#place, no: this.#builders.size }, cohort, secretFor === null ? null : secretFor(cohort));
      this.#builders.set(key, builder);
    }
    builder.add(record, gap);
    if (gap > 0n) {
      this.#holes++;
      this.#missing += gap;
    }
    this.#next = record.offset + 1n;
    this.#records++;
  }

  /** Notes a loss that `gov` has accepted; one that reaches beyond the last record moves `next`. */
  addLoss(loss: Loss): void {
    this.#losses.push(loss);
  }

  finish(): SealedSegment {
    const objects = [...this.#builders.values()].map((builder) => builder.finish());
    const lossEnd = this.#losses.reduce((end, loss) => (loss.to > end ? loss.to : end), this.#next);
    return {
      first: this.#first,
      next: lossEnd,
      records: this.#records,
      holes: { count: this.#holes, sum: this.#missing, losses: this.#losses },
      root: segmentRoot(this.#crypto, objects),
      objects,
    };
  }
}
