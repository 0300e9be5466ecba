import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HoldfastError } from '@holdfast/record';
import { checksumOf, decodeRecord, encodeRecord } from './sqlite-log-codec.js';

const bytes = fc.uint8Array({ maxLength: 40 });
const fields = fc.record({
  timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: bytes, value: fc.option(bytes) }), { maxLength: 5 }),
});

describe('a row of the log', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(fields, (record) => {
        expect(decodeRecord(new Uint8Array(encodeRecord(record)))).toEqual(record);
      }),
    );
  });

  it('never crashes on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        try {
          decodeRecord(random);
        } catch (error) {
          expect(error).toBeInstanceOf(HoldfastError);
        }
      }),
    );
  });

  it('has another checksum with any bit flipped, and at another place', () => {
    fc.assert(
      fc.property(fields, fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 62n }), (record, bit, place) => {
        const body = encodeRecord(record);
        const sum = checksumOf(place, body);
        expect(checksumOf(place + 1n, body)).not.toBe(sum);
        const byte = (bit >> 3) % body.length;
        body[byte] = (body[byte] ?? 0) ^ (1 << (bit & 7));
        expect(checksumOf(place, body)).not.toBe(sum);
      }),
    );
  });
});
