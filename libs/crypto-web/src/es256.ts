import { p256 } from '@noble/curves/nist.js';
import { concat, fromBase64Url } from '@holdfast/seal';
import type { PublicKey } from '@holdfast/seal';

/**
 * ECDSA over P-256 with SHA-256; signatures are R ‖ S (RFC 7518 §3.4). The library makes a table of the key's multiples for every
 * check; doing that once a key would be three times faster, and signature code of our own.
 */
export function verifyEs256({ x, y }: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    // SEC 1 §2.3.3, uncompressed. Both S and n − S are right in ES256.
    const point = concat(Uint8Array.of(4), fromBase64Url(x), fromBase64Url(y));
    return p256.verify(signature, data, point, { lowS: false, prehash: true });
  } catch {
    // Not a point of the curve: no signature can be right under it.
    return false;
  }
}
