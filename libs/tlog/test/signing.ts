import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import type { Signer } from '../src/cosignature.js';
import { verifierKey } from '../src/vkey.js';
import type { SignatureType, VerifierKey } from '../src/vkey.js';

export interface TestKey {
  readonly key: VerifierKey;
  readonly sign: Signer;
}

/** A key whose secret is the SHA-256 of its seed (RFC 8410 §7: a PKCS #8 header before 32 bytes). */
export function testKey(name: string, type: SignatureType, seed = name): TestKey {
  const secret = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), crypto.sha256(Buffer.from(seed))]);
  const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const key = verifierKey(crypto, name, type, new Uint8Array(Buffer.from(x, 'base64url')));
  return { key, sign: (data) => Promise.resolve(new Uint8Array(sign(null, data, privateKey))) };
}

/** Runs `work` and answers the code of the HoldfastError it throws; '' when it throws none. */
export function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof Error && error.name === 'HoldfastError' ? (error as Error & { code: unknown }).code : error;
  }
  return '';
}
