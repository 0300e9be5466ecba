import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Crypto } from '@holdfast/seal';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const bytes = fc.uint8Array({ maxLength: 300 });

/** What every implementation of suite 1 answers: published vectors, what `node:crypto` makes, and damage of all of it. */
export function describeCrypto(name: string, crypto: Crypto): void {
  describe(`suite 1 by ${name}`, () => {
    describe('SHA-256', () => {
      it('has the values of FIPS 180-4, into a buffer too', () => {
        for (const [text, digest] of [
          ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
          ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
        ] as const) {
          expect(toHex(crypto.sha256(Buffer.from(text)))).toBe(digest);
          const into = new Uint8Array(40).fill(1);
          crypto.sha256Into(Buffer.from(text), into, 4);
          expect(toHex(into)).toBe(`01010101${digest}01010101`);
        }
      });

      it('writes into any place what it answers otherwise', () => {
        fc.assert(
          fc.property(bytes, fc.nat(60), (some, at) => {
            const into = new Uint8Array(92).subarray(0, 92);
            crypto.sha256Into(some, into, at);
            expect(toHex(into.subarray(at, at + 32))).toBe(createHash('sha256').update(some).digest('hex'));
            expect(toHex(crypto.sha256(some))).toBe(toHex(into.subarray(at, at + 32)));
            expect(into.subarray(0, at).every((byte) => byte === 0) && into.subarray(at + 32).every((byte) => byte === 0)).toBe(true);
          }),
        );
      });
    });

    describe('HKDF-SHA-256', () => {
      it.each([
        [
          '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
          '000102030405060708090a0b0c',
          'f0f1f2f3f4f5f6f7f8f9',
          42,
          '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
        ],
        [
          '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f',
          '606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf',
          'b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
          82,
          'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
        ],
        [
          '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
          '',
          '',
          42,
          '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
        ],
      ] as const)('has the value of RFC 5869 for %s', (ikm, salt, info, length, okm) => {
        expect(toHex(crypto.hkdfSha256(hex(ikm), hex(salt), hex(info), length))).toBe(okm);
      });
    });

    it('HMAC-SHA-256 has the value of RFC 4231, test case 2', () => {
      expect(toHex(crypto.hmacSha256(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')))).toBe(
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      );
    });

    describe('the keystream of AES-256-CTR', () => {
      const key = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');

      it('is one stream from block 0 on, wherever it is entered', () => {
        const whole = toHex(crypto.keystream(key, 0, 70_000));
        fc.assert(
          fc.property(fc.nat(4000), fc.integer({ min: 1, max: 200 }), (block, length) =>
            expect(toHex(crypto.keystream(key, block, length))).toBe(whole.slice(block * 32, block * 32 + 2 * length)),
          ),
        );
        // Block i is AES of the number i: zero for the first one (FIPS 197 by way of a known key).
        expect(whole.slice(0, 32)).toBe('e568f68194cf76d6174d4cc04310a854');
      });

      it('counts beyond 32 bits', () => {
        const far = 2 ** 32 - 1;
        expect(toHex(crypto.keystream(key, far, 64)).slice(32)).toBe(toHex(crypto.keystream(key, far + 1, 48)));
      });
    });

    describe('AES-256-GCM', () => {
      const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
      const nonce = hex('cafebabefacedbaddecaf888');
      const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
      const plain = hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39');
      const sealed = hex(
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
      );

      it('has the value of the GCM specification, test case 16', () => {
        expect(toHex(crypto.sealGcm(key, nonce, aad, plain))).toBe(toHex(sealed));
        expect(toHex(crypto.openGcm(key, nonce, aad, sealed))).toBe(toHex(plain));
      });

      it('opens nothing that was changed, cut or moved', () => {
        for (let at = 0; at < sealed.length; at++)
          expect(
            crypto.openGcm(
              key,
              nonce,
              aad,
              sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)),
            ),
          ).toBeUndefined();
        for (let cut = 0; cut < sealed.length; cut++) expect(crypto.openGcm(key, nonce, aad, sealed.subarray(0, cut))).toBeUndefined();
        expect(crypto.openGcm(key, nonce, aad.subarray(1), sealed)).toBeUndefined();
        expect(
          crypto.openGcm(
            key,
            nonce.map((byte) => byte ^ 1),
            aad,
            sealed,
          ),
        ).toBeUndefined();
        expect(
          crypto.openGcm(
            key.map((byte) => byte ^ 1),
            nonce,
            aad,
            sealed,
          ),
        ).toBeUndefined();
      });

      it('seals what it opens, of any length', () => {
        fc.assert(
          fc.property(bytes, bytes, (some, extra) =>
            expect(toHex(crypto.openGcm(key, nonce, extra, crypto.sealGcm(key, nonce, extra, some)))).toBe(toHex(some)),
          ),
        );
      });
    });

    describe('zstd', () => {
      it('gives back what it was given, and only in the length that is expected', () => {
        fc.assert(
          fc.property(bytes, (some) => {
            const packed = crypto.compress(some);
            expect(toHex(crypto.decompress(packed, some.length))).toBe(toHex(some));
            expect(crypto.decompress(packed, some.length + 1)).toBeUndefined();
            if (some.length > 0) expect(crypto.decompress(packed, some.length - 1)).toBeUndefined();
          }),
        );
      });

      it('stops at a bomb before it fills the memory', () => {
        const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024));
        expect(bomb.length).toBeLessThan(10_000);
        expect(crypto.decompress(bomb, 1000)).toBeUndefined();
      });

      it('refuses what is no zstd', () => {
        fc.assert(fc.property(bytes, (some) => expect(crypto.decompress(some, 100)?.length ?? 100).toBe(100)));
        expect(crypto.decompress(new Uint8Array(0), 0)?.length ?? 0).toBe(0);
      });
    });

    describe('ES256', () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const jwk = { kty: 'EC', crv: 'P-256', x, y, kid: 'A'.repeat(43) } as const;
      const data = Buffer.from('signed');
      const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });

      it('verifies what was signed, and nothing that was changed', () => {
        expect(crypto.verifyEs256(jwk, data, signature)).toBe(true);
        expect(crypto.verifyEs256(jwk, Buffer.from('Signed'), signature)).toBe(false);
        for (let at = 0; at < 64; at++)
          expect(
            crypto.verifyEs256(
              jwk,
              data,
              signature.map((byte, i) => (i === at ? byte ^ 1 : byte)),
            ),
          ).toBe(false);
        for (const other of [new Uint8Array(64), signature.subarray(1), new Uint8Array(0), new Uint8Array(200)])
          expect(crypto.verifyEs256(jwk, data, other)).toBe(false);
      });

      it('takes R and S from 1 to below the order, and nothing else (FIPS 186-5 §6.4.2)', () => {
        const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
        const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
        const of = (r: bigint, s: bigint): Uint8Array => hex([r, s].map((one) => one.toString(16).padStart(64, '0')).join(''));
        const [r, s] = [number(signature.subarray(0, 32)), number(signature.subarray(32))];
        // ECDSA has two signatures for each one; RFC 7518 has no rule that forbids the other.
        expect(crypto.verifyEs256(jwk, data, of(r, order - s))).toBe(true);
        for (const one of [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n]) {
          expect(crypto.verifyEs256(jwk, data, of(one, s))).toBe(false);
          expect(crypto.verifyEs256(jwk, data, of(r, one))).toBe(false);
        }
        if (r + order < 2n ** 256n) expect(crypto.verifyEs256(jwk, data, of(r + order, s))).toBe(false);
        expect(crypto.verifyEs256(jwk, data, of(order - r, s))).toBe(false);
      });

      it('verifies signatures of many keys over many texts, each under its own', () => {
        const pairs = [0, 1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
        const jwks = pairs.map((pair) => {
          const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
          return { kty: 'EC', crv: 'P-256', x, y, kid: 'A'.repeat(43) } as const;
        });
        fc.assert(
          fc.property(bytes, fc.nat(2), fc.nat(2), (text, by, under) => {
            const made = sign('sha256', text, { key: pairs[by]!.privateKey, dsaEncoding: 'ieee-p1363' });
            expect(crypto.verifyEs256(jwks[under]!, text, made)).toBe(by === under);
          }),
        );
      });

      it('is false for a key that is no point of the curve', () => {
        expect(crypto.verifyEs256({ ...jwk, y: jwk.x }, data, signature)).toBe(false);
        expect(crypto.verifyEs256({ ...jwk, x: '' }, data, signature)).toBe(false);
      });
    });

    describe('Ed25519', () => {
      // RFC 8032 §7.1, tests 1 to 3.
      const vectors = [
        [
          'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
          '',
          'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
        ],
        [
          '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
          '72',
          '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
        ],
        [
          'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
          'af82',
          '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
        ],
      ] as const;

      it('has the values of RFC 8032, and verifies nothing that was changed', () => {
        for (const [key, data, signature] of vectors) {
          expect(crypto.verifyEd25519(hex(key), hex(data), hex(signature))).toBe(true);
          expect(crypto.verifyEd25519(hex(key), hex(`${data}00`), hex(signature))).toBe(false);
          for (let at = 0; at < 64; at++) {
            const changed = hex(signature).map((byte, i) => (i === at ? byte ^ 1 : byte));
            expect(crypto.verifyEd25519(hex(key), hex(data), changed)).toBe(false);
          }
          for (let at = 0; at < 32; at++) {
            const changed = hex(key).map((byte, i) => (i === at ? byte ^ 1 : byte));
            expect(crypto.verifyEd25519(changed, hex(data), hex(signature))).toBe(false);
          }
        }
      });

      it('is false for another length, a key that is no point, and S not below the order (RFC 8032 §5.1.7)', () => {
        const [[key, data, signature]] = vectors;
        for (const other of ['', key.slice(2), `${key}00`]) expect(crypto.verifyEd25519(hex(other), hex(data), hex(signature))).toBe(false);
        for (const other of ['', signature.slice(2), `${signature}00`]) expect(crypto.verifyEd25519(hex(key), hex(data), hex(other))).toBe(false);
        expect(crypto.verifyEd25519(new Uint8Array(32).fill(2), hex(data), hex(signature))).toBe(false);
        const order = 2n ** 252n + 27742317777372353535851937790883648493n;
        const s = BigInt(`0x${Buffer.from(signature.slice(64), 'hex').reverse().toString('hex')}`) + order;
        const respelled = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
        expect(crypto.verifyEd25519(hex(key), hex(data), hex(signature.slice(0, 64) + respelled))).toBe(false);
      });
    });
  });
}
