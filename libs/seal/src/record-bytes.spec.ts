import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyRecord } from '../test/arbitrary.js';
import { viewOf } from './bytes.js';
import { decodeRecord, encodeRecord, recordBytesLength } from './record-bytes.js';

const gap = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const malformed = expect.objectContaining({ code: 'format_malformed' });

describe('record bytes', () => {
  it('are read back as they were written: null is not empty, headers keep their order', () => {
    fc.assert(
      fc.property(anyRecord, gap, (record, before) => {
        const bytes = encodeRecord(record, before);
        expect(bytes.length).toBe(recordBytesLength(record));
        expect(decodeRecord(bytes)).toEqual({ record, gap: before });
      }),
    );
  });

  it('have one spelling: what can be read is what would be written', () => {
    fc.assert(
      fc.property(anyRecord, gap, fc.nat(), fc.nat(7), (record, before, at, bit) => {
        const bytes = encodeRecord(record, before);
        const changed = bytes.slice();
        changed[at % bytes.length]! ^= 1 << bit;
        let read: ReturnType<typeof decodeRecord>;
        try {
          read = decodeRecord(changed);
        } catch (error) {
          expect(error).toEqual(malformed);
          return;
        }
        expect(encodeRecord(read.record, read.gap)).toEqual(changed);
        expect(read).not.toEqual({ record, gap: before });
      }),
      { numRuns: 500 },
    );
  });

  it('are refused in any other length', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), (record, cut) => {
        const bytes = encodeRecord(record, 0n);
        expect(() => decodeRecord(bytes.subarray(0, cut % bytes.length))).toThrow(malformed);
        expect(() => decodeRecord(Uint8Array.from([...bytes, 0]))).toThrow(malformed);
      }),
    );
  });

  it('that are random crash nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const some of [bytes, Uint8Array.from([1, 0, ...bytes])]) {
          try {
            decodeRecord(some);
          } catch (error) {
            expect(error).toEqual(malformed);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a header key that is null', 38, 0xffff_ffff],
    ['more headers than there are bytes', 34, 0xffff_fffe],
    ['a key that ends behind the end', 26, 0xffff_fffe],
    ['a value that ends behind the end', 30, 0x7fff_ffff],
  ])('with %s are refused', (_what, at, value) => {
    const bytes = encodeRecord(
      {
        offset: 1n,
        timestamp: 1n,
        timestampType: 'create',
        key: new Uint8Array(0),
        value: new Uint8Array(0),
        headers: [{ key: new Uint8Array(0), value: null }],
      },
      0n,
    );
    viewOf(bytes).setUint32(at, value);
    expect(() => decodeRecord(bytes)).toThrow(malformed);
  });

  it('of another version or timestamp type are refused', () => {
    const bytes = encodeRecord({ offset: 1n, timestamp: 1n, timestampType: 'create', key: null, value: null, headers: [] }, 0n);
    for (const [at, value] of [
      [0, 0],
      [0, 2],
      [1, 2],
      [1, 255],
    ] as const)
      expect(() => decodeRecord(Uint8Array.from(bytes).fill(value, at, at + 1))).toThrow(malformed);
  });
});
