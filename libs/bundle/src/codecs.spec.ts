import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HoldfastError } from '@holdfast/record';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { leafHash, rootFromPath, toHex, utf8 } from '@holdfast/seal';
import { encodeBundleIndex, parseBundleIndex } from './bundle-index.js';
import type { BundleIndex } from './bundle-index.js';
import { encodeHeadsProof, parseHeadsProof } from './heads-proof.js';
import { encodeLogProofs, parseLogProofs } from './log-proofs.js';
import { encodeObjectProof, parseLeaf, parseObjectProof } from './object-proof.js';
import type { ObjectProof } from './object-proof.js';
import { TreePaths } from './tree-paths.js';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const path = fc.array(hash, { maxLength: 4 });
const u32 = fc.nat(0xffff);
const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const PARSERS = [parseBundleIndex, parseHeadsProof, parseLogProofs, parseObjectProof, parseLeaf];

function refuses(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError);
    expect((error as HoldfastError).code).toBe('format_malformed');
  }
}

const objectProof: fc.Arbitrary<ObjectProof> = fc
  .record({
    chain: fc.constant('msg/a/b/0/0'),
    seq: u32,
    no: u32,
    objects: fc.integer({ min: 1, max: 1000 }),
    path,
    blocks: fc.array(fc.record({ no: u32, entry: exactly(56), path }), { maxLength: 3 }),
    leaves: fc.array(
      fc.record({ block: u32, index: u32, leaf: exactly(62), path, salt: hash }, { requiredKeys: ['block', 'index', 'leaf', 'path'] }),
      { maxLength: 3 },
    ),
    directory: fc.record(
      { labelKey: hash, entries: fc.array(fc.record({ index: u32, entry: exactly(68), path }), { maxLength: 2 }) },
      { requiredKeys: ['entries'] },
    ),
  })
  .map((proof) => ({
    ...proof,
    blocks: proof.blocks.map((block, i) => ({ ...block, no: i })),
    leaves: proof.leaves.map((leaf, i) => ({ ...leaf, index: i })),
  }));

const INDEX: BundleIndex = {
  format: 'holdfast.bundle/1',
  archive: 'ab'.repeat(32),
  log: { origin: 'example', size: 12, root: 'cd'.repeat(32) },
  time: '2026-03-01T08:00:00.000Z',
  scope: { kind: 'records', ids: ['a~b~0~0~1'] },
  language: 'en',
  timeZone: 'Asia/Shanghai',
  zoneOffsets: [{ from: '2026-03-01T07:00:00.000Z', offset: '+08:00' }],
  records: [
    { chain: 'msg/a/b/0/0', offset: '9', id: 'a~b~0~0~9', state: 'shown' },
    { chain: 'msg/a/b/0/0', offset: '10', id: 'a~b~0~0~10', state: 'withheld', reason: 'privacy' },
    { chain: 'msg/a/b/1/0', offset: '0', id: 'a~b~1~0~0', state: 'outside' },
  ],
  software: 'test',
  files: [{ name: 'README.txt', sha256: 'ef'.repeat(32), size: 1 }],
};

describe('entries of a bundle', () => {
  it('are read as they were written', () => {
    expect(parseBundleIndex(encodeBundleIndex(INDEX))).toEqual(INDEX);
    fc.assert(fc.property(objectProof, (proof) => expect(parseObjectProof(encodeObjectProof(proof))).toEqual(proof)));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        path,
        fc.uniqueArray(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 9 })),
        (tick, to, names) => {
          const heads = names.sort().map((chain, next) => ({ chain, next, hash: 'ab'.repeat(32) }));
          expect(parseHeadsProof(encodeHeadsProof({ tick, path: to, heads }))).toEqual({ tick, path: to, heads });
        },
      ),
    );
    fc.assert(
      fc.property(path, fc.uniqueArray(u32), (to, seqs) => {
        const proofs = seqs.sort((a, b) => a - b).map((seq) => ({ chain: 'msg/a/b/0/0', seq, index: seq + 1, path: to }));
        expect(parseLogProofs(encodeLogProofs(proofs.toReversed()))).toEqual(proofs);
      }),
    );
  });

  it('are refused when they are something else, and never crash a reader', () => {
    const json = fc.json().map(utf8);
    fc.assert(fc.property(fc.constantFrom(...PARSERS), fc.oneof(fc.uint8Array(), json), (parse, bytes) => refuses(() => parse(bytes))));
    const heads = encodeHeadsProof({
      tick: new Uint8Array(53),
      path: [new Uint8Array(32)],
      heads: [{ chain: 'gov', next: 1, hash: 'ab'.repeat(32) }],
    });
    for (let cut = 0; cut < heads.length; cut++) expect(() => parseHeadsProof(heads.subarray(0, cut))).toThrow(HoldfastError);
    for (const change of [
      { records: INDEX.records.toReversed() },
      { files: [...INDEX.files, ...INDEX.files] },
      { language: 'de' },
      { extra: 1 },
      { time: '2026-02-30T08:00:00.000Z' },
      { records: [{ ...INDEX.records[0], chain: 'gov' }] },
      { zoneOffsets: [...INDEX.zoneOffsets, ...INDEX.zoneOffsets] },
    ])
      expect(() => parseBundleIndex(utf8(JSON.stringify({ ...INDEX, ...change })))).toThrow(HoldfastError);
  });
});

it('all audit paths of a tree lead to its root', () => {
  for (let n = 1; n < 20; n++) {
    const data = Array.from({ length: n }, (_, i) => utf8(`leaf ${i}`));
    const tree = new TreePaths(crypto, data);
    data.forEach((leaf, i) => expect(toHex(rootFromPath(crypto, leafHash(crypto, leaf), i, n, tree.path(i))!)).toBe(toHex(tree.root)));
  }
  expect(toHex(new TreePaths(crypto, []).root)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
