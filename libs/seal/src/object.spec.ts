import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import type { RawRecord } from '@holdfast/record';
import fc from 'fast-check';
import { someRecords } from '../test/arbitrary.js';
import { COHORT, DATA_KEY, PLACE, entryOf, sealRecords } from '../test/sealed-object.js';
import { concat, equalBytes, toHex, utf8, viewOf } from './bytes.js';
import { DIRECTORY_ENTRY } from './directory.js';
import { leafHash, rootOf } from './merkle.js';
import { BLOCK_BYTES } from './object-builder.js';
import { deriveObjectKeys } from './object-keys.js';
import { ObjectReader, blockOf, checkHeader, proofHolds } from './object-reader.js';
import type { ManifestObject } from './documents.js';
import { decodeRecord, encodeRecord } from './record-bytes.js';
import type { SealedSegment } from './segment-builder.js';
import { blockEntryBytes, encodeTrailer, objectRoot, segmentRoot } from './trailer.js';

const damaged = expect.objectContaining({ code: expect.stringMatching(/^(content_damaged|format_malformed)$/) });
const record = (offset: bigint, text: string, key: Uint8Array | null = utf8('k')): RawRecord => ({
  offset,
  timestamp: 1n,
  timestampType: 'create',
  key,
  value: utf8(text),
  headers: [],
});

function reader(segment: SealedSegment, no = 0): { reader: ObjectReader; bytes: Uint8Array; entry: ReturnType<typeof entryOf> } {
  const object = segment.objects[no]!;
  const entry = entryOf(object);
  return { reader: new ObjectReader(crypto, PLACE, entry, object.secret === null ? null : DATA_KEY), bytes: object.bytes, entry };
}

function readAll(segment: SealedSegment): RawRecord[] {
  const records: RawRecord[] = [];
  for (let no = 0; no < segment.objects.length; no++) {
    const opened = reader(segment, no);
    opened.reader.walk(opened.bytes, (plain, start, end) => records.push(decodeRecord(Uint8Array.from(plain.subarray(start, end))).record));
  }
  return records.sort((a, b) => (a.offset < b.offset ? -1 : 1));
}

