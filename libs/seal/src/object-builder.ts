import { HoldfastError } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { concat, viewOf } from './bytes.js';
import type { Cohort } from './cohort.js';
import type { Crypto } from './crypto.js';
import { DirectoryBuilder } from './directory.js';
import type { Unattributed } from './directory.js';
import { LeafHasher, SALT } from './leaf.js';
import { rootInPlace } from './merkle.js';
import type { ObjectKeys, ObjectPlace } from './object-keys.js';
import { ZERO_KEY, deriveObjectKeys, partAad, partNonce } from './object-keys.js';
import { recordBytesLength, writeRecordBytes } from './record-bytes.js';
import { MAX_PLAIN, blockEntryBytes, encodeTrailer, objectRoot } from './trailer.js';

/**
 * Plaintext bytes at which a block closes. Twice the size costs an opened record half a millisecond more and saves about
 * 8 % of the vault against 256 KiB (docs/performance.md).
 */
export const BLOCK_BYTES = 512 * 1024;
/** A builder begins small: a worker may hold one for each of hundreds of partitions. */
const FIRST_BYTES = 64 * 1024;
/** Largest record bytes: a block closes with the record that fills it. */
const MAX_RECORD = MAX_PLAIN - BLOCK_BYTES - 4;
/** Salts are drawn in runs, one cipher per run instead of one per record. */
const SALT_RUN = 512;

/** What encrypts one attempt at an object; null seals in the clear (allowed for some events of `gov` only). */
export interface ObjectSecret {
  /** `<day>/<32 hex digits>`. */
  readonly dataKeyId: string;
  /** SHA-256 of both wraps as stored, hex: a spoiled escrow wrap is seen before somebody needs it. */
  readonly wraps: { readonly kek: string; readonly escrow: string };
  readonly dataKey: Uint8Array;
  /** 32 fresh random bytes, never used twice. */
  readonly random: Uint8Array;
}

/** A finished content object and what its manifest says of it. */
export interface SealedObject {
  readonly no: number;
  readonly cohort: Cohort;
  readonly enc: 'none' | 'A256GCM';
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly root: Uint8Array;
  readonly blocks: number;
  readonly trailer: number;
  readonly sha256: Uint8Array;
  readonly directory: { readonly root: Uint8Array; readonly entries: number; readonly unattributed: Unattributed };
  readonly secret: (Pick<ObjectSecret, 'dataKeyId' | 'wraps' | 'random'> & Pick<ObjectKeys, 'commitment' | 'labelCommitment'>) | null;
}

interface ClosedBlock {
  readonly entry: Uint8Array;
  readonly compressed: Uint8Array;
  readonly plain: number;
}

/**
 * Builds one content object from records in offset order (format sections 5 to 7). Hot path: per record one encoding, two
 * one-shot hashes, one map look-up; tree nodes are hashed when a block closes, encryption happens once at the end
 * because the AAD names the number of blocks.
 */
export class ObjectBuilder {
  readonly #crypto: Crypto;
  readonly #place: ObjectPlace;
  readonly #cohort: Cohort;
  readonly #secret: ObjectSecret | null;
  readonly #keys: ObjectKeys | null;
  readonly #leaves: LeafHasher;
  readonly #directory: DirectoryBuilder;
  readonly #blocks: ClosedBlock[] = [];
  #plain = new Uint8Array(FIRST_BYTES);
  #plainView = viewOf(this.#plain);
  #plainLength = 0;
  #salted = new Uint8Array(4096);
  #saltedView = viewOf(this.#salted);
  #salts: Uint8Array = new Uint8Array(0);
  #hashes = new Uint8Array(1024 * 32);
  #count = 0;
  #blockStart = 0;
  #blockFirstOffset = 0n;
  #lastOffset = 0n;
  #compressedBytes = 0;

  constructor(crypto: Crypto, place: ObjectPlace, cohort: Cohort, secret: ObjectSecret | null) {
    this.#crypto = crypto;
    this.#place = place;
    this.#cohort = cohort;
    this.#secret = secret;
    this.#keys = secret === null ? null : deriveObjectKeys(crypto, secret.dataKey, secret.random, place);
    this.#directory = new DirectoryBuilder(viewOf(this.#keys?.label ?? ZERO_KEY).getInt32(0));
    this.#leaves = new LeafHasher(crypto, cohort);
  }

  /** Bytes held: compressed blocks and the open one. */
  get bytes(): number {
    return this.#compressedBytes + this.#plainLength;
  }

