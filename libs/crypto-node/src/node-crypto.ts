import { createCipheriv, createDecipheriv, createHmac, createPublicKey, hash, hkdfSync, randomFillSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Crypto, PublicKey } from '@holdfast/seal';

const TAG = 16;
/** What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410 §4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
// Not in Node's documentation but in every release since 4; a spec compares it with sha256().
const { latin1Write } = Buffer.prototype as unknown as { latin1Write: (this: Uint8Array, text: string, at: number, length: number) => number };
const COMPRESS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Parsed public keys: an archive has few, and every manifest names one. */
const keys = new Map<string, KeyObject>();
const ZEROS = new Uint8Array(64 * 1024);

/** Suite 1 by Node's own crypto and zlib. */
export const nodeCrypto: Crypto = {
  sha256: (data) => hash('sha256', data, 'buffer'),
  sha256Into(data, into, at) {
    // A latin1 string costs a third of a new Buffer (0.3 against 0.9 µs), and most of sealing is such hashes.
    latin1Write.call(into, hash('sha256', data, 'binary'), at, 32);
  },
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  hkdfSha256: (ikm, salt, info, length) => new Uint8Array(hkdfSync('sha256', ikm, salt, info, length)),
  keystream(key, firstBlock, length) {
    const counter = new Uint8Array(16);
    new DataView(counter.buffer).setBigUint64(8, BigInt(firstBlock));
    return createCipheriv('aes-256-ctr', key, counter).update(length <= ZEROS.length ? ZEROS.subarray(0, length) : new Uint8Array(length));
  },
  sealGcm(key, nonce, aad, plain) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(aad);
    const head = cipher.update(plain);
    return Buffer.concat([head, cipher.final(), cipher.getAuthTag()]);
  },
  openGcm(key, nonce, aad, sealed) {
    if (sealed.length < TAG) return undefined;
    // authTagLength pinned: Node would accept a tag of 4 bytes otherwise.
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG));
    try {
      decipher.final();
    } catch {
      // final() throws for exactly one reason: the tag does not match.
      return undefined;
    }
    return plain;
  },
  compress: (data) => zstdCompressSync(data, COMPRESS),
  decompress(data, length) {
    try {
      const plain = zstdDecompressSync(data, { maxOutputLength: Math.max(length, 1) });
      return plain.length === length ? plain : undefined;
    } catch {
      // Not zstd, or more bytes than the trailer says: both mean damaged, and the caller says where.
      return undefined;
    }
  },
  verifyEs256(key, data, signature) {
    const parsed = parsePublicKey(key);
    return parsed !== undefined && verify('sha256', data, { key: parsed, dsaEncoding: 'ieee-p1363' }, signature);
  },
  verifyEd25519(key, data, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    return verify(null, data, createPublicKey({ key: Buffer.concat([ED25519_SPKI, key]), format: 'der', type: 'spki' }), signature);
  },
};

function parsePublicKey(key: PublicKey): KeyObject | undefined {
  const id = `${key.x}.${key.y}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  try {
    const parsed = createPublicKey({ key: { kty: key.kty, crv: key.crv, x: key.x, y: key.y }, format: 'jwk' });
    if (keys.size > 1000) keys.clear();
    keys.set(id, parsed);
    return parsed;
  } catch {
    // Not a point of the curve: no signature can be right under it.
    return undefined;
  }
}

/** Fresh random bytes. */
export function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length));
}
