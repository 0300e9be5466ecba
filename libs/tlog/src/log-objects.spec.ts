import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { LOG_CHAIN, claimKey, claimSchema, concat, encodeDocument, leafHash, parseDocument, rootOf, toHex, utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { codeOf } from '../test/signing.js';
import { BATCH_HEADER_BYTES, MAX_BATCH_BYTES, encodeBatch, parseBatch } from './batch.js';
import { lp, u16, u32, u64, u8 } from './byte-reader.js';
import { encodeEntry, parseEntry } from './entry.js';
import type { LogEntry } from './entry.js';
import { Heads } from './heads.js';
import { batchKey, checkpointKey, parseLogKey, stateKey, tileKey, tokenKey } from './log-keys.js';
import { encodeState, parseState } from './state.js';
import { encodeEntries, parseEntries, parseTilePath, tileInTree, tilePath } from './tiles.js';
import type { TileName } from './tiles.js';
import { TreeEdge } from './tree.js';

const HASH = 'ab'.repeat(32);
const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const chain = fc.oneof(
  fc.constantFrom('gov', 'access/api-0', 'msg/im/chat/0/0'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed() && text.length <= 400 && text !== 'log'),
);
const manifest = fc.record({ type: fc.constant('manifest' as const), chain, seq: fc.maxSafeNat(), hash: hash32 });
const count = fc.nat(0xffffffff);
const tick = fc.record({ type: fc.constant('tick' as const), time: fc.maxSafeNat(), registered: count, chains: count, headsRoot: hash32 });
const anyEntry: fc.Arbitrary<LogEntry> = fc.oneof(manifest, tick);
const malformed = (work: () => unknown): void => {
  expect(codeOf(work)).toBe('log_malformed');
};

/** Every prefix and one byte more are refused; another bit is refused or read as what it then says, never as anything else. */
function checkStrict(bytes: Uint8Array, spell: (bytes: Uint8Array) => Uint8Array): void {
  for (let length = 0; length < bytes.length; length++) malformed(() => spell(bytes.subarray(0, length)));
  malformed(() => spell(concat(bytes, Uint8Array.of(0))));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    let again: Uint8Array | undefined;
    const code = codeOf(() => (again = spell(changed)));
    if (code !== '') expect(code).toBe('log_malformed');
    else expect(toHex(again ?? bytes)).toBe(toHex(changed));
  }
}

describe('an entry', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(parseEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
    expect(toHex(encodeEntry({ type: 'manifest', chain: 'gov', seq: 1, hash: new Uint8Array(32).fill(0xab) }))).toBe(
      `010003676f760000000000000001${HASH}`,
    );
    expect(toHex(encodeEntry({ type: 'tick', time: 2, registered: 3, chains: 4, headsRoot: new Uint8Array(32).fill(0xab) }))).toBe(
      `0200000000000000020000000300000004${HASH}`,
    );
  });

  it('is strict', () => {
    const spell = (bytes: Uint8Array): Uint8Array => {
      const entry = parseEntry(bytes);
      return entry.type === 'unknown' ? bytes : encodeEntry(entry);
    };
    checkStrict(encodeEntry({ type: 'manifest', chain: 'msg/im/消息/0/1', seq: 258, hash: new Uint8Array(32) }), spell);
    checkStrict(encodeEntry({ type: 'tick', time: 1, registered: 2, chains: 3, headsRoot: new Uint8Array(32) }), spell);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => expect(['', 'log_malformed']).toContain(codeOf(() => parseEntry(bytes)))));
  });

  it('of a later release is told apart from a broken one', () => {
    expect(parseEntry(Uint8Array.of(3))).toEqual({ type: 'unknown', code: 3 });
    expect(parseEntry(Uint8Array.of(0, 1, 2))).toEqual({ type: 'unknown', code: 0 });
    malformed(() => parseEntry(new Uint8Array(0)));
    malformed(() => parseEntry(new Uint8Array(65_536).fill(3)));
  });

  it('carries no chain, number or hash that cannot be one', () => {
    const good = { type: 'manifest', chain: 'gov', seq: 0, hash: new Uint8Array(32) } as const;
    for (const change of [
      { chain: '' },
      { chain: 'log' },
      { chain: 'x'.repeat(401) },
      { chain: '界'.repeat(40_000) },
      { seq: -1 },
      { seq: 0.5 },
      { seq: 2 ** 53 },
      { hash: new Uint8Array(31) },
      { hash: new Uint8Array(33) },
    ]) {
      malformed(() => encodeEntry({ ...good, ...change }));
    }
    for (const change of [
      { time: -1 },
      { time: 2 ** 53 },
      { registered: 2 ** 32 },
      { registered: -1 },
      { chains: 0.5 },
      { headsRoot: new Uint8Array(0) },
    ]) {
      malformed(() => encodeEntry({ type: 'tick', time: 1, registered: 1, chains: 1, headsRoot: new Uint8Array(32), ...change }));
    }
    expect(parseEntry(encodeEntry({ ...good, chain: '界'.repeat(400) }))).toMatchObject({ chain: '界'.repeat(400) });
    malformed(() => parseEntry(concat(u8(1), lp(Uint8Array.of(0xff)), u64(0), new Uint8Array(32))));
    malformed(() => parseEntry(concat(u8(1), lp(utf8('gov')), new Uint8Array(8).fill(255), new Uint8Array(32))));
  });
});

