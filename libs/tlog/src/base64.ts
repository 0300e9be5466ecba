import { HoldfastError } from '@holdfast/record';
import { fromBase64Url, toBase64Url } from '@holdfast/seal';

/** base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

// Whole groups of four, then perhaps a shorter one whose unused bits are zero (RFC 4648 §3.5).
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

/** The bytes of base64 in its one spelling, padded. Undefined for anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  return BASE64.test(text) ? fromBase64Url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')) : undefined;
}

/** The number of a decimal in its one spelling, no leading zeros, up to 2^53 − 1. Undefined for anything else. */
export function fromDecimal(text: string): number | undefined {
  const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : -1;
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A note, checkpoint or other text that does not follow its C2SP form. */
export function textMalformed(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('checkpoint_malformed', `${what}.`, cause === undefined ? undefined : { cause });
}
