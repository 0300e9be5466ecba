import type { Crypto } from '@holdfast/seal';
import { emptyRoot, equalBytes, rootInPlace } from '@holdfast/seal';
import { logMalformed } from './byte-reader.js';

/** Bytes of a hash, and hashes of a full tile (C2SP tlog-tiles). */
export const HASH_BYTES = 32;
export const TILE_WIDTH = 256;

/** A tile that just became full: 256 hashes of `level`, number `n` of its level. */
export interface FullTile {
  readonly level: number;
  readonly n: number;
  readonly bytes: Uint8Array;
}

// One node for each bit of a tree size: 2^53 leaves.
const HEIGHTS = 54;

/**
 * The right edge of a growing RFC 6962 tree: its size, the partial tile of every level, and the roots of the perfect
 * subtrees that it is made of. Appending costs one hash on average, the root one for each bit set in the size.
 */
export class TreeEdge {
  readonly #crypto: Crypto;
  #size = 0;
  /** Partial tiles, each with room for a full one; how many hashes a tile has follows from the size. */
  readonly #tiles: Uint8Array[] = [];
  /** Roots of the perfect subtrees from left to right, highest first. */
  readonly #nodes = new Uint8Array(HEIGHTS * HASH_BYTES);
  #count = 0;
  readonly #buffer = newNode();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * The edge of a tree of `size` leaves from its partial tiles, level 0 first.
   * @throws HoldfastError `log_malformed` when they are not exactly those of a tree of that size
   */
  static fromLevels(crypto: Crypto, size: number, levels: readonly Uint8Array[]): TreeEdge {
    const edge = new TreeEdge(crypto);
    if (levels.length !== levelsOf(size)) throw logMalformed(`a tree of ${size} leaves has ${levelsOf(size)} levels, not ${levels.length}`);
    edge.#size = size;
    for (const [level, hashes] of levels.entries()) {
      const width = partialWidth(level, size);
      if (hashes.length !== width * HASH_BYTES) throw logMalformed(`the tile of level ${level} of a tree of ${size} leaves has ${width} hashes`);
      edge.#tile(level).set(hashes);
    }
    for (let level = levels.length - 1; level >= 0; level--) {
      let at = 0;
      for (let part = TILE_WIDTH / 2; part >= 1; part /= 2) {
        if ((partialWidth(level, size) & part) === 0) continue;
        const root = rootInPlace(crypto, edge.#tile(level).slice(at * HASH_BYTES, (at + part) * HASH_BYTES), part);
        edge.#nodes.set(root, edge.#count++ * HASH_BYTES);
        at += part;
      }
    }
    return edge;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash; `emit` receives every tile that it fills, the lowest level first. */
  append(leafHash: Uint8Array, emit: (tile: FullTile) => void = () => undefined): void {
    if (leafHash.length !== HASH_BYTES) throw logMalformed('a leaf hash has 32 bytes');
    this.#put(0, this.#size, leafHash);
    this.#nodes.set(leafHash, this.#count++ * HASH_BYTES);
    // Every 1 at the end of the size is a perfect subtree that now has a right sibling of its own height.
    let height = 0;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = (this.#count - 2) * HASH_BYTES;
      this.#buffer.set(this.#nodes.subarray(left, left + 2 * HASH_BYTES), 1);
      this.#crypto.sha256Into(this.#buffer, this.#nodes, left);
      this.#count--;
      height++;
      if (height % 8 !== 0) continue;
      const level = height / 8;
      emit({ level: level - 1, n: (rest - 1) / 2, bytes: this.#tile(level - 1).slice() });
      this.#put(level, (rest - 1) / 2, this.#nodes.subarray(left, left + HASH_BYTES));
    }
    this.#size++;
  }

  /** RFC 6962 §2.1 root over all leaves. */
  root(): Uint8Array {
    if (this.#count === 0) return emptyRoot(this.#crypto);
    const node = newNode();
    const root = this.#node(this.#count - 1).slice();
    for (let i = this.#count - 2; i >= 0; i--) {
      node.set(this.#node(i), 1);
      node.set(root, 1 + HASH_BYTES);
      this.#crypto.sha256Into(node, root, 0);
    }
    return root;
  }

  /** The partial tile of every level, level 0 first; a level whose tile is empty has no bytes. */
  levels(): readonly Uint8Array[] {
    return Array.from({ length: levelsOf(this.#size) }, (_, level) => this.#tile(level).slice(0, partialWidth(level, this.#size) * HASH_BYTES));
  }

  /** An edge of its own that begins here. */
  copy(): TreeEdge {
    const other = new TreeEdge(this.#crypto);
    other.#size = this.#size;
    other.#count = this.#count;
    other.#nodes.set(this.#nodes.subarray(0, this.#count * HASH_BYTES));
    for (const [level, hashes] of this.levels().entries()) other.#tile(level).set(hashes);
    return other;
  }

  #node(i: number): Uint8Array {
    return this.#nodes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  }

  #put(level: number, index: number, hash: Uint8Array): void {
    this.#tile(level).set(hash, (index % TILE_WIDTH) * HASH_BYTES);
  }

  #tile(level: number): Uint8Array {
    const known = this.#tiles[level];
    if (known !== undefined) return known;
    const tile = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    this.#tiles[level] = tile;
    return tile;
  }
}

/** Least k for which `size < 256^k`: levels that a tree of this size has. */
export function levelsOf(size: number): number {
  let levels = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / TILE_WIDTH)) levels++;
  return levels;
}

/** Hashes in the partial tile of `level` in a tree of `size` leaves: `floor(size / 256^level) mod 256`. */
export function partialWidth(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
}

/** Root that `path` leads to from `leafHash` at `index` of `size`; undefined when it does not fit them (RFC 9162 §2.1.3.2). */
export function rootFromInclusion(
  crypto: Crypto,
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!isSize(index) || !isSize(size) || index >= size || leafHash.length !== HASH_BYTES) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leafHash;
  for (const other of path) {
    if (sn === 0 || other.length !== HASH_BYTES) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(crypto, other, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else root = nodeHash(crypto, root, other);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? root : undefined;
}

/**
 * Whether `path` proves that the tree of `n` leaves with root `rootN` begins with the tree of `m` leaves with root `rootM`
 * (RFC 9162 §2.1.4.2). Every tree begins with the empty one, and for that the proof is empty (C2SP tlog-witness).
 */
export function checkConsistency(crypto: Crypto, m: number, rootM: Uint8Array, n: number, rootN: Uint8Array, path: readonly Uint8Array[]): boolean {
  if (!isSize(m) || !isSize(n) || m > n || rootM.length !== HASH_BYTES || rootN.length !== HASH_BYTES) return false;
  if (m === n) return path.length === 0 && equalBytes(rootM, rootN);
  if (m === 0) return path.length === 0 && equalBytes(rootM, emptyRoot(crypto));
  // A perfect tree is a node of the larger one, so the proof leaves it out.
  const [first, ...rest] = isPowerOfTwo(m) ? [rootM, ...path] : path;
  if (first?.length !== HASH_BYTES) return false;
  let fn = m - 1;
  let sn = n - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let old = first;
  let now = first;
  for (const other of rest) {
    if (sn === 0 || other.length !== HASH_BYTES) return false;
    if (fn % 2 === 1 || fn === sn) {
      old = nodeHash(crypto, other, old);
      now = nodeHash(crypto, other, now);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else now = nodeHash(crypto, now, other);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(old, rootM) && equalBytes(now, rootN);
}

/** `H(0x01 ‖ left ‖ right)`. */
export function nodeHash(crypto: Crypto, left: Uint8Array, right: Uint8Array): Uint8Array {
  const node = newNode();
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return crypto.sha256(node);
}

/** Whether `value` can be the size of a tree or an index into one. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function newNode(): Uint8Array {
  const node = new Uint8Array(1 + 2 * HASH_BYTES);
  node[0] = 1;
  return node;
}

// Sizes may pass 2^31, where the shifts of JavaScript end.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.floor(Math.log2(value)) === value;
}