  /** Adds the next record; `gap` as format section 3 defines it. */
  add(record: RawRecord, gap: bigint): void {
    const length = recordBytesLength(record);
    // A block that readers refuse would be sealed for years and never opened: the partition stops here, and the source still has it.
    if (length > MAX_RECORD)
      throw new HoldfastError(
        'bad_request',
        `the record at offset ${record.offset} has ${length} bytes, more than the ${MAX_RECORD} that a block can hold.`,
      );
    this.#reserve(length);
    const index = this.#count;
    if (this.#keys !== null) {
      if (index % SALT_RUN === 0) this.#salts = this.#crypto.keystream(this.#keys.salt, index * 2, SALT_RUN * SALT);
      const at = (index % SALT_RUN) * SALT;
      this.#salted.set(this.#salts.subarray(at, at + SALT), 0);
    }
    writeRecordBytes(this.#salted, this.#saltedView, SALT, record, gap);
    const fields = { timestampType: record.timestampType === 'create' ? 0 : 1, offset: record.offset, gap, timestamp: record.timestamp };
    this.#leaves.hashInto(fields, this.#salted.subarray(0, SALT + length), this.#hashes, index * 32);
    this.#plainView.setUint32(this.#plainLength, length);
    this.#plain.set(this.#salted.subarray(SALT, SALT + length), this.#plainLength + 4);
    this.#plainLength += 4 + length;
    this.#directory.add(record.key, index);
    if (index === this.#blockStart) this.#blockFirstOffset = record.offset;
    this.#lastOffset = record.offset;
    this.#count++;
    if (this.#plainLength >= BLOCK_BYTES) this.#closeBlock();
  }

  finish(): SealedObject {
    if (this.#count > this.#blockStart) this.#closeBlock();
    const crypto = this.#crypto;
    const directory = this.#directory.build(crypto, this.#keys?.label ?? ZERO_KEY, this.#hashes);
    const stored = this.#blocks.map((block, number) => this.#seal('block', number, this.#blocks.length, block.compressed));
    const storedDirectory = this.#seal('directory', 0, 1, directory.bytes);
    const trailer = encodeTrailer(
      this.#blocks.map((block, i) => ({ entry: block.entry, stored: stored[i]?.length ?? 0, plain: block.plain })),
      { entries: directory.entries, stored: storedDirectory.length, plain: directory.bytes.length },
    );
    const header = new Uint8Array([0x48, 0x46, 0x4f, 0x01, 1, this.#keys === null ? 0 : 1, this.#place.no >> 8, this.#place.no & 255]);
    const bytes = concat(header, ...stored, storedDirectory, trailer);
    return {
      no: this.#place.no,
      cohort: this.#cohort,
      enc: this.#keys === null ? 'none' : 'A256GCM',
      bytes,
      records: this.#count,
      root: objectRoot(crypto, this.#blocks),
      blocks: this.#blocks.length,
      trailer: trailer.length,
      sha256: crypto.sha256(bytes),
      directory: { root: directory.root, entries: directory.entries, unattributed: directory.unattributed },
      secret:
        this.#secret === null || this.#keys === null
          ? null
          : {
              dataKeyId: this.#secret.dataKeyId,
              wraps: this.#secret.wraps,
              random: this.#secret.random,
              commitment: this.#keys.commitment,
              labelCommitment: this.#keys.labelCommitment,
            },
    };
  }

  #seal(kind: 'block' | 'directory', number: number, count: number, plain: Uint8Array): Uint8Array {
    if (this.#keys === null) return plain;
    return this.#crypto.sealGcm(this.#keys.block, partNonce(kind, number), partAad(this.#place, kind, number, count), plain);
  }

  #closeBlock(): void {
    const count = this.#count - this.#blockStart;
    const leaves = this.#hashes.slice(this.#blockStart * 32, this.#count * 32);
    const root = rootInPlace(this.#crypto, leaves, count);
    const entry = blockEntryBytes({ root, firstIndex: this.#blockStart, count, firstOffset: this.#blockFirstOffset, lastOffset: this.#lastOffset });
    const compressed = this.#crypto.compress(this.#plain.subarray(0, this.#plainLength));
    this.#blocks.push({ entry, compressed, plain: this.#plainLength });
    this.#compressedBytes += compressed.length;
    this.#plainLength = 0;
    this.#blockStart = this.#count;
  }

  #reserve(length: number): void {
    if (this.#salted.length < SALT + length) {
      this.#salted = new Uint8Array((SALT + length) * 2);
      this.#saltedView = viewOf(this.#salted);
    }
    if (this.#plain.length < this.#plainLength + 4 + length) {
      const larger = new Uint8Array((this.#plainLength + 4 + length) * 2);
      larger.set(this.#plain.subarray(0, this.#plainLength));
      this.#plain = larger;
      this.#plainView = viewOf(larger);
    }
    if (this.#hashes.length < (this.#count + 1) * 32) {
      const larger = new Uint8Array(this.#hashes.length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
  }
}