describe('a content object', () => {
  it('gives back every record of every cohort, byte for byte', () => {
    fc.assert(
      fc.property(someRecords, ({ first, next, records }) => {
        const cohorts = [COHORT, { ...COHORT, period: '2034-01' }, null];
        const segment = sealRecords(first, records, (_record, i) => cohorts[i % cohorts.length]!);
        expect(readAll(segment)).toEqual(records);
        expect({ first: segment.first, next: segment.next, records: segment.records }).toEqual({ first, next, records: records.length });
        expect(segment.root).toEqual(segmentRoot(crypto, segment.objects));
      }),
      { numRuns: 30 },
    );
  });

  it('shows every flipped bit', () => {
    const records = Array.from({ length: 20 }, (_, i) => record(BigInt(i), `text ${i}`, i % 4 === 0 ? null : utf8(`key ${i % 3}`)));
    const segment = sealRecords(0n, records, (_one, i) => (i < 10 ? COHORT : null));
    for (const no of [0, 1]) {
      const { reader: opened, bytes } = reader(segment, no);
      const whole = opened.walk(bytes);
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice();
        changed[at]! ^= 1 << (at % 8);
        // A frame of zstd has bits that mean nothing. In a clear object only its SHA-256 tells them, which every caller compares
        // first; in an encrypted one the tag does.
        let met: unknown;
        try {
          met = opened.walk(changed);
        } catch (error) {
          expect(error).toEqual(damaged);
          continue;
        }
        expect({ no, at, met }).toEqual({ no: 1, at, met: whole });
      }
    }
  });

  it('is refused in any other length', () => {
    const { reader: opened, bytes } = reader(sealRecords(0n, [record(0n, 'one'), record(1n, 'two')]));
    for (let cut = 0; cut < bytes.length; cut += 3) expect(() => opened.walk(bytes.subarray(0, cut))).toThrow(damaged);
    expect(() => opened.walk(concat(bytes, Uint8Array.of(0)))).toThrow(damaged);
  });

  it('opens one record with its proof, from any block, and proves no other', () => {
    const large = 'x'.repeat(BLOCK_BYTES / 3);
    const records = Array.from({ length: 10 }, (_, i) => record(BigInt(i * 2), `${i} ${large}`));
    const segment = sealRecords(0n, records);
    const { reader: opened, bytes, entry } = reader(segment);
    expect(entry.blocks).toBe(4);
    const trailer = opened.readTrailer(bytes.subarray(opened.trailerRange.start, opened.trailerRange.end + 1));
    for (const { offset } of records) {
      const number = blockOf(trailer, offset);
      const { at, stored } = trailer.blocks[number]!;
      const found = opened.openRecord(trailer, number, bytes.subarray(at, at + stored), offset)!;
      expect(decodeRecord(found.bytes).record.offset).toBe(offset);
      expect(proofHolds(crypto, found, entry.root)).toBe(true);
      expect(crypto.sha256(concat(found.salt, found.bytes))).toEqual(Buffer.from(found.leaf.subarray(30)));
      for (const forged of [
        { ...found, leaf: found.leaf.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) },
        { ...found, leafIndex: found.leafIndex + 1 },
        { ...found, leafPath: [...found.leafPath, found.salt] },
        { ...found, blockIndex: (found.blockIndex + 1) % found.blockCount },
        { ...found, block: { ...found.block, entry: found.block.entry.map((byte, i) => (i === 39 ? byte ^ 1 : byte)) } },
        { ...found, blockPath: [] },
      ])
        expect(proofHolds(crypto, forged, entry.root)).toBe(false);
      expect(proofHolds(crypto, found, '0'.repeat(64))).toBe(false);
      // An offset in a hole of the block, and a block that is not there.
      expect(opened.openRecord(trailer, number, bytes.subarray(at, at + stored), offset + 1n)).toBeUndefined();
    }
    expect(opened.openRecord(trailer, 4, new Uint8Array(0), 0n)).toBeUndefined();
    expect(blockOf(trailer, 99n)).toBe(-1);
    expect(() => opened.openBlock(trailer, 9, new Uint8Array(0))).toThrow(damaged);
    expect(() => opened.openBlock(trailer, 0, bytes.subarray(8, 20))).toThrow(damaged);
  });

  it('is bound to its archive, chain, number and object number', () => {
    const { bytes, entry } = reader(sealRecords(0n, [record(0n, 'one')]));
    new ObjectReader(crypto, PLACE, entry, DATA_KEY).walk(bytes);
    for (const place of [
      { ...PLACE, chain: 'msg/a/b/1/0' },
      { ...PLACE, seq: 4 },
      { ...PLACE, archive: new Uint8Array(32) },
    ])
      expect(() => new ObjectReader(crypto, place, entry, DATA_KEY)).toThrow(expect.objectContaining({ code: 'content_damaged' }));
    expect(() => new ObjectReader(crypto, PLACE, { ...entry, no: 1 }, DATA_KEY)).toThrow(expect.objectContaining({ code: 'content_damaged' }));
  });

  it('opens under its own data key only, and under none it says that one is missing', () => {
    const { entry } = reader(sealRecords(0n, [record(0n, 'one')]));
    expect(() => new ObjectReader(crypto, PLACE, entry, new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'content_damaged' }));
    expect(() => new ObjectReader(crypto, PLACE, entry, null)).toThrow(expect.objectContaining({ code: 'key_missing' }));
    const { random: _random, ...without } = entry;
    expect(() => new ObjectReader(crypto, PLACE, without, DATA_KEY)).toThrow(expect.objectContaining({ code: 'key_missing' }));
    // The key commits to its labels too.
    const directory = { ...entry.directory, labelCommitment: '0'.repeat(64) };
    expect(() => new ObjectReader(crypto, PLACE, { ...entry, directory }, DATA_KEY)).toThrow(expect.objectContaining({ code: 'content_damaged' }));
  });

  it('is not what another manifest says of it', () => {
    const segment = sealRecords(0n, [record(0n, 'one'), record(1n, 'two', null)]);
    const { bytes, entry } = reader(segment);
    const zeros = '0'.repeat(64);
    for (const changed of [
      { ...entry, root: zeros },
      { ...entry, blocks: 2 },
      { ...entry, records: 3 },
      { ...entry, size: entry.size + 1 },
      { ...entry, trailer: entry.trailer - 1 },
      { ...entry, trailer: entry.size + 8 },
      { ...entry, directory: { ...entry.directory, root: zeros } },
      { ...entry, directory: { ...entry.directory, entries: 2 } },
      { ...entry, directory: { ...entry.directory, unattributed: { count: 0, root: entry.directory.unattributed.root } } },
      { ...entry, directory: { ...entry.directory, unattributed: { count: 1, root: zeros } } },
      { ...entry, cohort: { ...entry.cohort, number: 2 } },
    ])
      expect(() => new ObjectReader(crypto, PLACE, changed, DATA_KEY).walk(bytes)).toThrow(damaged);
    expect(() => checkHeader({ ...entry, enc: 'none' }, bytes)).toThrow(damaged);
    expect(() => checkHeader({ ...entry, size: 4 }, bytes.subarray(0, 4))).toThrow(damaged);
  });

  it('never uses a key twice: every attempt has other keys', () => {
    const [a, b] = [sealRecords(0n, [record(0n, 'one')]), sealRecords(0n, [record(0n, 'one')])];
    expect(equalBytes(a.objects[0]!.bytes, b.objects[0]!.bytes)).toBe(false);
    const keys = deriveObjectKeys(crypto, DATA_KEY, new Uint8Array(32), { ...PLACE, no: 0 });
    expect(new Set(Object.values(keys).map((key: Uint8Array) => toHex(key))).size).toBe(5);
  });
});

