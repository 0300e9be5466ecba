import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { malformed, thumbprint } from './jwk.js';
import type { EcPrivateJwk } from './jwk.js';

export function newEcKey(use: 'sig' | 'enc'): EcPrivateJwk & { readonly use: string } {
  const { x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  if (x === undefined || y === undefined || d === undefined) throw malformed('The runtime', 'made an incomplete key');
  return { kty: 'EC', crv: 'P-256', x, y, kid: thumbprint({ crv: 'P-256', kty: 'EC', x, y }), use, d };
}

export function newLogKey(): object {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw malformed('The runtime', 'made an incomplete key');
  return { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint({ crv: 'Ed25519', kty: 'OKP', x }), use: 'sig', d };
}

/** Its id is random: derived from the secret it would let a guess be checked. */
export function newKek(): object {
  return { kty: 'oct', kid: randomBytes(16).toString('base64url'), use: 'enc', alg: 'A256KW', k: randomBytes(32).toString('base64url') };
}
