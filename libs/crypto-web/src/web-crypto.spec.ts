import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nodeCrypto } from '@holdfast/crypto-node';
import { describeCrypto } from '@holdfast/test-kit';
import { startSha256, webCrypto } from './web-crypto.js';

describeCrypto('@noble and fzstd', webCrypto);

it('hashes in parts what it hashes at once', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
      const running = startSha256();
      for (const part of parts) running.update(part);
      expect(Buffer.from(running.digest())).toEqual(Buffer.from(webCrypto.sha256(Buffer.concat(parts))));
    }),
  );
});

describe('zstd in a browser', () => {
  const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(20_000));

  it.each([1, 3, 19])('reads what level %d of the reference packs', (level) => {
    for (const length of [0, 1, 100, 5_000, 200_000, text.length]) {
      const some = text.subarray(0, length);
      for (const checksum of [0, 1]) {
        const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: checksum };
        const packed = zstdCompressSync(some, { params });
        expect(Buffer.from(webCrypto.decompress(packed, length) ?? [1]).equals(some)).toBe(true);
        expect(webCrypto.decompress(packed, length + 1)).toBeUndefined();
      }
    }
  });

  it('reads random texts as the reference does, and packs what the reference reads', () => {
    const texts = fc.array(fc.constantFrom('a', 'hold', 'fast', '消息', '\u0000'), { maxLength: 3_000 }).map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(texts, (some) => {
        expect(Buffer.from(webCrypto.decompress(nodeCrypto.compress(some), some.length) ?? [1]).equals(some)).toBe(true);
        expect(Buffer.from(nodeCrypto.decompress(webCrypto.compress(some), some.length) ?? [1]).equals(some)).toBe(true);
      }),
      { numRuns: 50 },
    );
    const large = new Uint8Array(300_000).map((_, i) => i % 251);
    expect(nodeCrypto.decompress(webCrypto.compress(large), large.length)).toHaveLength(large.length);
  });

  it('refuses a window of gigabytes, a second frame, a dictionary and bytes behind the end', () => {
    const packed = nodeCrypto.compress(Buffer.from('abc'));
    expect(webCrypto.decompress(packed, 3)).toHaveLength(3);
    for (const bad of [
      Buffer.concat([packed, packed]),
      Buffer.concat([packed, Buffer.of(0)]),
      packed.subarray(0, -1),
      // No single segment, window descriptor for 2 GiB, one empty raw block.
      Buffer.from('28b52ffd00a8010000', 'hex'),
      // Single segment that says it holds 4 GiB.
      Buffer.from('28b52ffda0ffffffff010000', 'hex'),
      // Dictionary id 1.
      Buffer.from('28b52ffd210103190000616263', 'hex'),
    ])
      for (const length of [0, 3, 6]) expect(webCrypto.decompress(bad, length)).toBeUndefined();
  });
});