describe('a directory', () => {
  it('holds for each key count and root of its records, labels rising, and the records without a key apart', () => {
    const keys = ['b', 'a', null, '', 'b', 'a', 'a', null];
    const records = keys.map((key, i) => record(BigInt(i), `v${i}`, key === null ? null : utf8(key)));
    const segment = sealRecords(0n, records, () => null);
    const { reader: opened, bytes, entry } = reader(segment);
    const trailer = opened.readTrailer(bytes.subarray(opened.trailerRange.start));
    const { at, stored, entries } = trailer.directory;
    const directory = bytes.subarray(at, at + stored);
    expect(entries).toBe(3);
    const rows = Array.from({ length: entries }, (_, i) => directory.subarray(i * DIRECTORY_ENTRY, (i + 1) * DIRECTORY_ENTRY));
    const labels = rows.map((row) => toHex(row.subarray(0, 32)));
    expect(labels).toEqual([...labels].sort());
    const counts = new Map(rows.map((row) => [toHex(row.subarray(0, 32)), viewOf(row).getUint32(32)]));
    for (const [key, count] of [
      ['a', 3],
      ['b', 2],
      ['', 1],
    ] as const)
      expect(counts.get(toHex(crypto.hmacSha256(new Uint8Array(32), utf8(key))))).toBe(count);
    expect(entry.directory.unattributed.count).toBe(2);
    expect(entry.directory.root).toBe(toHex(rootOf(crypto, rows)));
    expect(trailer.blocks).toHaveLength(1);
    expect(toHex(objectRoot(crypto, trailer.blocks))).toBe(entry.root);
    expect(toHex(leafHash(crypto, trailer.blocks[0]!.entry))).toBe(entry.root);
  });

  it('counts keys apart that collide in a small hash', () => {
    // 3,000 keys in 32 bits meet now and then; a builder that took equal hashes for equal keys would merge some.
    const records = Array.from({ length: 3_000 }, (_, i) => record(BigInt(i), 'v', utf8(`key ${i % 1_500}`)));
    const { entry } = reader(sealRecords(0n, records));
    expect(entry.directory.entries).toBe(1_500);
  });
});

