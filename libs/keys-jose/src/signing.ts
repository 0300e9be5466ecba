/** Compact JWS ES256. A signature is checked by another implementation before it leaves: locked for years, it must be right. */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { HoldfastError } from '@holdfast/record';
import { parseJoseKey, signCompact } from './jose.js';
import type { JoseKey } from './jose.js';
import { parseEcPrivate, publicHalf } from './jwk.js';
import type { EcPrivateJwk } from './jwk.js';

export interface Signer {
  readonly kid: string;
  sign(payload: Uint8Array, typ: string): Promise<string>;
}

export async function es256Signer(jwk: EcPrivateJwk): Promise<Signer> {
  const { kty, crv, x, y, d, kid } = jwk;
  const key = await parseJoseKey({ kty, crv, x, y, d, kid });
  const publicKey = createPublicKey({ key: { ...publicHalf(jwk) }, format: 'jwk' });
  return { kid, sign: (payload, typ) => sign(key, publicKey, kid, payload, typ) };
}

/**
 * Signs with a key handed in: recovery keys are kept offline and never lie in the ring of a server.
 * @throws HoldfastError `key_malformed`
 */
export async function signWithKey(privateJwk: unknown, payload: Uint8Array, typ: string): Promise<string> {
  return (await es256Signer(parseEcPrivate(privateJwk, 'The signing key'))).sign(payload, typ);
}

async function sign(key: JoseKey, publicKey: KeyObject, kid: string, payload: Uint8Array, typ: string): Promise<string> {
  const header = { alg: 'ES256', kid, typ };
  const jws = await signCompact(key, header, payload);
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const signature = Buffer.from(jws.slice(input.length + 1), 'base64url');
  const right =
    jws === `${input}.${signature.toString('base64url')}` &&
    verify('sha256', Buffer.from(input), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  if (!right) throw new HoldfastError('key_malformed', `The key ${kid} made a signature that does not verify; nothing was signed.`);
  return jws;
}
