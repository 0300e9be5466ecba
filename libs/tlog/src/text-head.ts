import { fromUtf8 } from '@holdfast/seal';
import { textMalformed } from './base64.js';

const NEWLINE = 10;

/**
 * Lines up to the first empty line, and the bytes behind it, which are a checkpoint: their own form decides about them.
 * @throws HoldfastError `checkpoint_malformed`
 */
export function splitHead(bytes: Uint8Array, what: string): { readonly lines: readonly string[]; readonly rest: Uint8Array } {
  const end = bytes.findIndex((byte, i) => byte === NEWLINE && bytes[i + 1] === NEWLINE);
  if (end === -1) throw textMalformed(`${what} has no empty line before its checkpoint`);
  try {
    return { lines: fromUtf8(bytes.subarray(0, end)).split('\n'), rest: bytes.subarray(end + 2) };
  } catch (cause) {
    throw textMalformed(`${what} is not UTF-8`, cause);
  }
}
