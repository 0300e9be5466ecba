import { HoldfastError } from '@holdfast/record';
import { concat, equalBytes, fromHex, toHex, viewOf } from './bytes.js';
import type { Crypto } from './crypto.js';
import { DirectoryBuilder } from './directory.js';
import type { ConversationVisitor } from './directory.js';
import type { ManifestObject } from './documents.js';
import { LeafHasher, SALT } from './leaf.js';
import { inclusionPath, leafHash, rootFromPath, rootInPlace } from './merkle.js';
import type { ObjectKeys, ObjectPlace } from './object-keys.js';
import { ZERO_KEY, deriveObjectKeys, partAad, partNonce } from './object-keys.js';
import type { RecordHead } from './record-bytes.js';
import { readHead } from './record-bytes.js';
import type { BlockEntry, Trailer } from './trailer.js';
import { OBJECT_HEADER, objectRoot, parseTrailer } from './trailer.js';

/** Called for each record of a walk; `start … end` are its record bytes in `plain`, valid only during the call. */
export type RecordVisitor = (plain: Uint8Array, start: number, end: number, head: RecordHead, index: number) => void;

/** Offsets and gaps of an object's records, by index. */
export interface WalkedObject {
  readonly offsets: BigUint64Array;
  readonly gaps: BigUint64Array;
}

/** One record with the proof that its manifest commits to it. */
export interface OpenedRecord {
  readonly bytes: Uint8Array;
  /** Leaf data: its hash is the leaf. */
  readonly leaf: Uint8Array;
  readonly salt: Uint8Array;
  /** Index in its block and number of records there. */
  readonly leafIndex: number;
  readonly leafCount: number;
  readonly leafPath: readonly Uint8Array[];
  readonly block: BlockEntry;
  /** Index of the block and number of blocks. */
  readonly blockIndex: number;
  readonly blockCount: number;
  readonly blockPath: readonly Uint8Array[];
}

/** A record as it lies in a block, with what its leaf is made of. */
export interface BlockRecord {
  /** Index in the object. */
  readonly index: number;
  readonly offset: bigint;
  /** Record bytes and Kafka key; views of the block. */
  readonly bytes: Uint8Array;
  readonly key: Uint8Array | null;
  readonly salt: Uint8Array;
  /** Leaf data. */
  readonly leaf: Uint8Array;
}

function damaged(what: string): HoldfastError {
  return new HoldfastError('content_damaged', what);
}

/**
 * Reads one content object against its manifest entry. Everything that comes out has been checked up to the object root of
 * the manifest. All methods throw HoldfastError `content_damaged` or `format_malformed`.
 */
export class ObjectReader {
  readonly #crypto: Crypto;
  readonly #place: ObjectPlace;
  readonly #object: ManifestObject;
  readonly #keys: ObjectKeys | null;