describe('the heads', () => {
  it('are sorted bytewise by name, and their root is that of the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(chain, fc.integer({ min: 1, max: 1000 }), hash32), { maxLength: 40 }), (some) => {
        const heads = new Heads();
        for (const [name, next, hash] of some) heads.set(name, { next, hash });
        const sorted = [...new Map(some.map(([name, next, hash]) => [name, { next, hash }]))].sort(([a], [b]) => Buffer.compare(utf8(a), utf8(b)));
        expect([...heads.list()]).toEqual(sorted);
        const leaves = sorted.map(([name, { next, hash }]) => concat(lp(utf8(name)), u64(next), hash));
        expect(toHex(heads.root(crypto))).toBe(toHex(rootOf(crypto, leaves)));
        expect(toHex(heads.encode())).toBe(toHex(concat(...leaves)));
        // What was looked up before is not remembered for another head.
        const copy = heads.copy();
        for (const [name] of sorted) heads.set(name, { next: 7, hash: new Uint8Array(32) });
        expect(toHex(copy.root(crypto))).toBe(toHex(rootOf(crypto, leaves)));
        if (sorted.length > 0) expect(toHex(heads.root(crypto))).not.toBe(toHex(copy.root(crypto)));
        for (const [name] of sorted) heads.set(name, undefined);
        heads.set('nobody', undefined);
        expect([heads.size, toHex(heads.root(crypto))]).toEqual([0, toHex(rootOf(crypto, []))]);
        expect(copy.size).toBe(sorted.length);
      }),
    );
  });

  it('take every chain from 0 on, without a gap, and gov first', () => {
    const heads = new Heads();
    const of = (name: string, seq: number): LogEntry & { type: 'manifest' } => ({
      type: 'manifest',
      chain: name,
      seq,
      hash: new Uint8Array(32).fill(seq),
    });
    expect(() => heads.apply(of('msg/im/chat/0/0', 0))).toThrow('the chain msg/im/chat/0/0 stands before the chain gov');
    malformed(() => heads.apply(of('gov', 1)));
    heads.apply(of('gov', 0));
    heads.apply(of('msg/im/chat/0/0', 0));
    for (const seq of [0, 2])
      expect(() => heads.apply(of('msg/im/chat/0/0', seq))).toThrow(`number ${seq} of the chain msg/im/chat/0/0 stands where number 1 belongs`);
    heads.apply(of('msg/im/chat/0/0', 1));
    expect(heads.get('msg/im/chat/0/0')).toEqual({ next: 2, hash: new Uint8Array(32).fill(1) });
    expect([heads.next('gov'), heads.next('other'), heads.size]).toEqual([1, 0, 2]);
  });
});

describe('a batch', () => {
  const batch = {
    archive: new Uint8Array(32).fill(1),
    no: 2,
    previous: new Uint8Array(32).fill(3),
    time: 4,
    sizeBefore: 5,
    root: new Uint8Array(32).fill(6),
    entries: [Uint8Array.of(7), Uint8Array.of(8, 9)],
  };

  it('is read as it was written', () => {
    const bytes = encodeBatch(batch);
    expect(parseBatch(bytes)).toEqual(batch);
    expect(bytes).toHaveLength(BATCH_HEADER_BYTES + 3 + 4);
    const entries = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.nat(), hash32, entries, (no, time, sizeBefore, root, some) => {
        const whole = { ...batch, no, time, sizeBefore, root, entries: some };
        expect(parseBatch(encodeBatch(whole))).toEqual(whole);
      }),
    );
  });

  it('is strict', () => {
    checkStrict(encodeBatch(batch), (bytes) => encodeBatch(parseBatch(bytes)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expect(codeOf(() => parseBatch(bytes))).toBe('log_malformed')));
  });

  it('has 1 to 8,192 entries of 1 to 65,535 bytes, and at most 2 MiB', () => {
    const one = Uint8Array.of(9);
    expect(parseBatch(encodeBatch({ ...batch, entries: Array.from({ length: 8192 }, () => one) })).entries).toHaveLength(8192);
    expect(parseBatch(encodeBatch({ ...batch, entries: [new Uint8Array(65_535)] })).entries[0]).toHaveLength(65_535);
    for (const entries of [
      [],
      Array.from({ length: 8193 }, () => one),
      [new Uint8Array(0)],
      [new Uint8Array(65_536)],
      Array.from({ length: 33 }, () => new Uint8Array(65_000)),
    ]) {
      malformed(() => encodeBatch({ ...batch, entries }));
    }
    malformed(() => parseBatch(new Uint8Array(MAX_BATCH_BYTES + 1)));
    for (const change of [
      { no: -1 },
      { no: 0.5 },
      { time: 2 ** 53 },
      { sizeBefore: Number.NaN },
      { sizeBefore: Number.MAX_SAFE_INTEGER },
      { archive: one },
      { root: one },
      { previous: one },
    ]) {
      malformed(() => encodeBatch({ ...batch, ...change }));
    }
  });
});