describe('a sealer who lies', () => {
  const plainOf = (...records: readonly Uint8Array[]): Uint8Array =>
    concat(...records.map((bytes) => concat(Uint8Array.of(0, 0, 0, bytes.length), bytes)));
  const one = encodeRecord(record(5n, 'one'), 0n);
  const two = encodeRecord(record(6n, 'two'), 0n);
  const LIES = { count: 2, firstOffset: 5n, lastOffset: 6n, root: new Uint8Array(32) };

  /** A clear object whose trailer and manifest agree with each other, whatever its one block holds. */
  function forge(
    plain: Uint8Array,
    facts: typeof LIES,
    over: { readonly plainLength?: number; readonly directory?: Uint8Array; readonly directoryPlain?: number } = {},
  ): () => unknown {
    const stored = crypto.compress(plain);
    const entry = blockEntryBytes({ ...facts, firstIndex: 0 });
    const directory = over.directory ?? new Uint8Array(0);
    const trailer = encodeTrailer([{ entry, stored: stored.length, plain: over.plainLength ?? plain.length }], {
      entries: (over.directoryPlain ?? directory.length) / DIRECTORY_ENTRY,
      stored: directory.length,
      plain: over.directoryPlain ?? directory.length,
    });
    const bytes = concat(Uint8Array.of(0x48, 0x46, 0x4f, 1, 1, 0, 0, 0), stored, directory, trailer);
    const empty = toHex(crypto.sha256(new Uint8Array(0)));
    const manifest: ManifestObject = {
      no: 0,
      cohort: { class: 'standard', number: 1, period: '2033-05' },
      enc: 'none',
      records: facts.count,
      root: toHex(objectRoot(crypto, [{ entry }])),
      blocks: 1,
      size: bytes.length,
      sha256: toHex(crypto.sha256(bytes)),
      trailer: trailer.length,
      directory: { root: empty, entries: 0, unattributed: { count: 0, root: empty } },
      retainUntil: '2033-05-31T23:59:59Z',
      inline: '',
    };
    return () => new ObjectReader(crypto, PLACE, manifest, null).walk(bytes);
  }

  it.each([
    ['counts more records than a block holds', () => forge(plainOf(encodeRecord(record(5n, 'one'.repeat(40)), 0n)), LIES), /fewer records/],
    ['lets a record end behind its block', () => forge(concat(plainOf(one), Uint8Array.of(0, 0, 1, 0), two), LIES), /beyond its end/],
    ['puts bytes behind the last record', () => forge(concat(plainOf(one, two), Uint8Array.of(0)), LIES), /after its last record/],
    ['cuts the length of a record', () => forge(concat(plainOf(one), new Uint8Array(3), new Uint8Array(50)), { ...LIES, count: 2 }), /./],
    ['lets offsets fall', () => forge(plainOf(two, one), { ...LIES, firstOffset: 6n, lastOffset: 7n }), /do not rise/],
    ['names another first offset', () => forge(plainOf(one, two), { ...LIES, firstOffset: 4n }), /begin and end/],
    ['names another last offset', () => forge(plainOf(one, two), { ...LIES, lastOffset: 7n }), /begin and end/],
    ['names another block root', () => forge(plainOf(one, two), LIES), /do not lead to its root/],
    ['names another length', () => forge(plainOf(one, two), LIES, { plainLength: plainOf(one, two).length + 1 }), /decompress/],
  ] as const)('and %s is found', (_what, make, message) => {
    expect(make()).toThrow(message);
    expect(make()).toThrow(damaged);
  });

  it('and leaves conversations out of the directory is found', () => {
    const [first, second] = [encodeRecord(record(5n, 'one'), 0n), encodeRecord(record(6n, 'two'), 0n)];
    const segment = sealRecords(5n, [record(5n, 'one'), record(6n, 'two')], () => null);
    const honest = reader(segment);
    const { root } = honest.reader.readTrailer(honest.bytes.subarray(honest.reader.trailerRange.start)).blocks[0]!;
    // Leaves of class `ledger`: the forged object is of another cohort, and so its leaves differ too.
    expect(forge(plainOf(first, second), { ...LIES, root: Uint8Array.from(root) })).toThrow(/do not lead to its root/);
    const { bytes, entry } = honest;
    const forged = { ...entry, directory: { ...entry.directory, entries: 0, root: toHex(crypto.sha256(new Uint8Array(0))) } };
    expect(() => new ObjectReader(crypto, PLACE, forged, null).walk(bytes)).toThrow(/not the one that the manifest names/);
  });
});
