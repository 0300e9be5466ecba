import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { HoldfastError } from '@holdfast/record';
import { decompress } from './codecs.js';
import { crc32c } from './crc32c.js';
import { DecompressionError } from './decompression-error.js';
import { batchesIn, decodeBatch } from './record-batch.js';
import { encodeBatch, encodeRecords, frameBatch } from './record-batch-encoder.js';

const LIMIT = 1 << 24;
const NOBODY = { producerId: -1n, epoch: -1, sequence: -1 };
const bytes = fc.uint8Array({ maxLength: 60 });
const record = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: bytes, value: fc.option(bytes) }), { maxLength: 4 }),
  timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
});
const batch = fc.array(record, { minLength: 1, maxLength: 20 });
const plain = (value: Uint8Array | null) => (value === null ? null : [...value]);

async function decoded(encoded: Buffer) {
  const [head] = batchesIn(encoded);
  if (head === undefined) throw new Error('no batch');
  return await decodeBatch(head, LIMIT);
}

describe('record batches', () => {
  it('decode to what was encoded, in every codec', async () => {
    await fc.assert(
      fc.asyncProperty(batch, fc.constantFrom('none' as const, 'gzip' as const, 'zstd' as const), async (records, codec) => {
        const found = await decoded(await encodeBatch(records, codec, NOBODY));
        const shape = ({ key, value, headers, timestamp }: (typeof records)[number] | (typeof found)[number]) => ({
          timestamp,
          key: plain(key),
          value: plain(value),
          headers: headers.map((header) => [plain(header.key), plain(header.value)]),
        });
        expect(found.map(shape)).toEqual(records.map(shape));
        expect(found.map(({ offset }) => offset)).toEqual(records.map((_, i) => BigInt(i)));
      }),
      { numRuns: 60 },
    );
  });

  it('show any flipped bit behind the checksum', async () => {
    await fc.assert(
      fc.asyncProperty(batch, fc.nat(), async (records, bit) => {
        const encoded = await encodeBatch(records, 'none', NOBODY);
        const where = 17 + ((bit >> 3) % (encoded.length - 17));
        encoded[where] = (encoded[where] ?? 0) ^ (1 << (bit & 7));
        await expect(decoded(encoded)).rejects.toMatchObject({ code: 'source_damaged' });
      }),
      { numRuns: 100 },
    );
  });

  it('never crash the reader, whatever bytes stand under a right checksum', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 80 }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: -5, max: 300 }),
        async (payload, codec, count) => {
          const encoded = frameBatch([], Buffer.from(payload), codec, NOBODY);
          encoded.writeInt32BE(count, 57);
          encoded.writeUInt32BE(crc32c(encoded, 21, encoded.length), 17);
          try {
            await decoded(encoded);
          } catch (error) {
            expect(error).toBeInstanceOf(HoldfastError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are left out when they are cut off', async () => {
    const one = await encodeBatch([{ key: null, value: new Uint8Array(9), headers: [], timestamp: 0n }], 'none', NOBODY);
    expect(batchesIn(Buffer.concat([one, one.subarray(0, -1)]))).toHaveLength(1);
    expect(batchesIn(one.subarray(0, 60))).toHaveLength(0);
  });

  it('name a codec that nobody knows, and the old format', async () => {
    const records = [{ key: null, value: null, headers: [], timestamp: 0n }];
    await expect(decoded(frameBatch(records, encodeRecords(records), 5, NOBODY))).rejects.toMatchObject({
      code: 'source_refused',
      message: /codec 5/,
    });
    const old = frameBatch(records, encodeRecords(records), 0, NOBODY);
    old.writeInt8(1, 16);
    await expect(decoded(old)).rejects.toMatchObject({ code: 'source_refused' });
  });

  it('have the CRC-32C that Kafka has', () => {
    // RFC 3720 B.4.
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff), 0, 32)).toBe(0x62a8ab43);
    expect(
      crc32c(
        Uint8Array.from({ length: 32 }, (_, i) => i),
        0,
        32,
      ),
    ).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('--123456789--'), 2, 11)).toBe(0xe3069283);
  });
});

describe('decompression', () => {
  const compressors: readonly [string, number, (data: Buffer) => Uint8Array][] = [
    ['gzip', 1, (data) => gzipSync(data)],
    ['raw snappy', 2, (data) => snappy.compress(new Uint8Array(data))],
    ['lz4', 3, (data) => lz4.compress(new Uint8Array(data))],
    ['zstd', 4, (data) => zstdCompressSync(data)],
  ];
  const text = fc
    .array(fc.constantFrom('a', 'bb', 'hello world ', '合同', '\0', 'zyxwvu'), { maxLength: 3000 })
    .map((parts) => Buffer.from(parts.join('')));

  it.each(compressors)('undoes %s', async (_name, codec, compress) => {
    await fc.assert(
      fc.asyncProperty(text, async (data) => {
        expect((await decompress(codec, Buffer.from(compress(data)), LIMIT)).equals(data)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each(compressors)('stops %s at the limit', async (_name, codec, compress) => {
    const bomb = Buffer.from(compress(Buffer.alloc(3_000_000)));
    await expect(decompress(codec, bomb, 1_000_000)).rejects.toMatchObject({ reason: 'too large' });
    expect(await decompress(codec, bomb, 3_000_000)).toHaveLength(3_000_000);
  });

  it.each([1, 2, 3, 4])('answers random and cut bytes of codec %i with an error or bytes, never a crash', async (codec) => {
    const [, , compress] = compressors[codec - 1] ?? [];
    const whole = Buffer.from(compress?.(Buffer.from('some text, some text, some more text'.repeat(20))) ?? []);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: whole.length }), async (random, cut) => {
        for (const input of [Buffer.from(random), whole.subarray(0, cut), Buffer.concat([whole.subarray(0, cut), Buffer.from(random)])]) {
          try {
            expect((await decompress(codec, input, 100_000)).length).toBeLessThanOrEqual(100_000);
          } catch (error) {
            expect(error).toBeInstanceOf(DecompressionError);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
