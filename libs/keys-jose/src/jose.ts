/**
 * The only file that knows node-jose: four verbs over compact serialisations. What a header may hold is decided by the
 * callers, before and after; this file only carries it. Errors of node-jose are not passed on as causes, because they may
 * hold parts of what was parsed.
 */
import { generateKeyPairSync } from 'node:crypto';
import nodeJose from 'node-jose';

/** A parsed key; parsing costs more than signing, so callers keep it. */
export type JoseKey = nodeJose.JWK.Key;

export function parseJoseKey(jwk: object): Promise<JoseKey> {
  return nodeJose.JWK.asKey(jwk);
}

/** Compact JWS over `payload`; the protected header is `header`, member for member. */
export async function signCompact(key: JoseKey, header: object, payload: Uint8Array): Promise<string> {
  const signer = nodeJose.JWS.createSign({ format: 'compact', fields: header }, key);
  // The types know the general form only; with `format: 'compact'` the result is a string.
  return asText(await signer.update(Buffer.from(payload)).final());
}

/** Compact JWE of `plaintext`; `header` names `alg` and `enc`, ECDH-ES adds `epk`. */
export async function encryptCompact(key: JoseKey, header: { readonly alg: string; readonly enc: string }, plaintext: Uint8Array): Promise<string> {
  // The types do not know `epk`. Left alone node-jose makes the ephemeral key with the arithmetic of forge: ten times
  // slower, and not in constant time.
  const recipient = (header.alg.startsWith('ECDH-ES') ? { key, epk: await ephemeralKey() } : key) as JoseKey;
  const encryptor = nodeJose.JWE.createEncrypt({ format: 'compact', contentAlg: header.enc, zip: false, fields: header }, recipient);
  return asText(await encryptor.update(Buffer.from(plaintext)).final());
}

/** Plaintext of a compact JWE, or `undefined` when it does not decrypt. Only the named algorithms, no embedded keys. */
export async function decryptCompact(key: JoseKey, jwe: string, algorithms: readonly string[]): Promise<Uint8Array | undefined> {
  try {
    const result = await nodeJose.JWE.createDecrypt(key, { algorithms: [...algorithms], allowEmbeddedKey: false }).decrypt(jwe);
    return new Uint8Array(result.plaintext);
  } catch {
    // Why it failed is not told apart: a decryption oracle, and the reasons name bytes of the key.
    return undefined;
  }
}

function ephemeralKey(): Promise<JoseKey> {
  const { kty, crv, x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return parseJoseKey({ kty, crv, x, y, d });
}

function asText(result: unknown): string {
  if (typeof result !== 'string') throw new TypeError('node-jose did not answer with a compact serialisation');
  return result;
}
