import { HoldfastError } from '@holdfast/record';
import { fromBase64Url, fromUtf8, utf8 } from './bytes.js';
import type { Crypto } from './crypto.js';
import type { PublicKey } from './public-key.js';

/** A compact JWS taken apart; nothing is verified yet. */
export interface ParsedJws {
  readonly kid: string;
  readonly typ: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** The bytes under the signature. */
  readonly signed: Uint8Array;
}

/** Largest JWS that is read: a manifest is at most 64 KiB. */
export const MAX_JWS = 64 * 1024;

/**
 * Takes a compact JWS apart. The protected header must have exactly `alg` ES256, `kid` and `typ`: no `jwk`, `jku`,
 * `x5u`, `crit`, no other algorithm, so that nothing in the document chooses how it is checked (RFC 8725 §3.1).
 * @throws HoldfastError `format_malformed`
 */
export function parseJws(bytes: Uint8Array, most = MAX_JWS): ParsedJws {
  if (bytes.length > most) throw new HoldfastError('format_malformed', `a signed document has ${bytes.length} bytes, more than ${most}`);
  const parts = fromUtf8(bytes).split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new HoldfastError('format_malformed', 'a signed document is not a compact JWS');
  }
  const fields = parseJson(fromBase64Url(header));
  if (typeof fields !== 'object' || fields === null || Object.keys(fields).join() !== 'alg,kid,typ') {
    throw new HoldfastError('format_malformed', 'the header of a signed document is not exactly alg, kid, typ');
  }
  const { alg, kid, typ } = fields as Record<string, unknown>;
  if (alg !== 'ES256' || typeof kid !== 'string' || typeof typ !== 'string')
    throw new HoldfastError('format_malformed', 'a signed document is not ES256');
  const decoded = fromBase64Url(signature);
  if (decoded.length !== 64) throw new HoldfastError('format_malformed', 'an ES256 signature has 64 bytes');
  return { kid, typ, payload: fromBase64Url(payload), signature: decoded, signed: utf8(`${header}.${payload}`) };
}

/** Whether `jws` is of type `typ` and signed by `key`. */
export function verifyJws(crypto: Crypto, jws: ParsedJws, typ: string, key: PublicKey): boolean {
  return jws.typ === typ && jws.kid === key.kid && crypto.verifyEs256(key, jws.signed, jws.signature);
}

/**
 * JSON in the one spelling that ECMAScript's JSON.stringify writes: a second member of one name, white space or another
 * number format would let two readers see two things. So would a fraction, a number beyond 2^53-1 and half a surrogate
 * pair (format section 1). @throws HoldfastError `format_malformed`
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  let value: unknown;
  let again: string;
  let portable: boolean;
  try {
    value = JSON.parse(text);
    // Deep nesting exhausts the stack here, not in parse: hostile bytes too, and no crash.
    again = JSON.stringify(value);
    portable = isPortable(value);
  } catch (cause) {
    throw new HoldfastError('format_malformed', 'a document is not JSON', { cause });
  }
  if (again !== text || !portable) throw new HoldfastError('format_malformed', 'a JSON document is not in its one spelling');
  return value;
}

/** Bytes of `value` as every reader must read them. @throws HoldfastError `format_malformed` when none would */
export function encodeJson(value: unknown): Uint8Array {
  const bytes = utf8(JSON.stringify(value));
  parseJson(bytes);
  return bytes;
}

function isPortable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isPortable(member));
}
