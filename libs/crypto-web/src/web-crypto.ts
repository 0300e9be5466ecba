import { ctr, gcm } from '@noble/ciphers/aes.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Crypto } from '@holdfast/seal';
import { verifyEs256 } from './es256.js';
import { storeAsZstd, unpackZstd } from './zstd.js';

/**
 * Suite 1 without anything of a platform, for a browser: WebCrypto only answers later, and the verifier asks for hundreds of
 * hashes in the middle of a computation. The suite `describeCrypto` of test-kit holds it and libs/crypto-node together.
 */
export const webCrypto: Crypto = {
  sha256: (data) => sha256(data),
  sha256Into(data, into, at) {
    into.set(sha256(data), at);
  },
  hmacSha256: (key, data) => hmac(sha256, key, data),
  hkdfSha256: (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
  keystream(key, firstBlock, length) {
    const counter = new Uint8Array(16);
    new DataView(counter.buffer).setBigUint64(8, BigInt(firstBlock));
    return ctr(key, counter).encrypt(new Uint8Array(length));
  },
  sealGcm: (key, nonce, aad, plain) => gcm(key, nonce, aad).encrypt(plain),
  openGcm(key, nonce, aad, sealed) {
    const cipher = gcm(key, nonce, aad);
    try {
      return cipher.decrypt(sealed);
    } catch {
      // Key and nonce were judged above: what is left is a wrong tag, or too few bytes to hold one.
      return undefined;
    }
  },
  compress: storeAsZstd,
  decompress: unpackZstd,
  verifyEs256,
  verifyEd25519(key, data, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    try {
      // Strict: ZIP 215 would accept spellings of a point that RFC 8032 §5.1.3 refuses.
      return ed25519.verify(signature, data, key, { zip215: false });
    } catch {
      // Not a point of the curve.
      return false;
    }
  },
};

/** SHA-256 of bytes that come in parts: a file need not fit into memory. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void;
  /** Once. */
  digest(): Uint8Array;
}

export function startSha256(): RunningSha256 {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
