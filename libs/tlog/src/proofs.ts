import { HoldfastError } from '@holdfast/record';
import { rootInPlace } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { logMalformed, plain } from './byte-reader.js';
import { HASH_BYTES, TILE_WIDTH, isSize, nodeHash } from './tree.js';

/** Gives the hashes of tile `n` of `level`, `width` × 32 bytes: exactly the tile that the tree of the proof has there. */
export interface HashReader {
  tile(level: number, n: number, width: number): Promise<Uint8Array>;
}

/**
 * Audit path of leaf `index` in the tree of its first `size` leaves (RFC 6962 §2.1.1), from the leaf's sibling up.
 * @throws HoldfastError `bad_request` for an index outside the tree, `log_malformed` for a tile of another length
 */
export async function inclusionProof(crypto: Crypto, hashes: HashReader, index: number, size: number): Promise<readonly Uint8Array[]> {
  if (!isSize(index) || !isSize(size) || index >= size) throw outside(`There is no leaf ${index} in a tree of ${size} leaves`);
  const tree = new TreeReader(crypto, hashes, size);
  const path: Promise<Uint8Array>[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    // From the root down; the proof goes from the leaf up.
    if (index < middle) {
      path.unshift(tree.subtree(middle, end));
      end = middle;
    } else {
      path.unshift(tree.subtree(begin, middle));
      begin = middle;
    }
  }
  return Promise.all(path);
}

/**
 * Proof that the tree of the first `n` leaves begins with that of the first `m` (RFC 6962 §2.1.2). Empty when `m` is 0 or `n`.
 * @throws HoldfastError `bad_request` when `m` is larger, `log_malformed` for a tile of another length
 */
export async function consistencyProof(crypto: Crypto, hashes: HashReader, m: number, n: number): Promise<readonly Uint8Array[]> {
  if (!isSize(m) || !isSize(n) || m > n) throw outside(`A tree of ${n} leaves does not begin with one of ${m}`);
  if (m === 0 || m === n) return [];
  const tree = new TreeReader(crypto, hashes, n);
  const path: Promise<Uint8Array>[] = [];
  let [begin, end] = [0, n];
  while (end !== m) {
    const middle = begin + splitOf(end - begin);
    if (m <= middle) {
      path.unshift(tree.subtree(middle, end));
      end = middle;
    } else {
      path.unshift(tree.subtree(begin, middle));
      begin = middle;
    }
  }
  // Without begin = 0 the node that both trees share is the old root, which the verifier has.
  if (begin > 0) path.unshift(tree.subtree(begin, end));
  return Promise.all(path);
}

/** Roots of subtrees, made from tiles; each tile is read once. */
class TreeReader {
  readonly #crypto: Crypto;
  readonly #hashes: HashReader;
  readonly #size: number;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();

  constructor(crypto: Crypto, hashes: HashReader, size: number) {
    this.#crypto = crypto;
    this.#hashes = hashes;
    this.#size = size;
  }

  /** Root of the leaves from `begin` to before `end`, which must be a subtree of the tree. */
  async subtree(begin: number, end: number): Promise<Uint8Array> {
    const leaves = end - begin;
    const split = splitOf(leaves);
    if (leaves === 1 || split * 2 === leaves) return this.#perfect(begin, leaves);
    const [left, right] = await Promise.all([this.#perfect(begin, split), this.subtree(begin + split, end)]);
    return nodeHash(this.#crypto, left, right);
  }

  /** Root of a perfect subtree: it lies in one tile, under 1 to 128 of its hashes. */
  async #perfect(begin: number, leaves: number): Promise<Uint8Array> {
    const level = Math.floor(Math.log2(leaves) / 8);
    const unit = TILE_WIDTH ** level;
    const n = Math.floor(begin / unit / TILE_WIDTH);
    const at = ((begin / unit) % TILE_WIDTH) * HASH_BYTES;
    const tile = await this.#tile(level, n, Math.min(Math.floor(this.#size / unit) - n * TILE_WIDTH, TILE_WIDTH));
    const count = leaves / unit;
    return rootInPlace(this.#crypto, tile.slice(at, at + count * HASH_BYTES), count);
  }

  #tile(level: number, n: number, width: number): Promise<Uint8Array> {
    const key = `${level}/${n}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const tile = this.#hashes.tile(level, n, width).then((bytes) => {
      if (bytes.length !== width * HASH_BYTES) throw logMalformed(`tile ${key} has ${bytes.length} bytes, not ${width} hashes`);
      return plain(bytes);
    });
    this.#tiles.set(key, tile);
    return tile;
  }
}

/** Largest power of two below `count`, where RFC 6962 splits a tree; 1 for 1. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function outside(what: string): HoldfastError {
  return new HoldfastError('bad_request', `${what}.`);
}
