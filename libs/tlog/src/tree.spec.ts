import { describe, expect, it, jest } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { concat, equalBytes, leafHash, toHex } from '@holdfast/seal';
import fc from 'fast-check';
import { NaiveTree, RFC_LEAVES } from '../test/naive-tree.js';
import { TreeEdge, checkConsistency, levelsOf, partialWidth, rootFromInclusion } from './tree.js';
import type { FullTile } from './tree.js';

// A hundred thousand hashes, on a machine that may be busy.
jest.setTimeout(120_000);

const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : toHex(bytes));
const flipped = (bytes: Uint8Array, bit: number): Uint8Array => bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

function edgeOf(tree: NaiveTree, size: number, emit?: (tile: FullTile) => void): TreeEdge {
  const edge = new TreeEdge(crypto);
  for (let i = 0; i < size; i++) edge.append(tree.leaf(i), emit);
  return edge;
}

describe('the edge of a tree', () => {
  it('has the roots of RFC 6962', () => {
    const edge = new TreeEdge(crypto);
    expect(hex(edge.root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [i, leaf] of RFC_LEAVES.entries()) {
      edge.append(leafHash(crypto, leaf));
      expect(hex(edge.root())).toBe(ROOTS[i]);
      expect(edge.size).toBe(i + 1);
    }
  });

  it('has the root of the definition at every size up to 1,100', () => {
    const tree = NaiveTree.of(1100);
    const edge = new TreeEdge(crypto);
    const wrong: number[] = [];
    for (let size = 0; size < 1100; size++) {
      if (!equalBytes(edge.root(), tree.root(0, size))) wrong.push(size);
      edge.append(tree.leaf(size));
    }
    expect(wrong).toEqual([]);
  });

  it('fills the tiles of C2SP tlog-tiles, and keeps the partial ones', () => {
    const tree = NaiveTree.of(70_000);
    const tiles = new Map<string, Uint8Array>();
    const edge = edgeOf(tree, 70_000, ({ level, n, bytes }) => tiles.set(`${level}/${n}`, bytes));
    // The example of the specification.
    expect(tiles.size).toBe(273 + 1);
    expect(edge.levels().map((hashes) => hashes.length / 32)).toEqual([112, 17, 1]);
    const tileOf = (root: (i: number) => Uint8Array): string => hex(concat(...Array.from({ length: 256 }, (_, i) => root(i))));
    for (let n = 0; n < 273; n += 17) expect(hex(tiles.get(`0/${n}`))).toBe(tileOf((i) => tree.leaf(n * 256 + i)));
    expect(hex(tiles.get('1/0'))).toBe(tileOf((i) => tree.root(i * 256, i * 256 + 256)));
    const [leaves, nodes, top] = edge.levels();
    expect(hex(leaves?.subarray(0, 32))).toBe(hex(tree.leaf(273 * 256)));
    expect(hex(nodes?.subarray(16 * 32))).toBe(hex(tree.root(272 * 256, 273 * 256)));
    expect(hex(top)).toBe(hex(tree.root(0, 65_536)));
    expect(hex(edge.root())).toBe(hex(tree.root(0, 70_000)));
  });

  it('goes on from its levels as it would have without a break', () => {
    const tree = NaiveTree.of(2000);
    fc.assert(
      fc.property(fc.nat(1500), fc.nat(300), (size, more) => {
        const before = edgeOf(tree, size);
        const edge = TreeEdge.fromLevels(crypto, size, before.levels());
        expect(hex(edge.root())).toBe(hex(tree.root(0, size)));
        const copy = edge.copy();
        const [emitted, again]: [string[], string[]] = [[], []];
        for (let i = size; i < size + more; i++) {
          edge.append(tree.leaf(i), (tile) => emitted.push(`${tile.level}/${tile.n} ${hex(tile.bytes)}`));
          before.append(tree.leaf(i), (tile) => again.push(`${tile.level}/${tile.n} ${hex(tile.bytes)}`));
        }
        expect(hex(edge.root())).toBe(hex(tree.root(0, size + more)));
        expect(edge.levels()).toEqual(before.levels());
        expect(emitted).toEqual(again);
        // A copy stays where it was made.
        expect(hex(copy.root())).toBe(hex(tree.root(0, size)));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses levels that are not those of its size, and what is no leaf hash', () => {
    const levels = edgeOf(NaiveTree.of(300), 300).levels();
    const [low = new Uint8Array(), high = new Uint8Array()] = levels;
    for (const [size, wrong] of [
      [300, [low]],
      [300, [low, high, high]],
      [300, [low, low]],
      [300, [low.subarray(32), high]],
      [300, [low.subarray(1), high]],
      [299, levels],
      [0, levels],
      [65_536, levels],
    ] as const) {
      expect(() => TreeEdge.fromLevels(crypto, size, wrong)).toThrow(expect.objectContaining({ code: 'log_malformed' }));
    }
    expect(() => new TreeEdge(crypto).append(new Uint8Array(31))).toThrow('a leaf hash has 32 bytes');
    expect(TreeEdge.fromLevels(crypto, 0, []).size).toBe(0);
    expect([0, 1, 255, 256, 65_535, 65_536, Number.MAX_SAFE_INTEGER].map(levelsOf)).toEqual([0, 1, 1, 2, 2, 3, 7]);
    expect(partialWidth(0, 70_000)).toBe(112);
  });

  it('is right where sizes no longer fit 32 bits', () => {
    // A tree of 2^40 + 2 equal leaves: perfect subtrees of one height have one root.
    const leaf = leafHash(crypto, new Uint8Array(0));
    const perfect = [leaf];
    const join = (left: Uint8Array, right: Uint8Array): Uint8Array => crypto.sha256(Buffer.concat([Uint8Array.of(1), left, right]));
    for (let i = 0; i < 40; i++) perfect.push(join(perfect[i] ?? leaf, perfect[i] ?? leaf));
    const [pair = leaf, whole = leaf] = [perfect[1], perfect[40]];
    const size = 2 ** 40 + 2;
    const edge = TreeEdge.fromLevels(crypto, size, [Buffer.concat([leaf, leaf]), ...Array.from({ length: 4 }, () => new Uint8Array()), whole]);
    expect(hex(edge.root())).toBe(hex(join(whole, pair)));
    expect(hex(rootFromInclusion(crypto, leaf, 2 ** 40 + 1, size, [leaf, whole]))).toBe(hex(edge.root()));
    expect(checkConsistency(crypto, 2 ** 40, whole, size, edge.root(), [pair])).toBe(true);
    edge.append(leaf);
    expect(hex(edge.root())).toBe(hex(join(whole, join(pair, leaf))));
    expect(checkConsistency(crypto, size, join(whole, pair), size + 1, edge.root(), [pair, leaf, whole])).toBe(true);
  });
});

describe('an inclusion proof', () => {
  it('leads from leaf 5 to the root of 8 as in RFC 6962', () => {
    const tree = new NaiveTree(RFC_LEAVES.map((leaf) => leafHash(crypto, leaf)));
    const path = tree.path(5, 0, 8);
    expect(path.map((hash) => hex(hash).slice(0, 6))).toEqual(['bc1a06', 'ca854e', 'd37ee4']);
    expect(hex(rootFromInclusion(crypto, tree.leaf(5), 5, 8, path))).toBe(ROOTS[7]);
  });

  it('holds for every leaf of every tree up to 70, and for no other index, size or length', () => {
    const tree = NaiveTree.of(70);
    const wrong: string[] = [];
    for (let size = 1; size <= 70; size++) {
      const root = tree.root(0, size);
      for (let index = 0; index < size; index++) {
        const path = tree.path(index, 0, size);
        const leaf = tree.leaf(index);
        const holds = (at: number, some: readonly Uint8Array[]): boolean => equalBytes(rootFromInclusion(crypto, leaf, at, size, some) ?? leaf, root);
        if (!holds(index, path)) wrong.push(`${index} of ${size} is refused`);
        // In a tree of one leaf the leaf is the root.
        if (size === 1) continue;
        for (const other of [index - 1, index + 1, index ^ 1, size, index + 0.5]) {
          if (holds(other, path)) wrong.push(`${index} of ${size} passes for ${other}`);
        }
        if (rootFromInclusion(crypto, leaf, index, size, [...path, leaf]) !== undefined) wrong.push(`${index} of ${size}: one hash too many`);
        if (rootFromInclusion(crypto, leaf, index, size, path.slice(1)) !== undefined) wrong.push(`${index} of ${size}: one hash too few`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('does not hold with any bit flipped', () => {
    const tree = NaiveTree.of(1000);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1000 }), fc.nat(), fc.nat(), (size, at, bit) => {
        const index = at % size;
        const path = tree.path(index, 0, size);
        const root = hex(tree.root(0, size));
        const which = bit % (path.length + 1);
        const leaf = which === path.length ? flipped(tree.leaf(index), bit % 256) : tree.leaf(index);
        const changed = path.map((hash, i) => (i === which ? flipped(hash, bit % 256) : hash));
        expect(hex(rootFromInclusion(crypto, leaf, index, size, changed))).not.toBe(root);
        expect(
          rootFromInclusion(
            crypto,
            tree.leaf(index),
            index,
            size,
            path.map((hash) => hash.subarray(1)),
          ),
        ).toBeUndefined();
      }),
    );
  });

  it('is refused for sizes that are none', () => {
    const leaf = NaiveTree.of(1).leaf(0);
    for (const [index, size] of [
      [0, 0],
      [-1, 1],
      [1, 1],
      [0, 1.5],
      [0, -1],
      [0, 2 ** 53],
      [Number.NaN, 1],
    ] as const) {
      expect(rootFromInclusion(crypto, leaf, index, size, [])).toBeUndefined();
    }
    expect(rootFromInclusion(crypto, leaf.subarray(1), 0, 1, [])).toBeUndefined();
  });
});

describe('a consistency proof', () => {
  it('is that of RFC 6962 from 3 to 7', () => {
    const tree = new NaiveTree(RFC_LEAVES.map((leaf) => leafHash(crypto, leaf)));
    const path = tree.proof(3, 7);
    expect(path.map((hash) => hex(hash).slice(0, 6))).toEqual(['0298d1', '07506a', 'fac542', '837dbb']);
    expect(checkConsistency(crypto, 3, tree.root(0, 3), 7, tree.root(0, 7), path)).toBe(true);
  });

  it('holds between all trees up to 70, and with no other size or length', () => {
    const tree = NaiveTree.of(71);
    const wrong: string[] = [];
    for (let n = 0; n <= 70; n++) {
      for (let m = 0; m <= n; m++) {
        const path = m === 0 ? [] : tree.proof(m, n);
        const [old, root] = [tree.root(0, m), tree.root(0, n)];
        if (!checkConsistency(crypto, m, old, n, root, path)) wrong.push(`${m} to ${n} is refused`);
        const lies = {
          'one hash more': checkConsistency(crypto, m, old, n, root, [...path, old]),
          'one hash less': path.length > 0 && checkConsistency(crypto, m, old, n, root, path.slice(0, -1)),
          'a smaller old size': m > 0 && checkConsistency(crypto, m - 1, old, n, root, path),
          'a larger old size': m < n && checkConsistency(crypto, m + 1, old, n, root, path),
          'another new root': m > 0 && checkConsistency(crypto, m, old, n, tree.root(0, n + 1), path),
          'another old root': checkConsistency(crypto, m, tree.root(0, m + 1), n, root, path),
        };
        for (const [lie, passed] of Object.entries(lies)) if (passed) wrong.push(`${m} to ${n} with ${lie}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('does not hold with any bit flipped', () => {
    const tree = NaiveTree.of(1000);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1000 }), fc.nat(), fc.nat(), (n, at, bit) => {
        const m = 1 + (at % (n - 1));
        const all = [tree.root(0, m), tree.root(0, n), ...tree.proof(m, n)];
        const which = at % all.length;
        const [old = new Uint8Array(), root = new Uint8Array(), ...path] = all.map((hash, i) => (i === which ? flipped(hash, bit % 256) : hash));
        expect(checkConsistency(crypto, m, old, n, root, path)).toBe(false);
        const cut = all.map((hash, i) => (i === which ? hash.subarray(1) : hash));
        const [shortOld = new Uint8Array(), shortRoot = new Uint8Array(), ...shortPath] = cut;
        expect(checkConsistency(crypto, m, shortOld, n, shortRoot, shortPath)).toBe(false);
      }),
    );
  });

  it('is refused for sizes that are none, and from an empty tree with another root', () => {
    const tree = NaiveTree.of(2);
    const root = tree.root(0, 2);
    for (const [m, n] of [
      [3, 2],
      [-1, 2],
      [1, 2.5],
      [0.5, 2],
      [1, 2 ** 53],
    ] as const) {
      expect(checkConsistency(crypto, m, root, n, root, [])).toBe(false);
    }
    expect(checkConsistency(crypto, 0, root, 2, root, [])).toBe(false);
    expect(checkConsistency(crypto, 3, root, 4, root, [])).toBe(false);
  });
});
