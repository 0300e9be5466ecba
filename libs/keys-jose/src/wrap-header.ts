/**
 * Protected headers of wraps. A wrap is taken from a store that others can write to, so its header decides nothing: it is
 * read here against an allow-list, before node-jose sees it, and must equal what this archive would have written. That
 * closes `zip` (node-jose inflates without limit), `PBES2` (work factor chosen by the attacker), `dir` and `RSA1_5`
 * downgrades, embedded keys (`jwk`, `jku`, `x5u`, `x5c`), `crit` and `b64` in one rule.
 */
import type { WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { isCohortName } from './key-folder.js';

export type WrapAlgorithm = 'A256KW' | 'ECDH-ES+A256KW';
export const CONTENT_ALGORITHM = 'A256GCM';

export interface WrapHeader {
  readonly alg: WrapAlgorithm;
  readonly enc: typeof CONTENT_ALGORITHM;
  readonly kid: string;
  readonly hf: {
    readonly archive: string;
    readonly chain: string;
    readonly dataKey: string;
    readonly class: string;
    readonly period: string;
  };
}

// Header, then the fixed lengths of a wrapped 32-byte key, a GCM nonce, 32 bytes of data key and a full tag: a short tag
// could be guessed, and another length is not a data key. The last characters leave unused bits zero, so that a wrap has
// one spelling (RFC 4648 §3.5).
const SHAPE = /^([A-Za-z0-9_-]{1,4096})\.[A-Za-z0-9_-]{53}[AQgw]\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\.[A-Za-z0-9_-]{21}[AQgw]$/;
const KID = /^[A-Za-z0-9_-]{16,64}$/;

export function wrapHeader(alg: WrapAlgorithm, kid: string, context: WrapContext): WrapHeader {
  const { archive, chain, dataKey, cohort } = context;
  if (!/^[0-9a-f]{64}$/.test(archive)) throw refused('its archive id is not 64 hex digits');
  if (!/^[0-9a-f]{32}$/.test(dataKey)) throw refused('its data key id is not 32 hex digits');
  if (chain.length === 0 || chain.length > 512 || !chain.isWellFormed()) throw refused('its chain name is empty, too long or not well-formed');
  if (!isCohortName(cohort)) throw refused(`${JSON.stringify(cohort)} does not name a cohort`);
  return { alg, enc: CONTENT_ALGORITHM, kid, hf: { archive, chain, dataKey, class: cohort.className, period: cohort.period } };
}

/**
 * The `kid` of a wrap whose header otherwise says exactly what `context` and `alg` demand, in the spelling we write.
 * @throws HoldfastError `key_malformed`
 */
export function readWrapKid(jwe: string, alg: WrapAlgorithm, context: WrapContext): string {
  const { header, text } = decodeHeader(jwe);
  const kid = header['kid'];
  if (typeof kid !== 'string' || !KID.test(kid)) throw refused('its header names no key');
  const expected: Record<string, unknown> = { ...wrapHeader(alg, kid, context) };
  if (alg === 'ECDH-ES+A256KW') expected['epk'] = ephemeralKey(header['epk']);
  // One comparison of the spelling covers values, order, duplicates, and every member that does not belong.
  if (JSON.stringify(expected) !== text) throw refused(difference(header, expected));
  return kid;
}

function decodeHeader(jwe: string): { header: Readonly<Record<string, unknown>>; text: string } {
  const encoded = jwe.length <= 8192 ? SHAPE.exec(jwe)?.[1] : undefined;
  if (encoded === undefined) throw refused('it is not a compact JWE of a data key');
  const bytes = Buffer.from(encoded, 'base64url');
  const text = bytes.toString('utf8');
  // A lax decoder accepts several spellings of the same bytes; the header must have one.
  if (bytes.toString('base64url') !== encoded) throw refused('its header is not base64url');
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return { header: { ...header }, text };
  } catch {
    throw refused('its header is not JSON');
  }
  throw refused('its header is not a JSON object');
}

function ephemeralKey(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw refused('its header holds no ephemeral key');
  const { x, y } = value as { readonly x?: unknown; readonly y?: unknown };
  if (!coordinate(x) || !coordinate(y)) throw refused('its ephemeral key is not on P-256');
  return { kty: 'EC', crv: 'P-256', x, y };
}

function coordinate(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(value);
}

/** Which member is at fault, by name: the values in a hostile header do not belong in a log. */
function difference(header: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>): string {
  const wrong = Object.keys(expected).filter((name) => JSON.stringify(header[name]) !== JSON.stringify(expected[name]));
  const known = wrong.length > 0 ? `${wrong.join(', ')} in its header differ from what was asked for` : undefined;
  const extra = Object.keys(header).some((name) => !(name in expected));
  return known ?? (extra ? 'its header holds a member that does not belong there' : 'its header is spelled in another way');
}

export function refused(why: string): HoldfastError {
  return new HoldfastError('key_malformed', `The wrap of a data key is refused: ${why}.`);
}
