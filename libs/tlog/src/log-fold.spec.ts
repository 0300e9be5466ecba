import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { concat, leafHash, rootOf, toHex, utf8 } from '@holdfast/seal';
import fc from 'fast-check';
import { codeOf } from '../test/signing.js';
import { encodeBatch, parseBatch } from './batch.js';
import type { Batch } from './batch.js';
import { lp, u64 } from './byte-reader.js';
import { encodeEntry } from './entry.js';
import type { LogEntry, ManifestEntry } from './entry.js';
import { LogFold } from './log-fold.js';
import { encodeState, parseState } from './state.js';
import { TreeEdge } from './tree.js';

const ARCHIVE = new Uint8Array(32).fill(1);
const CHAT = 'msg/im/chat/0/0';
const hashOf = (chain: string, seq: number): Uint8Array => crypto.sha256(utf8(`${chain} ${seq}`));
const of = (chain: string, seq: number): ManifestEntry => ({ type: 'manifest', chain, seq, hash: hashOf(chain, seq) });
/** Everything that can be seen of a fold. */
const seen = (fold: LogFold): unknown => ({ end: fold.end, root: toHex(fold.root()), levels: fold.edge().levels(), heads: [...fold.heads()] });

/** Appends a batch that the fold itself made. */
function add(fold: LogFold, time: number, entries: readonly ManifestEntry[], registered?: number): Uint8Array {
  const { bytes, hash } = fold.buildBatch(time, entries, registered);
  fold.applyBatch(bytes, hash);
  return bytes;
}

/** A log of two batches: the second ends in a tick. */
function begun(): { fold: LogFold; batches: readonly Uint8Array[] } {
  const fold = LogFold.empty(crypto, ARCHIVE);
  return { fold, batches: [add(fold, 1000, [of('gov', 0)]), add(fold, 2000, [of('gov', 1), of(CHAT, 0)], 1)] };
}

/** The bytes of a next batch in which something may be wrong; root and size fit its entries. */
function forged(fold: LogFold, entries: readonly (LogEntry | Uint8Array)[], change: Partial<Batch> = {}): Uint8Array {
  const { no, previous, size } = fold.end;
  const bytes = entries.map((entry) => (entry instanceof Uint8Array ? entry : encodeEntry(entry)));
  const edge = fold.edge();
  for (const entry of bytes) edge.append(leafHash(crypto, entry));
  return encodeBatch({ archive: ARCHIVE, no, previous, time: 3000, sizeBefore: size, root: edge.root(), entries: bytes, ...change });
}

function refused(
  fold: LogFold,
  bytes: Uint8Array,
  code: string,
  why: string,
  ...rest: [hash?: Uint8Array, facts?: Parameters<LogFold['applyBatch']>[2]]
): void {
  const before = seen(fold);
  expect(codeOf(() => fold.applyBatch(bytes, ...rest))).toBe(code);
  expect(() => fold.applyBatch(bytes, ...rest)).toThrow(why);
  // Nothing has changed, and the log goes on.
  expect(seen(fold)).toEqual(before);
  expect(() => fold.copy().applyBatch(forged(fold, [of('gov', fold.next('gov'))]))).not.toThrow();
}

