import type { PublicKey } from './public-key.js';

/**
 * The primitives of suite 1, synchronous: `node:crypto` on a server (libs/crypto-node), @noble in a browser. An argument
 * everywhere, so that this library runs wherever a verifier runs.
 */
export interface Crypto {
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 of `data` into the 32 bytes of `into` from `at` on: the hot path makes no array per hash. */
  sha256Into(data: Uint8Array, into: Uint8Array, at: number): void;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** RFC 5869, extract and expand. */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** `length` bytes of the AES-256-CTR keystream from 16-byte block `firstBlock` on; the counter starts at zero. */
  keystream(key: Uint8Array, firstBlock: number, length: number): Uint8Array;
  /** AES-256-GCM: ciphertext and 16-byte tag. */
  sealGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array;
  /** The plaintext, or undefined when the tag does not match. */
  openGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** zstd, level 1. */
  compress(data: Uint8Array): Uint8Array;
  /** Exactly `length` bytes, or undefined for anything else; never allocates more (decompression bombs). */
  decompress(data: Uint8Array, length: number): Uint8Array | undefined;
  /** ES256 (RFC 7518 §3.4): 64-byte R ‖ S. False for a key that is no P-256 point. */
  verifyEs256(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean;
  /** Ed25519 (RFC 8032 §5.1.7). `key` has 32 bytes, `signature` 64; false for any other length and for a key that is no point. */
  verifyEd25519(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
}