describe('a state', () => {
  const edge = new TreeEdge(crypto);
  for (let i = 0; i < 259; i++) edge.append(leafHash(crypto, Uint8Array.of(i)));
  const heads = new Heads();
  for (const [i, name] of ['gov', 'msg/im/消息/0/0', 'access/api-0'].entries()) heads.set(name, { next: i + 1, hash: new Uint8Array(32).fill(i) });
  const state = { archive: new Uint8Array(32).fill(1), batch: { no: 2, hash: new Uint8Array(32).fill(3) }, edge, heads };

  it('is read as it was written', () => {
    const parsed = parseState(crypto, encodeState(state));
    expect({ ...parsed, edge: parsed.edge.levels(), heads: [...parsed.heads.list()] }).toEqual({
      ...state,
      edge: edge.levels(),
      heads: [...heads.list()],
    });
    expect(toHex(parsed.edge.root())).toBe(toHex(edge.root()));
    const none = { ...state, edge: new TreeEdge(crypto), heads: new Heads() };
    expect(toHex(encodeState(parseState(crypto, encodeState(none))))).toBe(toHex(encodeState(none)));
  });

  it('is strict', () => {
    const bytes = encodeState({
      ...state,
      edge: TreeEdge.fromLevels(crypto, 257, [edge.levels()[0]?.subarray(0, 32) ?? Uint8Array.of(), edge.levels()[1] ?? Uint8Array.of()]),
    });
    checkStrict(bytes, (some) => encodeState(parseState(crypto, some)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (some) => expect(codeOf(() => parseState(crypto, some))).toBe('log_malformed')));
    malformed(() => encodeState({ ...state, archive: new Uint8Array(31) }));
    malformed(() => encodeState({ ...state, batch: { no: 1, hash: new Uint8Array(31) } }));
  });

  it('has its heads in order, each once, each with an entry', () => {
    const start = concat(
      Uint8Array.of(0x48, 0x46, 0x53, 1, 1),
      new Uint8Array(32),
      u64(0),
      new Uint8Array(32),
      u64(1),
      u8(1),
      u16(1),
      new Uint8Array(32),
    );
    const head = (name: string, next = 1): Uint8Array => concat(lp(utf8(name)), u64(next), new Uint8Array(32));
    expect(parseState(crypto, concat(start, u32(2), head('a'), head('b'))).heads.size).toBe(2);
    for (const [n, some] of [
      [2, [head('b'), head('a')]],
      [2, [head('a'), head('a')]],
      [1, [head('a', 0)]],
      [1, [head('log')]],
      [1, [head('')]],
      [1, [head('a'), head('b')]],
      [0xffffffff, [head('a')]],
    ] as const) {
      malformed(() => parseState(crypto, concat(start, u32(n), ...some)));
    }
  });
});

