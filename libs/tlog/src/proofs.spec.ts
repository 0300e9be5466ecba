import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex } from '@holdfast/seal';
import fc from 'fast-check';
import { NaiveTree } from '../test/naive-tree.js';
import { consistencyProof, inclusionProof } from './proofs.js';

const hexOf = (path: readonly Uint8Array[]): string[] => path.map(toHex);

describe('proofs from tiles', () => {
  it('are those of RFC 6962 for all trees up to 70', async () => {
    const tree = NaiveTree.of(70);
    for (let size = 1; size <= 70; size++) {
      const reader = tree.reader(size);
      const [made, defined]: [string[], string[]] = [[], []];
      for (let at = 0; at < size; at++) {
        made.push(...hexOf(await inclusionProof(crypto, reader, at, size)), '', ...hexOf(await consistencyProof(crypto, reader, at + 1, size)), '');
        defined.push(...hexOf(tree.path(at, 0, size)), '', ...hexOf(tree.proof(at + 1, size)), '');
      }
      expect(made).toEqual(defined);
      expect(await consistencyProof(crypto, reader, 0, size)).toEqual([]);
    }
  });

  it('are those of RFC 6962 for trees up to 100,000, and read few tiles, each once', async () => {
    const tree = NaiveTree.of(100_000);
    const sizes = fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(255, 256, 257, 512, 65_535, 65_536, 65_537, 99_999));
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, some) => {
        const at = some % size;
        const read: string[] = [];
        expect(hexOf(await inclusionProof(crypto, tree.reader(size, read), at, size))).toEqual(hexOf(tree.path(at, 0, size)));
        expect(new Set(read).size).toBe(read.length);
        expect(read.length).toBeLessThanOrEqual(6);
        read.length = 0;
        expect(hexOf(await consistencyProof(crypto, tree.reader(size, read), at + 1, size))).toEqual(hexOf(tree.proof(at + 1, size)));
        expect(new Set(read).size).toBe(read.length);
        expect(read.length).toBeLessThanOrEqual(6);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('leave the tiles as they were', async () => {
    const tree = NaiveTree.of(70);
    const tile = await tree.reader(70).tile(0, 0, 70);
    const before = toHex(tile);
    await inclusionProof(crypto, { tile: () => Promise.resolve(tile) }, 3, 70);
    expect(toHex(tile)).toBe(before);
  });

  it('are refused outside the tree, and over tiles of another length', async () => {
    const tree = NaiveTree.of(10);
    const reader = tree.reader(10);
    for (const [at, size] of [
      [10, 10],
      [-1, 10],
      [0.5, 10],
      [0, 0],
      [0, 2 ** 53],
    ] as const) {
      await expect(inclusionProof(crypto, reader, at, size)).rejects.toMatchObject({ code: 'bad_request' });
    }
    await expect(consistencyProof(crypto, reader, 11, 10)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(consistencyProof(crypto, reader, -1, 10)).rejects.toMatchObject({ code: 'bad_request' });
    const short = { tile: () => Promise.resolve(new Uint8Array(9 * 32)) };
    await expect(inclusionProof(crypto, short, 1, 10)).rejects.toMatchObject({ code: 'log_malformed' });
    const broken = { tile: () => Promise.reject(new Error('gone')) };
    await expect(inclusionProof(crypto, broken, 1, 10)).rejects.toThrow('gone');
  });
});
