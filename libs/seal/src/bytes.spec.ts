import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes, concat, equalBytes, fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, utf8, viewOf } from './bytes.js';

const bytes = fc.uint8Array({ maxLength: 200 });
const malformed = expect.objectContaining({ code: 'format_malformed' });

describe('hexadecimal', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(bytes, (some) => expect(fromHex(toHex(some), some.length)).toEqual(some)));
  });

  it.each(['', 'a', 'AB', '0g', '0x', ' a', 'abc', 'abcd'])('refuses %j as one byte', (text) => {
    expect(() => fromHex(text, 1)).toThrow(malformed);
  });
});

describe('base64url', () => {
  it('is read back as it was written, without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), (some) => {
        const text = toBase64Url(some);
        expect(text).toBe(Buffer.from(some).toString('base64url'));
        expect(fromBase64Url(text)).toEqual(some);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['A', 'AAAAA', 'AA==', 'AA=', 'A+', 'A/', 'A A', 'AA\n', 'AB', 'AAB', '-_-', 'é'])('refuses %j', (text) => {
    expect(() => fromBase64Url(text)).toThrow(malformed);
  });

  it('has one spelling for every value: each change of a character is another value or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.constantFrom(...'AQgwz0_-'), (some, at, letter) => {
        const text = toBase64Url(some);
        const changed = text.slice(0, at % text.length) + letter + text.slice((at % text.length) + 1);
        if (changed === text) return;
        let other: Uint8Array | undefined;
        try {
          other = fromBase64Url(changed);
        } catch {
          return;
        }
        expect(other).not.toEqual(some);
      }),
    );
  });
});

describe('text', () => {
  it('is read back as it was written, byte order mark and all', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(fromUtf8(utf8(text))).toBe(text)));
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it.each([[[0xff]], [[0xc3, 0x28]], [[0xed, 0xa0, 0x80]], [[0xc0, 0x80]], [[0xf8, 0x88, 0x80, 0x80, 0x80]]])('refuses the bytes %j', (some) => {
    expect(() => fromUtf8(Uint8Array.from(some))).toThrow(malformed);
  });
});

describe('bytes', () => {
  it('are compared as numbers from the left, a beginning before the whole', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  });

  it('are put one after the other', () => {
    fc.assert(fc.property(fc.array(bytes), (parts) => expect(concat(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)))));
  });

  it('are seen through a view at their own place in a larger buffer', () => {
    const large = Uint8Array.of(9, 1, 2, 9);
    expect(viewOf(large.subarray(1, 3)).getUint16(0)).toBe(0x0102);
    expect(viewOf(large.subarray(1, 3)).byteLength).toBe(2);
  });
});
