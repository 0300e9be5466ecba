import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { viewOf } from './bytes.js';
import { blockEntryBytes, encodeTrailer, parseTrailer, trailerLength } from './trailer.js';

const ROOT = new Uint8Array(32).fill(5);
const malformed = expect.objectContaining({ code: 'format_malformed' });

interface Block {
  readonly count: number;
  readonly stored: number;
  readonly hole: bigint;
}

/** A trailer as a writer makes it. */
function trailerOf(blocks: readonly Block[], entries: number): { readonly bytes: Uint8Array; readonly size: number; readonly records: number } {
  let firstIndex = 0;
  let offset = 0n;
  const rows = blocks.map(({ count, stored, hole }) => {
    const firstOffset = offset + hole;
    const lastOffset = firstOffset + BigInt(count - 1);
    const entry = blockEntryBytes({ root: ROOT, firstIndex, count, firstOffset, lastOffset });
    firstIndex += count;
    offset = lastOffset + 1n;
    return { entry, stored, plain: count * 50 };
  });
  const bytes = encodeTrailer(rows, { entries, stored: entries * 68 + 16, plain: entries * 68 });
  return { bytes, size: 8 + rows.reduce((sum, { stored }) => sum + stored, 0) + entries * 68 + 16 + bytes.length, records: firstIndex };
}

const blocks = fc.array(fc.record({ count: fc.integer({ min: 1, max: 1000 }), stored: fc.nat(100_000), hole: fc.bigInt({ min: 0n, max: 9n }) }), {
  maxLength: 6,
});

describe('a trailer', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(blocks, fc.nat(50), (some, entries) => {
        const { bytes, size, records } = trailerOf(some, entries);
        expect(bytes.length).toBe(trailerLength(some.length));
        const read = parseTrailer(bytes, size, records);
        expect(read.blocks.map(({ count, stored }) => ({ count, stored }))).toEqual(some.map(({ count, stored }) => ({ count, stored })));
        expect(read.directory).toMatchObject({ entries, plain: entries * 68 });
        let at = 8;
        for (const block of read.blocks) {
          expect(block.at).toBe(at);
          at += block.stored;
        }
        expect(read.directory.at).toBe(at);
      }),
    );
  });

  it('adds up to exactly one size and one number of records', () => {
    fc.assert(
      fc.property(
        blocks,
        fc.integer({ min: -3, max: 3 }).filter((n) => n !== 0),
        (some, by) => {
          const { bytes, size, records } = trailerOf(some, 3);
          expect(() => parseTrailer(bytes, size + by, records)).toThrow(malformed);
          expect(() => parseTrailer(bytes, size, records + by)).toThrow(malformed);
        },
      ),
    );
  });

  it('that is random, cut or longer crashes nothing and asks for no memory', () => {
    const { bytes, size, records } = trailerOf([{ count: 3, stored: 100, hole: 0n }], 2);
    for (let cut = 0; cut < bytes.length; cut++) expect(() => parseTrailer(bytes.subarray(0, cut), size, records)).toThrow(malformed);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(), (random, a, b) => {
        for (const some of [random, Uint8Array.from([0x48, 0x46, 0x54, 1, ...random])]) {
          try {
            parseTrailer(some, a, b);
          } catch (error) {
            expect(error).toEqual(malformed);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a block that does not follow the one before', 8 + 64 + 32, 9],
    ['an empty block', 8 + 36, 0],
    ['more records than its bytes can hold', 8 + 36, 400],
    ['more records than there are offsets', 8 + 64 + 36, 4],
    ['a block of more than 64 MiB', 8 + 60, 0x4000001],
    ['a directory of another length', 8 + 128, 9],
    ['a directory that is too long', 8 + 128 + 8, 0xfffffff0],
    ['more blocks than there are bytes for', 4, 0xffffffff],
    ['another length of its own', 8 + 128 + 12, 8],
    ['another magic', 0, 0],
  ])('with %s is refused', (_what, at, value) => {
    const { bytes, size, records } = trailerOf(
      [
        { count: 3, stored: 100, hole: 0n },
        { count: 3, stored: 100, hole: 2n },
      ],
      2,
    );
    parseTrailer(bytes, size, records);
    viewOf(bytes).setUint32(at, value);
    expect(() => parseTrailer(bytes, size, records)).toThrow(malformed);
  });

  it('with offsets that do not rise is refused', () => {
    const of = (a: readonly [bigint, bigint], b: readonly [bigint, bigint]): Uint8Array =>
      encodeTrailer(
        [a, b].map(([firstOffset, lastOffset], i) => ({
          entry: blockEntryBytes({ root: ROOT, firstIndex: i, count: 1, firstOffset, lastOffset }),
          stored: 10,
          plain: 50,
        })),
        { entries: 0, stored: 0, plain: 0 },
      );
    const size = 8 + 20 + trailerLength(2);
    parseTrailer(of([1n, 1n], [2n, 2n]), size, 2);
    for (const [a, b] of [
      [
        [2n, 2n],
        [2n, 2n],
      ],
      [
        [2n, 1n],
        [3n, 3n],
      ],
      [
        [5n, 5n],
        [3n, 3n],
      ],
    ] as const)
      expect(() => parseTrailer(of(a, b), size, 2)).toThrow(malformed);
  });

  it('of more records than are read at once is refused before anything is made for them', () => {
    const count = 0x400001;
    const rows = Array.from({ length: 4 }, (_, i) => ({
      entry: blockEntryBytes({ root: ROOT, firstIndex: i * count, count, firstOffset: BigInt(i * count), lastOffset: BigInt((i + 1) * count - 1) }),
      stored: 10,
      plain: 64 * 1024 * 1024,
    }));
    const bytes = encodeTrailer(rows, { entries: 0, stored: 0, plain: 0 });
    expect(() => parseTrailer(bytes, 8 + 40 + bytes.length, 4 * count)).toThrow(malformed);
  });
});
