import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { concat, toHex, utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { NaiveTree } from '../test/naive-tree.js';
import { codeOf, testKey } from '../test/signing.js';
import { signCheckpoint } from './checkpoint.js';
import { formatTlogProof, parseTlogProof } from './tlog-proof.js';
import { encodeAddCheckpoint, judgeAddCheckpoint, parseAddCheckpoint, parseWitnessSize } from './witness-protocol.js';
import type { WitnessAnswer, WitnessMemory } from './witness-protocol.js';

const log = testKey('example.com/log', 1);
const thief = testKey('example.com/log', 1, 'another secret');
const tree = NaiveTree.of(40);
const at = (size: number, root = tree.root(0, size), signer = log): Promise<Uint8Array> =>
  signCheckpoint(crypto, { origin: 'example.com/log', size, root }, signer.key, signer.sign);

const EXAMPLE = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;

describe('a request to a witness', () => {
  it('is that of the specification', () => {
    const parsed = parseAddCheckpoint(utf8(EXAMPLE));
    expect([parsed.old, parsed.proof.length]).toEqual([20852014, 4]);
    expect(Buffer.from(encodeAddCheckpoint(parsed)).toString()).toBe(EXAMPLE);
    const first = { old: 0, proof: [], checkpoint: utf8('x') };
    expect(Buffer.from(encodeAddCheckpoint(first)).toString()).toBe('old 0\n\nx');
    expect(parseAddCheckpoint(encodeAddCheckpoint(first))).toEqual(first);
  });

  it.each([
    ['nothing', ''],
    ['no empty line', 'old 0\n'],
    ['no old size', EXAMPLE.replace('old 20852014\n', '')],
    ['a leading zero', EXAMPLE.replace('old 2', 'old 02')],
    ['another word', EXAMPLE.replace('old ', 'new ')],
    ['two spaces', EXAMPLE.replace('old ', 'old  ')],
    ['a short hash', EXAMPLE.replace('PlRN', '')],
    ['a hash that is not base64', EXAMPLE.replace('PlRN', 'Pl*N')],
    ['64 hashes', `old 1\n${`${'A'.repeat(43)}=\n`.repeat(64)}\nx`],
  ])('is refused with %s', (_, text) => {
    expect(codeOf(() => parseAddCheckpoint(utf8(text)))).toBe('checkpoint_malformed');
  });

  it('never fails otherwise on hostile bytes, and has one spelling', () => {
    const near = fc
      .tuple(fc.nat(EXAMPLE.length), fc.uint8Array({ maxLength: 3 }))
      .map(([i, some]) => concat(utf8(EXAMPLE.slice(0, i)), some, utf8(EXAMPLE.slice(i))));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), near), (bytes) => {
        const code = codeOf(() => expect(toHex(encodeAddCheckpoint(parseAddCheckpoint(bytes)))).toBe(toHex(bytes)));
        expect(['', 'checkpoint_malformed']).toContain(code);
      }),
    );
    expect(codeOf(() => parseAddCheckpoint(new Uint8Array(1 << 20).fill(10)))).toBe('checkpoint_malformed');
    expect(parseAddCheckpoint(utf8(`old 1\n${`${'A'.repeat(43)}=\n`.repeat(63)}\nx`)).proof).toHaveLength(63);
    expect(codeOf(() => parseAddCheckpoint(Buffer.from('old 1\n\xff\n\nx', 'latin1')))).toBe('checkpoint_malformed');
  });
});

