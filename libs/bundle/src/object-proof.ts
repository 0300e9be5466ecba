import { HoldfastError } from '@holdfast/record';
import { encodeJson, viewOf } from '@holdfast/seal';
import { toBase64 } from '@holdfast/tlog';
import { z } from 'zod';
import { bytesFromBase64, parseStrictly } from './parse-strictly.js';

/** A block of an object, proven to belong to the object root. */
export interface BlockProof {
  readonly no: number;
  /** 56 bytes (vault format section 5). */
  readonly entry: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** A leaf, proven to belong to its block. */
export interface LeafProof {
  /** Number of its block. */
  readonly block: number;
  /** Index of the record in its object. */
  readonly index: number;
  /** 62 bytes of leaf data. */
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
  /** Only for a record that is shown. */
  readonly salt?: Uint8Array;
}

export interface DirectoryEntryProof {
  readonly index: number;
  /** 68 bytes: label, count, root. */
  readonly entry: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** What a directory says of one conversation: that it is there, or that it is not (bundle format section 5.1). */
export interface DirectoryProof {
  /** Absent for clear objects. */
  readonly labelKey?: Uint8Array;
  readonly entries: readonly DirectoryEntryProof[];
}

/** `proofs/<chain>/<SEQ>-<no>.json`: what is proven of one content object (bundle format section 5). */
export interface ObjectProof {
  readonly chain: string;
  readonly seq: number;
  readonly no: number;
  /** Number of objects in the segment. */
  readonly objects: number;
  /** From the object entry to the segment root. */
  readonly path: readonly Uint8Array[];
  readonly blocks: readonly BlockProof[];
  readonly leaves: readonly LeafProof[];
  readonly directory?: DirectoryProof;
}

const u32 = z.int().min(0).max(0xffffffff);
const bytesOf = (length: number): z.ZodString => z.string().length(4 * Math.ceil(length / 3));
const path = z.array(bytesOf(32)).max(64);

const schema = z.strictObject({
  chain: z.string().min(1).max(400),
  seq: z.int().min(0),
  no: z.int().min(0).max(0xffff),
  objects: z.int().min(1).max(0xffff),
  path,
  blocks: z.array(z.strictObject({ no: u32, entry: bytesOf(56), path })),
  leaves: z.array(z.strictObject({ block: u32, index: u32, leaf: bytesOf(62), path, salt: bytesOf(32).optional() })),
  directory: z
    .strictObject({ labelKey: bytesOf(32).optional(), entries: z.array(z.strictObject({ index: u32, entry: bytesOf(68), path })).max(2) })
    .optional(),
});

export function encodeObjectProof(proof: ObjectProof): Uint8Array {
  const { chain, seq, no, objects, blocks, leaves, directory } = proof;
  return encodeJson({
    chain,
    seq,
    no,
    objects,
    path: proof.path.map(toBase64),
    blocks: blocks.map((block) => ({ no: block.no, entry: toBase64(block.entry), path: block.path.map(toBase64) })),
    leaves: leaves.map(({ block, index, leaf, path, salt }) => ({
      block,
      index,
      leaf: toBase64(leaf),
      path: path.map(toBase64),
      ...(salt === undefined ? {} : { salt: toBase64(salt) }),
    })),
    ...(directory === undefined
      ? {}
      : {
          directory: {
            ...(directory.labelKey === undefined ? {} : { labelKey: toBase64(directory.labelKey) }),
            entries: directory.entries.map(({ index, entry, path }) => ({ index, entry: toBase64(entry), path: path.map(toBase64) })),
          },
        }),
  });
}

/** @throws HoldfastError `format_malformed` */
export function parseObjectProof(bytes: Uint8Array): ObjectProof {
  const { path, blocks, leaves, directory, ...place } = parseStrictly(schema, bytes, 'the proof of an object');
  const proof: ObjectProof = {
    ...place,
    path: hashesOf(path),
    blocks: blocks.map((block) => ({ no: block.no, entry: bytesFromBase64(block.entry, 56), path: hashesOf(block.path) })),
    leaves: leaves.map((leaf) => ({
      block: leaf.block,
      index: leaf.index,
      leaf: bytesFromBase64(leaf.leaf, 62),
      path: hashesOf(leaf.path),
      ...(leaf.salt === undefined ? {} : { salt: bytesFromBase64(leaf.salt, 32) }),
    })),
    ...(directory === undefined
      ? {}
      : {
          directory: {
            ...(directory.labelKey === undefined ? {} : { labelKey: bytesFromBase64(directory.labelKey, 32) }),
            entries: directory.entries.map(({ index, entry, path: toRoot }) => ({
              index,
              entry: bytesFromBase64(entry, 68),
              path: hashesOf(toRoot),
            })),
          },
        }),
  };
  if (!rises(proof.blocks.map(({ no }) => no)) || !rises(proof.leaves.map(({ index }) => index)))
    throw new HoldfastError('format_malformed', 'the blocks or leaves of a proof do not ascend');
  return proof;
}

function hashesOf(texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => bytesFromBase64(text, 32));
}

function rises(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? number));
}

/** Leaf data taken apart (vault format section 5). */
export interface Leaf {
  readonly timestampType: number;
  readonly offset: bigint;
  readonly gap: bigint;
  readonly timestamp: bigint;
  readonly classNumber: number;
  readonly periodCode: number;
  readonly commitment: Uint8Array;
}

/** @throws HoldfastError `format_malformed` */
export function parseLeaf(bytes: Uint8Array): Leaf {
  const timestampType = bytes[1] ?? 2;
  if (bytes.length !== 62 || bytes[0] !== 1 || timestampType > 1) throw new HoldfastError('format_malformed', 'this is no leaf data of version 1');
  const view = viewOf(bytes);
  return {
    timestampType,
    offset: view.getBigUint64(2),
    gap: view.getBigUint64(10),
    timestamp: view.getBigInt64(18),
    classNumber: view.getUint16(26),
    periodCode: view.getUint16(28),
    commitment: bytes.slice(30),
  };
}

/** A block entry taken apart (vault format section 5). */
export interface BlockFacts {
  readonly root: Uint8Array;
  readonly firstIndex: number;
  readonly count: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
}

export function parseBlockEntry(entry: Uint8Array): BlockFacts {
  const view = viewOf(entry);
  return {
    root: entry.slice(0, 32),
    firstIndex: view.getUint32(32),
    count: view.getUint32(36),
    firstOffset: view.getBigUint64(40),
    lastOffset: view.getBigUint64(48),
  };
}

/** A directory entry taken apart (vault format section 7). */
export function parseDirectoryEntry(entry: Uint8Array): { readonly label: Uint8Array; readonly count: number; readonly root: Uint8Array } {
  return { label: entry.slice(0, 32), count: viewOf(entry).getUint32(32), root: entry.slice(36) };
}
