/**
 * The JOSE formats of the key ring port (RFC 7515, 7516, 7518) on `node:crypto` alone: what an independent reader of the
 * vault would write. The suite checks adapters against it, the fake is made of it, and tests forge wraps with it.
 */
import { createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { randomBytes, sign, verify } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';

/** RFC 3394 §2.2.3.1, the initial value that every key wrap has to show after unwrapping. */
const WRAP_IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

export interface EcPair {
  readonly publicJwk: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string; readonly kid: string };
  readonly privateJwk: JsonWebKey & { readonly kid: string };
}

export function newEcPair(): EcPair {
  const { x = '', y = '', d = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  return { publicJwk: { kty: 'EC', crv: 'P-256', x, y, kid }, privateJwk: { kty: 'EC', crv: 'P-256', x, y, d, kid } };
}

export function signCompact(header: object, payload: Uint8Array, privateJwk: JsonWebKey): string {
  const input = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
  return `${input}.${base64url(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

/** Header text and payload of a compact JWS ES256 that verifies, else `undefined`. */
export function openSigned(jws: string, publicJwk: object): { readonly header: string; readonly payload: Buffer } | undefined {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const key = createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
  const right = verify('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  return right ? { header: Buffer.from(header, 'base64url').toString(), payload: Buffer.from(payload, 'base64url') } : undefined;
}

/** Compact JWE with A256KW under `kek`; the header is written as given, right or wrong. */
export function wrapWithKek(header: object | string, plaintext: Uint8Array, kek: Uint8Array): string {
  return encrypt(typeof header === 'string' ? header : JSON.stringify(header), plaintext, kek);
}

export function openWithKek(jwe: string, kek: Uint8Array): Buffer {
  return decrypt(jwe, kek);
}

/** Compact JWE with ECDH-ES+A256KW; adds `epk` to the header. */
export function wrapForEscrow(header: object, plaintext: Uint8Array, publicJwk: object): string {
  const ephemeral = newEcPair();
  const { kty, crv, x, y } = ephemeral.publicJwk;
  const full = JSON.stringify({ ...header, epk: { kty, crv, x, y } });
  return encrypt(full, plaintext, agree(ephemeral.privateJwk, publicJwk));
}

export function openFromEscrow(jwe: string, privateJwk: JsonWebKey): Buffer {
  const header = JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString()) as { readonly epk: object };
  return decrypt(jwe, agree(privateJwk, header.epk));
}

/** RFC 7518 §4.6.2: one round of the Concat KDF gives the 256 bits that A256KW needs. */
function agree(privateJwk: JsonWebKey, publicJwk: object): Buffer {
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' });
  const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
  const algorithm = Buffer.from('ECDH-ES+A256KW');
  return createHash('sha256')
    .update(u32(1))
    .update(diffieHellman({ privateKey, publicKey }))
    .update(Buffer.concat([u32(algorithm.length), algorithm, u32(0), u32(0), u32(256)]))
    .digest();
}

function encrypt(header: string, plaintext: Uint8Array, kek: Uint8Array): string {
  const contentKey = randomBytes(32);
  const wrap = createCipheriv('id-aes256-wrap', kek, WRAP_IV);
  const wrapped = Buffer.concat([wrap.update(contentKey), wrap.final()]);
  const iv = randomBytes(12);
  const encoded = base64url(header);
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(encoded));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return [encoded, ...[wrapped, iv, ciphertext, cipher.getAuthTag()].map(base64url)].join('.');
}

function decrypt(jwe: string, kek: Uint8Array): Buffer {
  const [header = '', ...rest] = jwe.split('.');
  const [wrapped, iv, ciphertext, tag] = rest.map((part) => Buffer.from(part, 'base64url'));
  if (wrapped === undefined || iv === undefined || ciphertext === undefined || tag?.length !== 16) throw new Error('not a compact JWE');
  const unwrap = createDecipheriv('id-aes256-wrap', kek, WRAP_IV);
  const contentKey = Buffer.concat([unwrap.update(wrapped), unwrap.final()]);
  const decipher = createDecipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(header)).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function base64url(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as Uint8Array).toString('base64url');
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