describe('a tile', () => {
  it.each([
    ['tile/0/000', { level: 0, n: 0, width: 256 }],
    ['tile/0/067', { level: 0, n: 67, width: 256 }],
    ['tile/3/x001/x234/067', { level: 3, n: 1234067, width: 256 }],
    ['tile/0/x001/000.p/255', { level: 0, n: 1000, width: 255 }],
    ['tile/63/999.p/1', { level: 63, n: 999, width: 1 }],
    ['tile/entries/x001/x234/067.p/8', { level: 'entries', n: 1234067, width: 8 }],
  ] as const)('has the path %s of C2SP tlog-tiles', (path, tile) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it.each([
    '',
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/data/000',
    'tile/0/x000/000',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x001/x000',
    'tile/0/0000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/../000',
    'tile/0/000\n',
    'tile/0/x999/x999/x999/x999/x999/999',
  ])('has no path %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('is read from its path as it was written', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.nat(63));
    fc.assert(
      fc.property(level, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (l, n, width) => {
        expect(parseTilePath(tilePath({ level: l, n, width }))).toEqual({ level: l, n, width });
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^tile\/(entries|\d{1,2})(\/x?\d{3}){1,6}(\.p\/\d{1,3})?$/), (path) => {
        const tile = parseTilePath(path);
        if (tile !== undefined) expect(tilePath(tile)).toBe(path);
      }),
    );
  });

  it('is in a tree as wide as that tree makes it', () => {
    const has = (size: number, tile: Partial<TileName>): boolean => tileInTree({ level: 0, n: 0, width: 256, ...tile }, size);
    expect([
      has(70_000, { n: 272 }),
      has(70_000, { n: 273, width: 112 }),
      has(70_000, { level: 1 }),
      has(70_000, { level: 1, n: 1, width: 17 }),
      has(70_000, { level: 2, width: 1 }),
      has(70_000, { level: 'entries', n: 273, width: 112 }),
    ]).toEqual(Array(6).fill(true));
    expect([
      has(70_000, { n: 273 }),
      has(70_000, { n: 273, width: 111 }),
      has(70_000, { n: 274, width: 1 }),
      has(70_000, { level: 3, width: 1 }),
      has(256, { level: 0, n: 1, width: 0 }),
      has(256, { n: -1 }),
    ]).toEqual(Array(6).fill(false));
  });

  it('of entries is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 256 }), (some) => expect(parseEntries(encodeEntries(some))).toEqual(some)),
    );
    expect(toHex(encodeEntries([Uint8Array.of(1), Uint8Array.of(2, 3)]))).toBe('00010100020203');
    for (const wrong of [[0], [0, 1], [0, 1, 1, 0]]) malformed(() => parseEntries(Uint8Array.of(...wrong)));
    malformed(() => encodeEntries([new Uint8Array(65_536)]));
  });
});

describe('the keys of the log', () => {
  it.each([
    [batchKey(12, HASH), `t/batch/0000000000000012/${HASH}.hfb`, { type: 'batch', no: 12, hash: HASH }],
    [checkpointKey(70, HASH), `t/checkpoint/0000000000000070-${HASH}.txt`, { type: 'checkpoint', size: 70, hash: HASH }],
    [stateKey(9, HASH), `t/state/0000000000000009-${HASH}.hfs`, { type: 'state', no: 9, hash: HASH }],
    [
      tokenKey(70, HASH, 'cd'.repeat(32)),
      `t/token/0000000000000070-${HASH}/${'cd'.repeat(32)}.tst`,
      { type: 'token', size: 70, checkpoint: HASH, hash: 'cd'.repeat(32) },
    ],
    [
      tokenKey(70, HASH, 'ef'.repeat(32), 'cd'.repeat(32)),
      `t/token/0000000000000070-${HASH}/${'cd'.repeat(32)}/${'ef'.repeat(32)}.tst`,
      { type: 'token', size: 70, checkpoint: HASH, hash: 'ef'.repeat(32), renews: 'cd'.repeat(32) },
    ],
    [tileKey({ level: 0, n: 1234, width: 256 }), 't/tile/0/x001/234', { type: 'tile', tile: { level: 0, n: 1234, width: 256 } }],
    [tileKey({ level: 'entries', n: 0, width: 256 }), 't/tile/entries/000', { type: 'tile', tile: { level: 'entries', n: 0, width: 256 } }],
  ])('are spelled and read: %s', (made, spelled, parsed) => {
    expect(made).toBe(spelled);
    expect(parseLogKey(spelled)).toEqual(parsed);
  });

  it.each([
    '',
    't/batch/12/x.hfb',
    `t/batch/12/${HASH}.hfb`,
    `t/batch/0000000000000012/${HASH.toUpperCase()}.hfb`,
    `t/batch/9999999999999999/${HASH}.hfb`,
    `t/checkpoint/9999999999999999-${HASH}.txt`,
    `t/state/0000000000000012-${HASH}.hfb`,
    `t/token/0000000000000012-${HASH}.tst`,
    `t/token/0000000000000012-${HASH}/${HASH}/${HASH}/${HASH}.tst`,
    't/tile/0/0',
    `m/t/batch/0000000000000012/${HASH}.hfb`,
  ])('are no others: %s', (key) => {
    expect(parseLogKey(key)).toBeUndefined();
  });

  it('begin in the claims with a name of its own', () => {
    expect(claimKey(LOG_CHAIN, 7)).toBe('log/0000000000000007');
    const claim = { format: 'holdfast.claim/1', archive: HASH, chain: LOG_CHAIN, seq: 7, manifest: HASH, version: 'v1' } as const;
    expect(parseDocument(claimSchema, encodeDocument(claim))).toEqual(claim);
  });
});
