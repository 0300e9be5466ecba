import { HoldfastError } from '@holdfast/record';
import { viewOf } from './bytes.js';
import type { Crypto } from './crypto.js';
import { rootOf } from './merkle.js';

/** Bytes of the object's header. */
export const OBJECT_HEADER = 8;
/** Largest plaintext of one block or directory; a reader allocates no more (format section 6). */
export const MAX_PLAIN = 64 * 1024 * 1024;
const BLOCK_ENTRY = 56;
const ROW = BLOCK_ENTRY + 8;
const FIXED = 24;
/** Least bytes of a record in a block: its length and record bytes without key, value and headers. */
const LEAST_RECORD = 42;
/** Most records of an object that are read: room for their leaves is made before the first is seen. */
const MAX_RECORDS = 0x400000;

/** One block as the trailer describes it. */
export interface BlockEntry {
  /** The 56 bytes that are the leaf data of the object's tree. */
  readonly entry: Uint8Array;
  readonly root: Uint8Array;
  /** Index of its first record in the object. */
  readonly firstIndex: number;
  readonly count: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  /** Position of its stored bytes in the object. */
  readonly at: number;
  readonly stored: number;
  readonly plain: number;
}

export interface Trailer {
  readonly blocks: readonly BlockEntry[];
  readonly directory: { readonly entries: number; readonly at: number; readonly stored: number; readonly plain: number };
}

export type BlockFacts = Pick<BlockEntry, 'root' | 'firstIndex' | 'count' | 'firstOffset' | 'lastOffset'>;

/** block root ‖ u32 first index ‖ u32 count ‖ u64 first offset ‖ u64 last offset. */
export function blockEntryBytes(facts: BlockFacts): Uint8Array {
  const bytes = new Uint8Array(BLOCK_ENTRY);
  const view = viewOf(bytes);
  bytes.set(facts.root, 0);
  view.setUint32(32, facts.firstIndex);
  view.setUint32(36, facts.count);
  view.setBigUint64(40, facts.firstOffset);
  view.setBigUint64(48, facts.lastOffset);
  return bytes;
}

/** Length of the trailer of an object with `blocks` blocks. */
export function trailerLength(blocks: number): number {
  return FIXED + ROW * blocks;
}

export function encodeTrailer(
  blocks: readonly { readonly entry: Uint8Array; readonly stored: number; readonly plain: number }[],
  directory: { readonly entries: number; readonly stored: number; readonly plain: number },
): Uint8Array {
  const bytes = new Uint8Array(trailerLength(blocks.length));
  const view = viewOf(bytes);
  bytes.set([0x48, 0x46, 0x54, 0x01], 0);
  view.setUint32(4, blocks.length);
  let at = 8;
  for (const block of blocks) {
    bytes.set(block.entry, at);
    view.setUint32(at + BLOCK_ENTRY, block.stored);
    view.setUint32(at + BLOCK_ENTRY + 4, block.plain);
    at += ROW;
  }
  view.setUint32(at, directory.entries);
  view.setUint32(at + 4, directory.stored);
  view.setUint32(at + 8, directory.plain);
  view.setUint32(at + 12, bytes.length);
  return bytes;
}

/**
 * Reads the trailer of an object of `size` bytes holding `records` records and checks all its arithmetic.
 * @throws HoldfastError `format_malformed`
 */
export function parseTrailer(bytes: Uint8Array, size: number, records: number): Trailer {
  const refuse = (what: string): HoldfastError => new HoldfastError('format_malformed', `the trailer of a content object is malformed: ${what}`);
  if (bytes.length < FIXED || bytes[0] !== 0x48 || bytes[1] !== 0x46 || bytes[2] !== 0x54 || bytes[3] !== 0x01) throw refuse('magic');
  const view = viewOf(bytes);
  const count = view.getUint32(4);
  if (bytes.length !== trailerLength(count) || view.getUint32(bytes.length - 4) !== bytes.length) throw refuse('length');
  const blocks: BlockEntry[] = [];
  let at = OBJECT_HEADER;
  let index = 0;
  let last = -1n;
  for (let i = 0; i < count; i++) {
    const row = 8 + i * ROW;
    const block: BlockEntry = {
      entry: bytes.slice(row, row + BLOCK_ENTRY),
      root: bytes.slice(row, row + 32),
      firstIndex: view.getUint32(row + 32),
      count: view.getUint32(row + 36),
      firstOffset: view.getBigUint64(row + 40),
      lastOffset: view.getBigUint64(row + 48),
      at,
      stored: view.getUint32(row + BLOCK_ENTRY),
      plain: view.getUint32(row + BLOCK_ENTRY + 4),
    };
    if (block.firstIndex !== index || block.count === 0) throw refuse(`block ${i} does not follow`);
    if (block.firstOffset <= last || block.lastOffset < block.firstOffset) throw refuse(`offsets of block ${i}`);
    if (block.plain > MAX_PLAIN) throw refuse(`block ${i} is too large`);
    if (block.count > block.plain / LEAST_RECORD || BigInt(block.count - 1) > block.lastOffset - block.firstOffset)
      throw refuse(`block ${i} cannot hold so many records`);
    blocks.push(block);
    at += block.stored;
    index += block.count;
    last = block.lastOffset;
  }
  if (index !== records || records > MAX_RECORDS) throw refuse('record count');
  const tail = 8 + count * ROW;
  const directory = { entries: view.getUint32(tail), at, stored: view.getUint32(tail + 4), plain: view.getUint32(tail + 8) };
  if (directory.plain > MAX_PLAIN || directory.plain !== directory.entries * 68) throw refuse('directory length');
  if (at + directory.stored + bytes.length !== size) throw refuse('lengths do not add up to the size of the object');
  return { blocks, directory };
}

/** Object root: the tree over the block entries. */
export function objectRoot(crypto: Crypto, blocks: readonly Pick<BlockEntry, 'entry'>[]): Uint8Array {
  return rootOf(
    crypto,
    blocks.map((block) => block.entry),
  );
}

/** Object entry, the leaf data of the segment's tree: `u16 no ‖ u32 records ‖ root`. */
export function objectEntry(object: { readonly no: number; readonly records: number; readonly root: Uint8Array }): Uint8Array {
  const entry = new Uint8Array(38);
  const view = viewOf(entry);
  view.setUint16(0, object.no);
  view.setUint32(2, object.records);
  entry.set(object.root, 6);
  return entry;
}

/** Segment root: the tree over the object entries. */
export function segmentRoot(
  crypto: Crypto,
  objects: readonly { readonly no: number; readonly records: number; readonly root: Uint8Array }[],
): Uint8Array {
  return rootOf(crypto, objects.map(objectEntry));
}
