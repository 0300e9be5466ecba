import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyToken } from '../test/hostile-text.js';
import { encodeToken } from './encode-token.js';

/** Undoes the encoding: that it can be undone makes it one to one. */
function decode(code: string): string {
  return code.replace(/z(?:z|([0-9a-f]+)z)/g, (_, hex?: string) => (hex === undefined ? 'z' : String.fromCodePoint(Number.parseInt(hex, 16))));
}

describe('encodeToken', () => {
  it.each([
    ['budget2024', 'budget2024'],
    ['zoo', 'zzoo'],
    ["don't", 'donz27zt'],
    ['東', 'z6771z'],
    ['👍', 'z1f44dz'],
  ])('encodes %j', (token, code) => {
    expect(encodeToken(token)).toBe(code);
  });

  it('gives every token a code of its own, in [a-z0-9]', () => {
    const token = fc.oneof(anyToken(), fc.string({ unit: fc.constantFrom('z', 'a', '1', '東') }));
    fc.assert(
      fc.property(token, (text) => {
        const code = encodeToken(text);
        expect(code).toMatch(/^[a-z0-9]*$/);
        expect(decode(code)).toBe(text);
      }),
    );
  });

  it('encodes the beginning of a token to the beginning of its code', () => {
    fc.assert(
      fc.property(anyToken(), anyToken(), (head, tail) => {
        expect(encodeToken(head + tail).startsWith(encodeToken(head))).toBe(true);
      }),
    );
  });
});
