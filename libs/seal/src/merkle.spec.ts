import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import fc from 'fast-check';
import { concat, fromHex, toHex } from './bytes.js';
import { emptyRoot, inclusionPath, leafHash, rootFromPath, rootInPlace, rootOf } from './merkle.js';

/** Leaves and roots of the reference implementation of RFC 6962. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
  fromHex(hex, hex.length / 2),
);
const ROOTS = [
  '6e340b9c',
  'fac54203',
  'aeb6bcfe',
  'd37ee418',
  '4e3bbb1f',
  '76e67dad',
  'ddb89be4',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** RFC 6962 §2.1, as it is written there. */
function definition(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return crypto.sha256(new Uint8Array(0));
  if (leaves.length === 1) return crypto.sha256(concat(Uint8Array.of(0), only));
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return crypto.sha256(concat(Uint8Array.of(1), definition(leaves.slice(0, k)), definition(leaves.slice(k))));
}

const hashesOf = (leaves: readonly Uint8Array[]): Uint8Array => concat(...leaves.map((leaf) => leafHash(crypto, leaf)));
const leaves = fc.array(fc.uint8Array({ maxLength: 10 }), { maxLength: 70 });

describe('a tree', () => {
  it('has the roots of RFC 6962', () => {
    expect(toHex(emptyRoot(crypto))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(rootOf(crypto, [])).toEqual(emptyRoot(crypto));
    for (const [i, root] of ROOTS.entries()) expect(toHex(rootOf(crypto, LEAVES.slice(0, i + 1)))).toMatch(new RegExp(`^${root}`));
  });

  it('has the root of the definition, for any leaves', () => {
    fc.assert(fc.property(leaves, (some) => expect(rootOf(crypto, some)).toEqual(definition(some))));
  });

  it('has the inclusion proof of RFC 6962 for leaf 5 of 8', () => {
    const path = inclusionPath(crypto, hashesOf(LEAVES), 8, 5);
    expect(path.map((hash) => toHex(hash).slice(0, 6))).toEqual(['bc1a06', 'ca854e', 'd37ee4']);
  });

  it('proves every leaf by its path, and nothing else', () => {
    fc.assert(
      fc.property(
        leaves.filter((some) => some.length > 0),
        fc.nat(),
        fc.nat(),
        (some, at, bit) => {
          const index = at % some.length;
          const root = rootOf(crypto, some);
          const leaf = leafHash(crypto, some[index]!);
          const path = inclusionPath(crypto, hashesOf(some), some.length, index);
          expect(rootFromPath(crypto, leaf, index, some.length, path)).toEqual(root);
          expect(rootFromPath(crypto, leaf, index, some.length, [...path, leaf])).toBeUndefined();
          if (path.length > 0) {
            expect(rootFromPath(crypto, leaf, index, some.length, path.slice(1))).toBeUndefined();
            const which = bit % path.length;
            const changed = path.map((hash, i) => (i === which ? hash.map((byte, j) => (j === bit % 32 ? byte ^ 1 : byte)) : hash));
            expect(rootFromPath(crypto, leaf, index, some.length, changed)).not.toEqual(root);
            expect(
              rootFromPath(
                crypto,
                leaf,
                index,
                some.length,
                path.map((hash, i) => (i === which ? hash.subarray(1) : hash)),
              ),
            ).toBeUndefined();
          }
          // The same leaf at another place: a proof binds the index.
          const other = (index + 1) % some.length;
          if (other !== index && toHex(leafHash(crypto, some[other]!)) !== toHex(leaf))
            expect(rootFromPath(crypto, leaf, other, some.length, path)).not.toEqual(root);
        },
      ),
    );
  });

  it('knows no place outside itself', () => {
    const leaf = leafHash(crypto, LEAVES[1]!);
    for (const [index, count] of [
      [-1, 1],
      [1, 1],
      [0, 0],
      [8, 8],
    ] as const)
      expect(rootFromPath(crypto, leaf, index, count, [])).toBeUndefined();
    expect(rootFromPath(crypto, leaf, 0, 1, [])).toEqual(leaf);
  });

  it('leaves the caller a root that lives on when the buffer is used again', () => {
    const buffer = hashesOf(LEAVES);
    const root = rootInPlace(crypto, buffer, 8);
    const copy = toHex(root);
    buffer.fill(0);
    expect(toHex(root)).toBe(copy);
  });
});