describe('a witness', () => {
  const knows = (size?: number): WitnessMemory => ({
    logKeys: (origin) => (origin === 'example.com/log' ? [log.key] : []),
    held: (origin) => (size === undefined || origin !== 'example.com/log' ? undefined : { size, root: tree.root(0, size) }),
  });
  const judge = (memory: WitnessMemory, old: number, proof: readonly Uint8Array[], checkpoint: Uint8Array): WitnessAnswer =>
    judgeAddCheckpoint(crypto, memory, { old, proof, checkpoint });

  it('accepts what is consistent with what it holds', async () => {
    for (const [old, size] of [
      [0, 40],
      [1, 40],
      [7, 8],
      [8, 8],
      [13, 31],
    ] as const) {
      const proof = old === 0 ? [] : tree.proof(old, size);
      expect(judge(knows(old === 0 ? undefined : old), old, proof, await at(size))).toMatchObject({
        accept: { checkpoint: { origin: 'example.com/log', size } },
      });
    }
    expect(judge(knows(), 0, [], await at(0, tree.root(0, 0)))).toMatchObject({ accept: { checkpoint: { size: 0 } } });
  });

  it('answers what the specification says', async () => {
    const good = await at(20);
    expect(judge(knows(10), 10, tree.proof(10, 20), utf8('nonsense'))).toMatchObject({ status: 400 });
    expect(judge(knows(10), 10, [], utf8('a\nb\n\n— a AAAAAAA=\n'))).toMatchObject({ status: 400 });
    expect(judge({ ...knows(10), logKeys: () => [] }, 10, tree.proof(10, 20), good)).toMatchObject({ status: 404 });
    expect(judge(knows(10), 10, tree.proof(10, 20), await at(20, tree.root(0, 20), thief))).toMatchObject({ status: 403 });
    expect(judge(knows(10), 21, [], good)).toMatchObject({ status: 400 });
    expect(judge(knows(10), 9, tree.proof(9, 20), good)).toMatchObject({ status: 409, size: 10 });
    expect(judge(knows(), 9, tree.proof(9, 20), good)).toMatchObject({ status: 409, size: 0 });
    expect(judge(knows(30), 20, [], good)).toMatchObject({ status: 409, size: 30 });
    expect(judge(knows(10), 10, tree.proof(10, 20).slice(1), good)).toMatchObject({ status: 422 });
    expect(judge(knows(10), 10, [], good)).toMatchObject({ status: 422 });
    expect(judge(knows(20), 20, tree.proof(10, 20), good)).toMatchObject({ status: 422 });
    expect(judge(knows(10), 10, tree.proof(10, 20), await at(20, tree.root(0, 21)))).toMatchObject({ status: 422 });
    // Two roots of one size: what a witness is there to find.
    expect(judge(knows(20), 20, [], await at(20, tree.root(0, 21)))).toMatchObject({
      status: 422,
      why: 'Two roots of one size, 20: the log is forked.',
    });
    expect(judge(knows(), 0, [], await at(0, tree.root(0, 1)))).toMatchObject({ status: 422 });
    expect(judge(knows(), 0, [tree.leaf(0)], good)).toMatchObject({ status: 422 });
  });

  it('does not hide a fault of its own as an answer', async () => {
    const good = await at(20);
    const broken = {
      ...crypto,
      verifyEd25519: () => {
        throw new RangeError('broken');
      },
    };
    expect(() => judgeAddCheckpoint(broken, knows(10), { old: 10, proof: [], checkpoint: good })).toThrow(RangeError);
  });

  it('says the size it holds', () => {
    expect(parseWitnessSize('20852014\n')).toBe(20852014);
    for (const text of ['', '1', '01\n', '1\n\n', ' 1\n', 'x\n']) expect(codeOf(() => parseWitnessSize(text))).toBe('checkpoint_malformed');
  });
});

describe('a proof file', () => {
  it('carries index, path, checkpoint and extra data', async () => {
    const proof = { index: 5, path: tree.path(5, 0, 40), checkpoint: await at(40) };
    for (const whole of [proof, { ...proof, extra: utf8('{"合":1}') }, { ...proof, extra: new Uint8Array(0) }, { ...proof, path: [] }]) {
      const bytes = formatTlogProof(whole);
      const parsed = parseTlogProof(bytes);
      expect({ ...parsed, path: parsed.path.map(toHex), checkpoint: toHex(parsed.checkpoint) }).toEqual({
        ...whole,
        path: whole.path.map(toHex),
        checkpoint: toHex(whole.checkpoint),
      });
      expect(toHex(formatTlogProof(parsed))).toBe(toHex(bytes));
    }
    expect(Buffer.from(formatTlogProof({ index: 0, path: [], checkpoint: utf8('x') })).toString()).toBe('c2sp.org/tlog-proof@v1\nindex 0\n\nx');
  });

  it.each([
    '',
    'c2sp.org/tlog-proof@v1\nindex 0\n',
    'c2sp.org/tlog-proof@v2\nindex 0\n\nx',
    'c2sp.org/tlog-proof@v1\n\nx',
    'c2sp.org/tlog-proof@v1\nindex 00\n\nx',
    'c2sp.org/tlog-proof@v1\nindex\n\nx',
    'c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx',
    'c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\nx',
    'c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx',
    'c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nx',
    `c2sp.org/tlog-proof@v1\nindex 0\n${`${'A'.repeat(43)}=\n`.repeat(65)}\nx`,
    `c2sp.org/tlog-proof@v1\nextra ${'AAAA'.repeat(30_000)}\nindex 0\n\nx`,
  ])('is refused as %j', (text) => {
    expect(codeOf(() => parseTlogProof(utf8(text)))).toBe('checkpoint_malformed');
  });

  it('never fails otherwise on hostile bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) =>
        expect(codeOf(() => parseTlogProof(concat(utf8('c2sp.org/tlog-proof@v1\n'), bytes)))).toMatch(/^(checkpoint_malformed)?$/),
      ),
    );
    expect(codeOf(() => parseTlogProof(new Uint8Array(1 << 20)))).toBe('checkpoint_malformed');
    for (const change of [{ index: -1 }, { index: 0.5 }, { path: [new Uint8Array(31)] }]) {
      expect(codeOf(() => formatTlogProof({ index: 0, path: [], checkpoint: utf8('x'), ...change }))).toBe('checkpoint_malformed');
    }
  });
});
