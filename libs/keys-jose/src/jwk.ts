/** Keys as they stand in files (RFC 7517, 8037), parsed once and strictly: everything in a key file is hostile until then. */
import { createECDH, createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { PublicJwk } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';

export interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

export interface EcPublicJwk extends PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly y: string;
}

export interface EcPrivateJwk extends EcPublicJwk {
  readonly d: string;
}

export interface OkpPrivateJwk extends PrivateJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
}

/** A key encryption key. Its `kid` is random: a hash of the secret would let a guess be checked. */
export interface OctJwk {
  readonly kty: 'oct';
  readonly kid: string;
  readonly k: string;
}

/** `where` names the file in messages; nothing of a key's content ever does. */
export function parseEcPublic(value: unknown, where: string): EcPublicJwk {
  const jwk = members(value, where);
  // A private half in a place for public keys: someone exported the wrong file, and it is about to be copied around.
  if ('d' in jwk) throw malformed(where, 'holds a private key where only public keys belong; replace it and keep the private half offline');
  return ecPublic(jwk, where);
}

export function parseEcPrivate(value: unknown, where: string): EcPrivateJwk {
  const jwk = members(value, where);
  const half = ecPublic(jwk, where);
  const d = bytes32(jwk['d'], 'd', where);
  const ecdh = createECDH('prime256v1');
  let point: Buffer;
  try {
    ecdh.setPrivateKey(Buffer.from(d, 'base64url'));
    point = ecdh.getPublicKey();
  } catch {
    throw malformed(where, 'holds a private key out of range');
  }
  if (point.subarray(1, 33).toString('base64url') !== half.x || point.subarray(33).toString('base64url') !== half.y) throw torn(where);
  return { ...half, d };
}

export function parseOkpPrivate(value: unknown, where: string): OkpPrivateJwk {
  const jwk = members(value, where);
  if (jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') throw malformed(where, 'must hold an Ed25519 key (kty OKP)');
  const d = bytes32(jwk['d'], 'd', where);
  const x = bytes32(jwk['x'], 'x', where);
  if (createPublicKey(createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x, d }, format: 'jwk' })).export({ format: 'jwk' }).x !== x) {
    throw torn(where);
  }
  const kid = thumbprint({ crv: 'Ed25519', kty: 'OKP', x });
  if (jwk['kid'] !== kid) throw wrongKid(where);
  return { kty: 'OKP', crv: 'Ed25519', x, kid, d };
}

export function parseOct(value: unknown, where: string): OctJwk {
  const jwk = members(value, where);
  if (jwk['kty'] !== 'oct') throw malformed(where, 'must hold a symmetric key (kty oct)');
  const kid = jwk['kid'];
  if (typeof kid !== 'string' || !/^[A-Za-z0-9_-]{16,64}$/.test(kid)) throw malformed(where, 'needs a kid of 16 to 64 letters, digits, - or _');
  return { kty: 'oct', kid, k: bytes32(jwk['k'], 'k', where) };
}

/** A key of a set, and whether it is in use: not marked `"retired": true`, nor `"standby": true` (not introduced yet). */
export interface SetKey<T> {
  readonly key: T;
  readonly inUse: boolean;
}

/** Keys of a JWK set (RFC 7517 §5), oldest first. */
export function parseKeySet<T>(value: unknown, where: string, parse: (value: unknown, where: string) => T): readonly SetKey<T>[] {
  const keys = members(value, where)['keys'];
  if (!Array.isArray(keys) || keys.length === 0) throw malformed(where, 'must be a JWK set with at least one key');
  return keys.map((one: unknown) => {
    const { retired, standby } = members(one, where);
    return { key: parse(one, where), inUse: retired !== true && standby !== true };
  });
}

export function publicHalf(jwk: PublicJwk): PublicJwk {
  const { kty, crv, x, y, kid } = jwk;
  return y === undefined ? { kty, crv, x, kid } : { kty, crv, x, y, kid };
}

/** RFC 7638: SHA-256 over the required members in lexical order. */
export function thumbprint(members: { crv: string; kty: string; x: string; y?: string }): string {
  const { crv, kty, x, y } = members;
  return createHash('sha256')
    .update(JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y }))
    .digest('base64url');
}

export function malformed(where: string, what: string): HoldfastError {
  return new HoldfastError('key_malformed', `${where} ${what}.`);
}

function ecPublic(jwk: Readonly<Record<string, unknown>>, where: string): EcPublicJwk {
  if (jwk['kty'] !== 'EC' || jwk['crv'] !== 'P-256') throw malformed(where, 'must hold a P-256 key (kty EC)');
  const x = bytes32(jwk['x'], 'x', where);
  const y = bytes32(jwk['y'], 'y', where);
  try {
    // Refuses points off the curve: an agreement with one leaks the other side's private key bit by bit.
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    throw malformed(where, 'holds a point that is not on the curve P-256');
  }
  const kid = thumbprint({ crv: 'P-256', kty: 'EC', x, y });
  if (jwk['kid'] !== kid) throw wrongKid(where);
  return { kty: 'EC', crv: 'P-256', x, y, kid };
}

function members(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(where, 'must be a JSON object');
  return value as Readonly<Record<string, unknown>>;
}

function bytes32(value: unknown, name: string, where: string): string {
  // One spelling only: 32 bytes are 43 characters, the last of which carries two unused bits that must be zero.
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(value)) {
    throw malformed(where, `needs ${name} as 32 bytes in base64url`);
  }
  return value;
}

function wrongKid(where: string): HoldfastError {
  return malformed(where, 'needs as kid the thumbprint of its key (RFC 7638)');
}

function torn(where: string): HoldfastError {
  return malformed(where, 'holds a private key that does not belong to its public half');
}
