import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nodeCrypto, randomBytes } from './index.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('suite 1 on Node', () => {
  it('hashes into a place as it hashes into a new array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 40 }), (data, at) => {
        const into = new Uint8Array(at + 40).fill(7);
        nodeCrypto.sha256Into(data, into, at);
        const expected = new Uint8Array(at + 40).fill(7);
        expected.set(nodeCrypto.sha256(data), at);
        expect(into).toEqual(expected);
      }),
    );
    expect(toHex(nodeCrypto.sha256(Buffer.from('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('derives keys as RFC 5869 §A.1 says', () => {
    const okm = nodeCrypto.hkdfSha256(hex('0b'.repeat(22)), hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42);
    expect(toHex(okm)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
  });

  it('gives any part of one keystream', () => {
    const key = randomBytes(32);
    // Longer than the zeros that are kept.
    const whole = nodeCrypto.keystream(key, 0, 70_000);
    expect(whole).toHaveLength(70_000);
    expect(toHex(nodeCrypto.keystream(key, 5, 64))).toBe(toHex(whole.subarray(80, 144)));
    expect(toHex(nodeCrypto.keystream(new Uint8Array(32), 0, 16))).toBe('dc95c078a2408989ad48a21492842087');
  });

  it('opens what it sealed, and nothing with a bit changed, a tag cut short or other data beside it', () => {
    const [key, nonce, aad, plain] = [randomBytes(32), randomBytes(12), randomBytes(9), randomBytes(50)];
    const sealed = nodeCrypto.sealGcm(key, nonce, aad, plain);
    expect(toHex(nodeCrypto.openGcm(key, nonce, aad, sealed) ?? new Uint8Array())).toBe(toHex(plain));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(nodeCrypto.openGcm(key, nonce, aad, changed)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length++) expect(nodeCrypto.openGcm(key, nonce, aad, sealed.subarray(0, length))).toBeUndefined();
    expect(nodeCrypto.openGcm(key, nonce, aad.subarray(1), sealed)).toBeUndefined();
  });

  it('decompresses to exactly the length that was said, and refuses bombs, cuts and noise', () => {
    const plain = new Uint8Array(1_000_000);
    const packed = nodeCrypto.compress(plain);
    expect(nodeCrypto.decompress(packed, plain.length)).toHaveLength(plain.length);
    expect(nodeCrypto.decompress(nodeCrypto.compress(new Uint8Array(0)), 0)).toHaveLength(0);
    for (const length of [0, 1, plain.length - 1, plain.length + 1]) expect(nodeCrypto.decompress(packed, length)).toBeUndefined();
    expect(nodeCrypto.decompress(packed.subarray(0, packed.length - 1), plain.length)).toBeUndefined();
    expect(nodeCrypto.decompress(randomBytes(100), 100)).toBeUndefined();
  });

  it('verifies ES256 and no other key, text or signature', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const key = { kty: 'EC', crv: 'P-256', kid: 'k', x, y } as const;
    const text = Buffer.from('signed');
    const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(nodeCrypto.verifyEs256(key, text, signature)).toBe(true);
    expect(nodeCrypto.verifyEs256(key, Buffer.from('Signed'), signature)).toBe(false);
    expect(nodeCrypto.verifyEs256(key, text, sign('sha256', text, privateKey))).toBe(false);
    expect(nodeCrypto.verifyEs256(key, text, new Uint8Array(64))).toBe(false);
    expect(nodeCrypto.verifyEs256({ ...key, x: y, y: x }, text, signature)).toBe(false);
  });
});