describe('a log', () => {
  it('grows by its batches', () => {
    const { fold, batches } = begun();
    const reader = LogFold.empty(crypto, ARCHIVE);
    expect(reader.end).toEqual({ no: 0, previous: ARCHIVE, size: 0, time: 0, tick: undefined });
    const [first, second] = batches.map((bytes) => reader.applyBatch(bytes));
    expect(first).toMatchObject({ entries: [of('gov', 0)], size: 1, tiles: [] });
    expect(second?.entries.slice(0, 2)).toEqual([of('gov', 1), of(CHAT, 0)]);
    expect(second?.entries[2]).toMatchObject({ type: 'tick', time: 2000, registered: 1, chains: 2 });
    expect(seen(reader)).toEqual(seen(fold));
    const leaves = batches.flatMap((bytes) => parseBatch(bytes).entries);
    expect(toHex(reader.root())).toBe(toHex(rootOf(crypto, leaves)));
    expect(toHex(reader.root())).toBe(toHex(second?.batch.root ?? ARCHIVE));
    const heads = [
      ['gov', 2],
      [CHAT, 1],
    ] as const;
    const headLeaves = heads.map(([name, next]) => concat(lp(utf8(name)), u64(next), hashOf(name, next - 1)));
    expect(toHex(reader.end.tick?.headsRoot ?? ARCHIVE)).toBe(toHex(rootOf(crypto, headLeaves)));
    expect([reader.head(CHAT), reader.next('gov'), reader.head('nobody')]).toEqual([{ next: 1, hash: hashOf(CHAT, 0) }, 2, undefined]);
    expect(reader.end.previous).toEqual(crypto.sha256(batches[1] ?? ARCHIVE));
  });

  it('hands out the tiles that a batch fills', () => {
    const fold = LogFold.empty(crypto, ARCHIVE);
    const entries = Array.from({ length: 600 }, (_, i) => of('gov', i));
    const { bytes } = fold.buildBatch(1, entries);
    const { tiles } = fold.applyBatch(bytes);
    expect(tiles.map(({ level, n, bytes: tile }) => [level, n, tile.length])).toEqual([
      [0, 0, 8192],
      [0, 1, 8192],
    ]);
    expect(toHex(tiles[1]?.bytes.subarray(0, 32) ?? ARCHIVE)).toBe(toHex(leafHash(crypto, encodeEntry(of('gov', 256)))));
  });

  it('goes on from a state as it would have without a break', () => {
    const chains = ['gov', CHAT, 'access/api-0', 'msg/im/消息/0/0'];
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(3), { maxLength: 60 }), { minLength: 1, maxLength: 6 }), fc.nat(), (plan, at) => {
        const fold = LogFold.empty(crypto, ARCHIVE);
        add(fold, 1, [of('gov', 0)], 3);
        const saved: { no: number; state: Uint8Array; batch: Uint8Array }[] = [];
        const batches: Uint8Array[] = [];
        plan.forEach((picks, i) => {
          const next = new Map<string, number>();
          const entries = picks.map((pick) => {
            const chain = chains[pick] ?? 'gov';
            const seq = next.get(chain) ?? fold.next(chain);
            next.set(chain, seq + 1);
            return of(chain, seq);
          });
          const batch = add(fold, 10 + i, entries, 3);
          batches.push(batch);
          saved.push({ no: i, state: fold.state(), batch });
        });
        const start = saved[at % saved.length];
        if (start === undefined) throw new Error('a log has a state');
        const resumed = LogFold.resume(crypto, ARCHIVE, start.state, start.batch);
        expect(toHex(resumed.state())).toBe(toHex(start.state));
        for (const batch of batches.slice(start.no + 1)) resumed.applyBatch(batch);
        expect(seen(resumed)).toEqual(seen(fold));
        expect(toHex(resumed.state())).toBe(toHex(fold.state()));
      }),
      { numRuns: 40 },
    );
  });

  it('does not go on from a state that its batch does not bear out', () => {
    const { fold, batches } = begun();
    const [first = ARCHIVE, second = ARCHIVE] = batches;
    const state = fold.state();
    const whole = parseState(crypto, state);
    expect(seen(LogFold.resume(crypto, ARCHIVE, whole, second))).toEqual(seen(fold));
    for (let bit = 0; bit < state.length * 8; bit++) {
      const changed = state.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(['log_malformed', 'log_differs']).toContain(codeOf(() => LogFold.resume(crypto, ARCHIVE, changed, second)));
    }
    for (let bit = 0; bit < second.length * 8; bit += 5) {
      const changed = second.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(['log_malformed', 'log_differs']).toContain(codeOf(() => LogFold.resume(crypto, ARCHIVE, state, changed)));
    }
    expect(codeOf(() => LogFold.resume(crypto, new Uint8Array(32), state, second))).toBe('log_differs');
    expect(codeOf(() => LogFold.resume(crypto, ARCHIVE, state, first))).toBe('log_differs');
    // A batch without a tick has no heads to compare with.
    const edge = new TreeEdge(crypto);
    edge.append(leafHash(crypto, encodeEntry(of('gov', 0))));
    const early = { archive: ARCHIVE, batch: { no: 0, hash: crypto.sha256(first) }, edge, heads: whole.heads };
    expect(() => LogFold.resume(crypto, ARCHIVE, encodeState(early), first)).toThrow('batch 0 has no tick');
    const fresh = LogFold.empty(crypto, ARCHIVE);
    expect(codeOf(() => fresh.state())).toBe('log_malformed');
    fresh.applyBatch(first);
    expect(codeOf(() => fresh.state())).toBe('log_malformed');
  });

  it('refuses a batch of another log or another place', () => {
    const { fold } = begun();
    const entries = [of('gov', 2)];
    const other = new Uint8Array(32).fill(9);
    refused(fold, forged(fold, entries), 'log_differs', 'a batch has the hash', other);
    refused(fold, forged(fold, entries, { archive: other }), 'log_differs', 'a batch is of another archive');
    refused(fold, forged(fold, entries, { no: 3 }), 'log_differs', 'batch 3 stands where batch 2 belongs');
    refused(fold, forged(fold, entries, { previous: other }), 'log_differs', 'follows another batch');
    refused(fold, forged(fold, entries, { sizeBefore: 3 }), 'log_differs', 'begins at entry 3, not at 4');
    refused(fold, forged(fold, entries, { root: other }), 'log_differs', 'the root of batch 2 is not that of its entries');
    refused(fold, forged(fold, entries, { time: 1999 }), 'log_malformed', 'lies before that of the batch before it');
    expect(() => fold.copy().applyBatch(forged(fold, entries, { time: 2000 }))).not.toThrow();
  });

  it('refuses chains with a gap, a repeat or before gov', () => {
    const { fold } = begun();
    refused(fold, forged(fold, [of('gov', 2), of('gov', 4)]), 'log_malformed', 'number 4 of the chain gov stands where number 3 belongs');
    refused(fold, forged(fold, [of('gov', 2), of(CHAT, 0)]), 'log_malformed', 'number 0 of the chain msg/im/chat/0/0');
    refused(fold, forged(fold, [of('gov', 2), of('new', 0), of('new', 2)]), 'log_malformed', 'the chain new');
    const empty = LogFold.empty(crypto, ARCHIVE);
    refused(empty, forged(empty, [of(CHAT, 0)]), 'log_malformed', 'stands before the chain gov');
  });

  it('holds manifests to what governance says', () => {
    const { fold } = begun();
    const bytes = forged(fold, [of('new', 0)]);
    refused(fold, bytes, 'log_malformed', 'the chain new begins before the segment of gov that registers it', undefined, {
      isRegistered: (chain, govNext) => chain !== 'new' || govNext > 2,
    });
    expect(() => fold.copy().applyBatch(bytes, undefined, { isRegistered: (chain, govNext) => chain === 'new' && govNext === 2 })).not.toThrow();
    const head = (next: number, hash: Uint8Array) => ({ governanceOf: () => ({ next, hash }) });
    refused(fold, bytes, 'log_malformed', 'stands before the governance head 3 that it names', undefined, head(3, ARCHIVE));
    refused(fold, bytes, 'log_differs', 'names another governance head than the log has', undefined, head(2, ARCHIVE));
    for (const facts of [head(2, hashOf('gov', 1)), head(1, hashOf('gov', 0)), head(0, ARCHIVE)]) {
      expect(() => fold.copy().applyBatch(bytes, undefined, facts)).not.toThrow();
    }
    // The registration may stand in the same batch, and gov needs none.
    const both = forged(fold, [of('gov', 2), of('new', 0)]);
    expect(() => fold.copy().applyBatch(both, undefined, { isRegistered: (_, govNext) => govNext > 2 })).not.toThrow();
    const empty = LogFold.empty(crypto, ARCHIVE);
    expect(() => empty.applyBatch(forged(empty, [of('gov', 0)]), undefined, { isRegistered: () => false, ...head(0, ARCHIVE) })).not.toThrow();
  });

  it('holds ticks to the rules', () => {
    const { fold } = begun();
    const tick = parseBatch(fold.buildBatch(3000, [], 1).bytes).entries[0] ?? ARCHIVE;
    expect(() => fold.copy().applyBatch(forged(fold, [tick]))).not.toThrow();
    const wrong = (change: object, over: readonly ManifestEntry[] = []): Uint8Array => {
      const good = fold.copy();
      good.applyBatch(forged(good, [...over, of('gov', 2 + over.filter(({ chain }) => chain === 'gov').length)]));
      return forged(fold, [...over, { type: 'tick', time: 3000, registered: 1, chains: 2, headsRoot: tick.subarray(17), ...change }]);
    };
    refused(fold, forged(fold, [tick, of('gov', 2)]), 'log_malformed', 'the tick of batch 2 is not its last entry');
    refused(fold, forged(fold, [tick, tick]), 'log_malformed', 'the tick of batch 2 is not its last entry');
    refused(fold, wrong({ time: 2999 }), 'log_malformed', 'has another time than the batch');
    refused(fold, wrong({ chains: 3 }), 'log_malformed', 'counts 3 chains, not 2');
    refused(fold, wrong({ headsRoot: ARCHIVE }), 'log_malformed', 'has another root of the heads');
    refused(fold, wrong({ registered: 2 }), 'log_malformed', 'counts 2 registered chains, the one before it 1');
    refused(fold, wrong({ registered: 0 }), 'log_malformed', 'counts 0 registered chains, the one before it 1');
    refused(fold, forged(fold, [tick]), 'log_malformed', 'counts 1 registered chains, not 2', undefined, { registered: (govNext) => govNext });
    expect(() => fold.copy().applyBatch(forged(fold, [tick]), undefined, { registered: (govNext) => govNext - 1 })).not.toThrow();
    const same = forged(fold, [{ type: 'tick', time: 2000, registered: 1, chains: 2, headsRoot: tick.subarray(17) }], { time: 2000 });
    refused(fold, same, 'log_malformed', 'is not later than the tick before it');
    // More registered chains need another segment of gov; fewer there are never.
    expect(() => fold.copy().buildBatch(3000, [of('gov', 2)], 5)).not.toThrow();
    expect(codeOf(() => fold.buildBatch(3000, [of('gov', 2)], 0))).toBe('log_malformed');
  });

  it('keeps entries of a later release in the tree, and says where they are', () => {
    const { fold } = begun();
    const { entries, size } = fold.applyBatch(forged(fold, [of('gov', 2), Uint8Array.of(77, 1), of('gov', 3)]));
    expect(entries.map(({ type }) => type)).toEqual(['manifest', 'unknown', 'manifest']);
    expect([size, fold.next('gov')]).toEqual([7, 4]);
    refused(fold, forged(fold, [Uint8Array.of(1)]), 'log_malformed', 'an entry');
  });

  it('changes nothing while a batch is made', () => {
    const { fold } = begun();
    const before = seen(fold);
    const made = fold.buildBatch(3000, [of('gov', 2), of('new', 0)], 2);
    expect(seen(fold)).toEqual(before);
    expect([made.no, made.size]).toEqual([2, 7]);
    for (const work of [
      () => fold.buildBatch(3000, []),
      () => fold.buildBatch(1999, [of('gov', 2)]),
      () => fold.buildBatch(3000, [of('gov', 3)]),
      () => fold.buildBatch(2000, [], 1),
      () => fold.buildBatch(3000, [of('gov', 2), of('log', 0)]),
      () => fold.buildBatch(3000.5, [of('gov', 2)]),
      () => fold.buildBatch(3000, [of('gov', 2)], -1),
      () => fold.buildBatch(3000, [of('gov', 2), of('new', 0)], undefined, { isRegistered: () => false }),
    ]) {
      expect(codeOf(work)).toBe('log_malformed');
      expect(seen(fold)).toEqual(before);
    }
    fold.applyBatch(made.bytes, made.hash);
    expect(toHex(fold.root())).toBe(toHex(made.root));
  });

  it('is not taken in by any flipped bit, cut or added byte', () => {
    const { fold, batches } = begun();
    const fresh = (): LogFold => {
      const log = LogFold.empty(crypto, ARCHIVE);
      log.applyBatch(batches[0] ?? ARCHIVE);
      return log;
    };
    const [, bytes = ARCHIVE] = batches;
    const hash = crypto.sha256(bytes);
    const log = fresh();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(codeOf(() => log.applyBatch(changed, hash))).toBe('log_differs');
      // Also without the hash that key and claim give it.
      expect(['log_malformed', 'log_differs']).toContain(codeOf(() => log.applyBatch(changed)));
    }
    for (let length = 0; length < bytes.length; length++) expect(codeOf(() => log.applyBatch(bytes.subarray(0, length)))).toBe('log_malformed');
    expect(codeOf(() => log.applyBatch(concat(bytes, Uint8Array.of(0))))).toBe('log_malformed');
    log.applyBatch(bytes, hash);
    expect(seen(log)).toEqual(seen(fold));
  });
});
