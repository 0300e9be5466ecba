/** The few readings of ASN.1 that the structures of the vendor do not give. */
import { Constructed, fromBER, ObjectIdentifier } from 'asn1js';
import type { AsnType } from 'asn1js';
import { TokenProblem } from './token-problem.js';

/** No answer and no token is larger: real ones are 1 to 8 KiB. Bounds what a stranger can make us parse. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** One value and nothing behind it. */
export function parseDer(bytes: Uint8Array, what: string): AsnType {
  if (bytes.length > MAX_TOKEN_BYTES) throw new TokenProblem(`${what} is larger than ${MAX_TOKEN_BYTES / 1024} KiB`);
  if (endOfDer(bytes, 0, bytes.length, 0) !== bytes.length)
    throw new TokenProblem(`${what} is not one DER value (garbage, truncated, or followed by other bytes)`);
  // A copy: the vendor keeps views of its input, and the caller may go on to change it.
  const { offset, result } = fromBER(bytes.slice());
  if (offset !== bytes.length) throw new TokenProblem(`${what} cannot be read: ${result.error}`);
  return result;
}

/** Real tokens nest about fifteen deep. */
const MAX_DEPTH = 40;

/**
 * Where the value at `start` ends, or -1 when it is not DER: a length that is not the shortest, is open or passes the end of
 * what contains it, or members that do not fill their container. The vendor's parser lets all of that pass (X.690 §10.1;
 * RFC 3161 §3.4 asks for DER), and two readers that disagree about where a value ends can be shown two different tokens.
 */
function endOfDer(bytes: Uint8Array, start: number, limit: number, depth: number): number {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f || depth > MAX_DEPTH) return -1;
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || more > 3) return -1;
  let length = more === 0 ? first : 0;
  for (const byte of bytes.subarray(start + 2, start + 2 + more)) length = length * 256 + byte;
  if (more > 0 && length < (more === 1 ? 0x80 : 256 ** (more - 1))) return -1;
  const content = start + 2 + more;
  const end = content + length;
  if (end > limit) return -1;
  if ((tag & 0x20) === 0) return end;
  for (let at = content; at < end;) {
    at = endOfDer(bytes, at, end, depth + 1);
    if (at < 0) return -1;
  }
  return end;
}

/** The encoding of `value` as it was read, never made anew. */
export function rawBytes(value: AsnType): Uint8Array<ArrayBuffer> {
  return value.valueBeforeDecodeView.slice();
}

/** Members of a SEQUENCE, a SET or an explicit tag; of anything else none. */
export function membersOf(value: unknown): readonly AsnType[] {
  return value instanceof Constructed ? value.valueBlock.value : [];
}

/** An object identifier in dots; the empty text for anything else. */
export function oidText(value: unknown): string {
  return value instanceof ObjectIdentifier ? value.getValue() : '';
}

/** Whether `value` carries the context tag `[number]`. */
export function isTagged(value: AsnType, number: number): boolean {
  return value.idBlock.tagClass === CONTEXT && value.idBlock.tagNumber === number;
}
const CONTEXT = 3;

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
