/** Wrapping and opening data keys; the header rules are in `wrap-header.ts`. */
import { createPublicKey } from 'node:crypto';
import type { WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { decryptCompact, encryptCompact, parseJoseKey } from './jose.js';
import { parseEcPrivate } from './jwk.js';
import type { EcPublicJwk, OctJwk } from './jwk.js';
import { CONTENT_ALGORITHM, readWrapKid, refused, wrapHeader } from './wrap-header.js';
import type { WrapAlgorithm } from './wrap-header.js';

const DATA_KEY_BYTES = 32;

export async function wrapDataKey(dataKey: Uint8Array, alg: WrapAlgorithm, key: OctJwk | EcPublicJwk, context: WrapContext): Promise<string> {
  if (dataKey.length !== DATA_KEY_BYTES) throw refused('a data key has 32 bytes');
  const header = wrapHeader(alg, key.kid, context);
  const jwe = await encryptCompact(await parseJoseKey(key), header, dataKey);
  // What we would not open must not be written: locked for years, it would be found too late.
  if (readWrapKid(jwe, alg, context) !== key.kid) throw refused('node-jose wrote another header');
  return jwe;
}

export async function openWrap(jwe: string, alg: WrapAlgorithm, key: object): Promise<Uint8Array> {
  const plaintext = await decryptCompact(await parseJoseKey(key), jwe, [alg, CONTENT_ALGORITHM]);
  if (plaintext?.length !== DATA_KEY_BYTES) throw refused('it does not open with the key it names');
  return plaintext;
}

/**
 * Opens an escrow wrap with the private half that is kept offline: the restore drill, and the way back when a KEK is lost.
 * @throws HoldfastError `key_missing` when the wrap is for another key, `key_malformed` when anything else differs
 */
export async function unwrapEscrow(jwe: string, context: WrapContext, privateJwk: unknown): Promise<Uint8Array> {
  const key = parseEcPrivate(privateJwk, 'The escrow key');
  const kid = readWrapKid(jwe, 'ECDH-ES+A256KW', context);
  if (kid !== key.kid) throw new HoldfastError('key_missing', `The wrap is for the escrow key ${kid}, not for ${key.kid}.`);
  checkEphemeral(jwe);
  return openWrap(jwe, 'ECDH-ES+A256KW', key);
}

/** An ephemeral point off the curve makes the agreement leak the private key (invalid curve attack, CVE-2017-7932 class). */
function checkEphemeral(jwe: string): void {
  const { epk } = JSON.parse(Buffer.from(jwe.slice(0, jwe.indexOf('.')), 'base64url').toString()) as { epk: { x: string; y: string } };
  try {
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: epk.x, y: epk.y }, format: 'jwk' });
  } catch {
    throw refused('its ephemeral key is not on P-256');
  }
}
