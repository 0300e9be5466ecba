import { generateKeyPairSync, sign } from 'node:crypto';
import { fromBase64Url } from '@holdfast/seal';
import type { LogPublicKey } from '@holdfast/seal';
import { newEcPair } from '../keys/plain-jose.js';

/** An Ed25519 key pair of a log or a witness. */
export interface EdPair {
  readonly publicJwk: LogPublicKey;
  /** 32 bytes. */
  readonly raw: Uint8Array;
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
}

export function newEdPair(): EdPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = privateKey.export({ format: 'jwk' });
  // The thumbprint is nothing that a test looks at; that of an EC pair has the right form.
  const publicJwk: LogPublicKey = { kty: 'OKP', crv: 'Ed25519', x, kid: newEcPair().publicJwk.kid };
  return { publicJwk, raw: fromBase64Url(x), sign: async (data) => new Uint8Array(sign(null, data, privateKey)) };
}
