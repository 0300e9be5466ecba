import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { open } from 'node:fs/promises';
import { HoldfastError } from '@holdfast/record';
import type { Crypto } from '@holdfast/seal';
import { fromBase64Url } from '@holdfast/seal';
import { COSIGNATURE, isKeyName, verifierKey } from '@holdfast/tlog';
import type { Signer, VerifierKey } from '@holdfast/tlog';

/** The key of a witness: everything that it says is signed with it. */
export interface WitnessKey {
  readonly key: VerifierKey;
  readonly sign: Signer;
}

const MAX_FILE = 4096;

/** A new key as the text of its file: a JWK (RFC 8037) with the name that co-signatures carry. @throws HoldfastError `bad_configuration` */
export function newKeyFile(name: string): string {
  if (!isKeyName(name))
    throw new HoldfastError('bad_configuration', `${JSON.stringify(name)} cannot be the name of a witness: it must have no space and no plus.`);
  const { kty, crv, x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return `${JSON.stringify({ name, kty, crv, x, d }, null, 2)}\n`;
}

/** Undefined when there is no such file. @throws HoldfastError `key_malformed`: it cannot be used, or others may read it */
export async function readKeyFile(crypto: Crypto, path: string): Promise<WitnessKey | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw malformed(path, 'cannot be read', error);
  });
  if (handle === undefined) return undefined;
  let text: string;
  try {
    const { mode, size } = await handle.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw malformed(path, `can be read by other users (mode ${(mode & 0o777).toString(8)}): run "chmod 600" on it`);
    if (size > MAX_FILE) throw malformed(path, 'is too large for a key file');
    text = await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
  return parseKeyFile(crypto, text, path);
}

function parseKeyFile(crypto: Crypto, text: string, path: string): WitnessKey {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which is key material: not passed on.
    throw malformed(path, 'is not JSON');
  }
  const { name, kty, crv, x, d } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof name !== 'string' || !isKeyName(name) || kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string' || typeof d !== 'string')
    throw malformed(path, 'is no Ed25519 key with a name');
  try {
    const privateKey = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
    // Node takes `d` and passes over another `x`; co-signatures that nobody can verify would go out.
    if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== x) throw malformed(path, 'has two halves that do not belong together');
    return {
      key: verifierKey(crypto, name, COSIGNATURE, fromBase64Url(x)),
      sign: (data) => Promise.resolve(new Uint8Array(sign(null, data, privateKey))),
    };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw malformed(path, 'is no Ed25519 key with a name');
  }
}

function malformed(path: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('key_malformed', `${path} ${what}.`, { cause });
}
