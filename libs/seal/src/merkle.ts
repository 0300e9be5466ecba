import type { Crypto } from './crypto.js';

const EMPTY = new Uint8Array(0);

/** `H("")`, the root of a tree without leaves (RFC 6962 §2.1). */
export function emptyRoot(crypto: Crypto): Uint8Array {
  return crypto.sha256(EMPTY);
}

/** `H(0x00 ‖ data)`. */
export function leafHash(crypto: Crypto, data: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(1 + data.length);
  buffer.set(data, 1);
  return crypto.sha256(buffer);
}

/**
 * Root of the RFC 6962 tree over `count` leaf hashes that stand one after the other in `hashes`, which is consumed.
 * Pairing level by level and carrying an odd last node upward gives the tree of the RFC's recursive definition.
 */
export function rootInPlace(crypto: Crypto, hashes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return emptyRoot(crypto);
  const node = new Uint8Array(65);
  node[0] = 1;
  for (let n = count; n > 1; n = (n + 1) >> 1) {
    const pairs = n >> 1;
    for (let i = 0; i < pairs; i++) {
      // A copy loop of 64 bytes would cost more than the view it avoids.
      node.set(hashes.subarray(i * 64, i * 64 + 64), 1);
      crypto.sha256Into(node, hashes, i * 32);
    }
    if (n % 2 === 1) hashes.copyWithin(pairs * 32, (n - 1) * 32, n * 32);
  }
  return hashes.slice(0, 32);
}

/** Root over leaf data. */
export function rootOf(crypto: Crypto, leaves: readonly Uint8Array[]): Uint8Array {
  const hashes = new Uint8Array(leaves.length * 32);
  leaves.forEach((leaf, i) => {
    hashes.set(leafHash(crypto, leaf), i * 32);
  });
  return rootInPlace(crypto, hashes, leaves.length);
}

/** Audit path of leaf `index` among `count` leaf hashes (RFC 9162 §2.1.3.1), from the leaf's sibling up. `hashes` is consumed. */
export function inclusionPath(crypto: Crypto, hashes: Uint8Array, count: number, index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  const node = new Uint8Array(65);
  node[0] = 1;
  let at = index;
  for (let n = count; n > 1; n = (n + 1) >> 1) {
    const sibling = at ^ 1;
    if (sibling < n) path.push(hashes.slice(sibling * 32, sibling * 32 + 32));
    const pairs = n >> 1;
    for (let i = 0; i < pairs; i++) {
      node.set(hashes.subarray(i * 64, i * 64 + 64), 1);
      crypto.sha256Into(node, hashes, i * 32);
    }
    if (n % 2 === 1) hashes.copyWithin(pairs * 32, (n - 1) * 32, n * 32);
    at >>= 1;
  }
  return path;
}

/** Root that `path` leads to from a leaf hash at `index` of `count`; undefined when the path has the wrong length (RFC 9162 §2.1.3.2). */
export function rootFromPath(crypto: Crypto, leaf: Uint8Array, index: number, count: number, path: readonly Uint8Array[]): Uint8Array | undefined {
  if (index < 0 || index >= count) return undefined;
  let hash = leaf;
  let at = index;
  let used = 0;
  const node = new Uint8Array(65);
  node[0] = 1;
  for (let n = count; n > 1; n = (n + 1) >> 1) {
    const sibling = at ^ 1;
    if (sibling < n) {
      const other = path[used++];
      if (other?.length !== 32) return undefined;
      node.set(at % 2 === 0 ? hash : other, 1);
      node.set(at % 2 === 0 ? other : hash, 33);
      hash = crypto.sha256(node);
    }
    at >>= 1;
  }
  return used === path.length ? hash : undefined;
}