  /** `dataKey` is null for clear objects. */
  constructor(crypto: Crypto, place: Omit<ObjectPlace, 'no'>, object: ManifestObject, dataKey: Uint8Array | null) {
    this.#crypto = crypto;
    this.#place = { ...place, no: object.no };
    this.#object = object;
    if (object.enc === 'none') {
      this.#keys = null;
      return;
    }
    if (dataKey === null || object.random === undefined) throw new HoldfastError('key_missing', 'an encrypted object needs its data key');
    this.#keys = deriveObjectKeys(crypto, dataKey, fromHex(object.random, 32), this.#place);
    // Before anything is decrypted: one ciphertext must not open to two plaintexts under two keys.
    if (toHex(this.#keys.commitment) !== object.commitment) throw damaged('the data key is not the one that the manifest commits to');
    if (toHex(this.#keys.labelCommitment) !== object.directory.labelCommitment)
      throw damaged('the label key is not the one that the manifest commits to');
  }

  /** Where the trailer lies in the object. */
  get trailerRange(): { readonly start: number; readonly end: number } {
    return { start: this.#object.size - this.#object.trailer, end: this.#object.size - 1 };
  }

  /** The trailer, checked against the manifest's object root; needs no key. */
  readTrailer(bytes: Uint8Array): Trailer {
    return readTrailer(this.#crypto, this.#object, bytes);
  }

  /** Plaintext of block `number` from its stored bytes, not yet checked against its root. */
  openBlock(trailer: Trailer, number: number, stored: Uint8Array): Uint8Array {
    const block = trailer.blocks[number];
    if (block?.stored !== stored.length) throw damaged(`block ${number} has another length than its trailer says`);
    const compressed = this.#open('block', number, trailer.blocks.length, stored);
    const plain = this.#crypto.decompress(compressed, block.plain);
    if (plain === undefined) throw damaged(`block ${number} does not decompress to the length its trailer says`);
    return plain;
  }

  /** Opens the record at `offset` from the stored bytes of the block that holds it, with its proof up to the object root. */
  openRecord(trailer: Trailer, number: number, stored: Uint8Array, offset: bigint): OpenedRecord | undefined {
    const block = trailer.blocks[number];
    if (block === undefined) return undefined;
    const plain = this.openBlock(trailer, number, stored);
    const hashes = new Uint8Array(block.count * 32);
    let found: { bytes: Uint8Array; leaf: Uint8Array; salt: Uint8Array; leafIndex: number } | undefined;
    const salts = this.#salts(block);
    const leaves = new LeafHasher(this.#crypto, { classNumber: this.#object.cohort.number, period: this.#object.cohort.period });
    this.#walkBlock(plain, number, block, salts, leaves, hashes, 0, (at, start, end, head, index) => {
      if (head.offset !== offset) return;
      const leafIndex = index - block.firstIndex;
      const salt = salts.slice(leafIndex * SALT, leafIndex * SALT + SALT);
      const bytes = at.slice(start, end);
      const salted = new Uint8Array(SALT + bytes.length);
      salted.set(salt);
      salted.set(bytes, SALT);
      found = { bytes, salt, leafIndex, leaf: leaves.data(head, this.#crypto.sha256(salted)) };
    });
    if (found === undefined) return undefined;
    const blockHashes = new Uint8Array(trailer.blocks.length * 32);
    trailer.blocks.forEach((entry, i) => {
      blockHashes.set(leafHash(this.#crypto, entry.entry), i * 32);
    });
    return {
      ...found,
      leafCount: block.count,
      leafPath: inclusionPath(this.#crypto, hashes, block.count, found.leafIndex),
      block,
      blockIndex: number,
      blockCount: trailer.blocks.length,
      blockPath: inclusionPath(this.#crypto, blockHashes, trailer.blocks.length, number),
    };
  }

  /** All records of a block from its stored bytes, checked against its root. */
  openRecords(trailer: Trailer, number: number, stored: Uint8Array): BlockRecord[] {
    const block = trailer.blocks[number];
    if (block === undefined) return [];
    const plain = this.openBlock(trailer, number, stored);
    const salts = this.#salts(block);
    const { cohort } = this.#object;
    const leaves = new LeafHasher(this.#crypto, { classNumber: cohort.number, period: cohort.period });
    const heads: { readonly record: Omit<BlockRecord, 'leaf'>; readonly head: RecordHead }[] = [];
    this.#walkBlock(plain, number, block, salts, leaves, new Uint8Array(block.count * 32), 0, (at, start, end, head, index) => {
      const salt = salts.subarray((index - block.firstIndex) * SALT, (index - block.firstIndex + 1) * SALT);
      const key = head.keyAt < 0 ? null : at.subarray(head.keyAt, head.keyEnd);
      // The walk uses one head for all records.
      heads.push({ record: { index, offset: head.offset, bytes: at.subarray(start, end), key, salt }, head: { ...head } });
    });
    return heads.map(({ record, head }) => ({ ...record, leaf: leaves.data(head, this.#crypto.sha256(concat(record.salt, record.bytes))) }));
  }

  /** Where the stored directory lies in the object. */
  directoryRange(trailer: Trailer): { readonly start: number; readonly end: number } {
    const { at, stored } = trailer.directory;
    return { start: at, end: at + stored - 1 };
  }

  /** Plaintext of the directory from its stored bytes, not yet checked against its root. */
  openDirectory(trailer: Trailer, stored: Uint8Array): Uint8Array {
    if (stored.length !== trailer.directory.stored) throw damaged('the directory has another length than the trailer says');
    const opened = this.#open('directory', 0, 1, stored);
    if (opened.length !== trailer.directory.plain) throw damaged('the directory has another length than the trailer says');
    return opened;
  }

  /** Key of the labels in the directory; null for a clear object. */
  get labelKey(): Uint8Array | null {
    return this.#keys?.label ?? null;
  }

  /**
   * Walks over the whole object: every leaf, block root, object root, and the directory rebuilt from the plaintext.
   * `conversations` hears what was rebuilt, before it is compared.
   */
  walk(bytes: Uint8Array, visit?: RecordVisitor, conversations?: ConversationVisitor): WalkedObject {
    const object = this.#object;
    checkHeader(object, bytes);
    const trailer = this.readTrailer(bytes.subarray(bytes.length - object.trailer));
    const hashes = new Uint8Array(object.records * 32);
    const offsets = new BigUint64Array(object.records);
    const gaps = new BigUint64Array(object.records);
    const directory = new DirectoryBuilder(viewOf(this.#keys?.label ?? ZERO_KEY).getInt32(0));
    const leaves = new LeafHasher(this.#crypto, { classNumber: object.cohort.number, period: object.cohort.period });
    trailer.blocks.forEach((block, number) => {
      const plain = this.openBlock(trailer, number, bytes.subarray(block.at, block.at + block.stored));
      this.#walkBlock(plain, number, block, this.#salts(block), leaves, hashes, block.firstIndex, (at, start, end, head, index) => {
        directory.add(head.keyAt < 0 ? null : at.subarray(head.keyAt, head.keyEnd), index);
        offsets[index] = head.offset;
        gaps[index] = head.gap;
        visit?.(at, start, end, head, index);
      });
    });
    const { start, end } = this.directoryRange(trailer);
    const opened = this.openDirectory(trailer, bytes.subarray(start, end + 1));
    const rebuilt = directory.build(this.#crypto, this.#keys?.label ?? ZERO_KEY, hashes, conversations);
    // A sealer that leaves a record out of its conversation, or names it under another key, is found here.
    if (!equalBytes(rebuilt.bytes, opened)) throw damaged('the directory is not the one that follows from the records');
    const said = object.directory;
    if (toHex(rebuilt.root) !== said.root || rebuilt.entries !== said.entries || rebuilt.entries !== trailer.directory.entries) {
      throw damaged('the directory is not the one that the manifest names');
    }
    if (toHex(rebuilt.unattributed.root) !== said.unattributed.root || rebuilt.unattributed.count !== said.unattributed.count) {
      throw damaged('the records without a key are not those that the manifest names');
    }
    return { offsets, gaps };
  }

  #open(kind: 'block' | 'directory', number: number, count: number, stored: Uint8Array): Uint8Array {
    if (this.#keys === null) return stored;
    const plain = this.#crypto.openGcm(this.#keys.block, partNonce(kind, number), partAad(this.#place, kind, number, count), stored);
    if (plain === undefined) throw damaged(`${kind} ${number} does not decrypt: it was changed, or belongs to another place`);
    return plain;
  }

  #salts(block: BlockEntry): Uint8Array {
    if (this.#keys === null) return new Uint8Array(block.count * SALT);
    return this.#crypto.keystream(this.#keys.salt, block.firstIndex * 2, block.count * SALT);
  }

  /** Leaf hashes of one block into `hashes` from record `base` on; throws unless they lead to the block's root. */
  #walkBlock(
    plain: Uint8Array,
    number: number,
    block: BlockEntry,
    salts: Uint8Array,
    leaves: LeafHasher,
    hashes: Uint8Array,
    base: number,
    visit: RecordVisitor,
  ): void {
    const view = viewOf(plain);
    const head: RecordHead = { timestampType: 0, offset: 0n, gap: 0n, timestamp: 0n, keyAt: -1, keyEnd: 0 };
    let salted = new Uint8Array(4096);
    let at = 0;
    let last = block.firstOffset - 1n;
    for (let i = 0; i < block.count; i++) {
      if (at + 4 > plain.length) throw damaged(`block ${number} holds fewer records than its trailer says`);
      const length = view.getUint32(at);
      const start = at + 4;
      const end = start + length;
      if (end > plain.length) throw damaged(`a record of block ${number} reaches beyond its end`);
      readHead(view, start, end, head);
      if (head.offset <= last) throw damaged(`offsets of block ${number} do not rise`);
      last = head.offset;
      if (salted.length < SALT + length) salted = new Uint8Array((SALT + length) * 2);
      salted.set(salts.subarray(i * SALT, i * SALT + SALT), 0);
      salted.set(plain.subarray(start, end), SALT);
      leaves.hashInto(head, salted.subarray(0, SALT + length), hashes, (base + i) * 32);
      visit(plain, start, end, head, block.firstIndex + i);
      at = end;
    }
    if (at !== plain.length) throw damaged(`block ${number} has bytes after its last record`);
    if (last !== block.lastOffset || (block.count > 0 && viewOf(plain).getBigUint64(6) !== block.firstOffset)) {
      throw damaged(`block ${number} does not begin and end with the offsets its trailer says`);
    }
    const root = rootInPlace(this.#crypto, hashes.slice(base * 32, (base + block.count) * 32), block.count);
    if (!equalBytes(root, block.root)) throw damaged(`the records of block ${number} do not lead to its root`);
  }
}

/** Checks the eight bytes before the first block. */
export function checkHeader(object: ManifestObject, bytes: Uint8Array): void {
  if (bytes.length !== object.size) throw damaged(`the object has ${bytes.length} bytes, the manifest says ${object.size}`);
  const expected = [0x48, 0x46, 0x4f, 0x01, 1, object.enc === 'none' ? 0 : 1, object.no >> 8, object.no & 255];
  if (bytes.length < OBJECT_HEADER || expected.some((byte, i) => bytes[i] !== byte))
    throw damaged('the header of the object is not the one that the manifest demands');
}

/** The trailer from its bytes, checked against the manifest; needs no key. */
export function readTrailer(crypto: Crypto, object: ManifestObject, bytes: Uint8Array): Trailer {
  const trailer = parseTrailer(bytes, object.size, object.records);
  if (trailer.blocks.length !== object.blocks) throw damaged('the object has another number of blocks than the manifest says');
  if (toHex(objectRoot(crypto, trailer.blocks)) !== object.root) throw damaged('the blocks do not lead to the object root of the manifest');
  return trailer;
}

/** Number of the block that may hold `offset`, or -1. */
export function blockOf(trailer: Trailer, offset: bigint): number {
  return trailer.blocks.findIndex((block) => block.firstOffset <= offset && offset <= block.lastOffset);
}

/** Whether a record's proof leads to the object root of its manifest entry; what a stranger computes. */
export function proofHolds(crypto: Crypto, proof: OpenedRecord, objectRootHex: string): boolean {
  const block = rootFromPath(crypto, leafHash(crypto, proof.leaf), proof.leafIndex, proof.leafCount, proof.leafPath);
  if (block === undefined || !equalBytes(block, proof.block.root)) return false;
  const root = rootFromPath(crypto, leafHash(crypto, proof.block.entry), proof.blockIndex, proof.blockCount, proof.blockPath);
  return root !== undefined && toHex(root) === objectRootHex;
}

/**
 * Checks that the records of all objects of a segment, in offset order, cover `first` to `next` (format section 8, "Offset
 * coverage"). Answers what is wrong in one sentence, or undefined.
 */
export function coverageProblem(
  manifest: {
    readonly first: string;
    readonly next: string;
    readonly records: number;
    readonly holes: { readonly count: number; readonly sum: string; readonly losses: readonly { from: string; to: string }[] };
  },
  objects: readonly WalkedObject[],
): string | undefined {
  let expected = BigInt(manifest.first);
  let records = 0;
  let holes = 0;
  let sum = 0n;
  const at = objects.map(() => 0);
  for (;;) {
    let lowest = -1;
    let offset = 0n;
    for (let i = 0; i < objects.length; i++) {
      const candidate = objects[i]?.offsets[at[i] ?? 0];
      if (candidate !== undefined && (lowest < 0 || candidate < offset)) {
        lowest = i;
        offset = candidate;
      }
    }
    if (lowest < 0) break;
    const index = at[lowest] ?? 0;
    const gap = objects[lowest]?.gaps[index] ?? 0n;
    at[lowest] = index + 1;
    if (offset !== expected + gap) return `the record at offset ${offset} says that ${gap} offsets before it are empty, but ${offset - expected} are`;
    if (gap > 0n) holes++;
    sum += gap;
    expected = offset + 1n;
    records++;
  }
  if (records !== manifest.records) return `the objects hold ${records} records, the manifest says ${manifest.records}`;
  if (holes !== manifest.holes.count || sum !== BigInt(manifest.holes.sum)) return 'the holes are not those that the manifest counts';
  const next = BigInt(manifest.next);
  if (next < expected) return `the manifest ends at ${next} before its last record`;
  if (manifest.holes.losses.some(({ from, to }) => BigInt(from) < BigInt(manifest.first) || BigInt(from) >= BigInt(to) || BigInt(to) > next))
    return 'it counts a loss that does not lie between its first offset and its end';
  // Several losses may cover the stretch together.
  let covered = expected;
  for (const loss of [...manifest.holes.losses].sort((a, b) => (BigInt(a.from) < BigInt(b.from) ? -1 : 1)))
    if (BigInt(loss.from) <= covered && BigInt(loss.to) > covered) covered = BigInt(loss.to);
  return covered >= next ? undefined : `offsets ${covered} to ${next - 1n} are neither records nor an accepted loss`;
}
