/** The few readings of ASN.1 that the structures of the vendor do not give. */
import { Constructed, fromBER, ObjectIdentifier } from 'asn1js';
import type { AsnType } from 'asn1js';
import { TokenProblem } from './token-problem.js';

/** No answer and no token is larger: real ones are 1 to 8 KiB. Bounds what a stranger can make us parse. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** One value and nothing behind it. */
export function parseDer(bytes: Uint8Array, what: string): AsnType {
  if (bytes.length > MAX_TOKEN_BYTES) throw new TokenProblem(`${what} is larger than ${MAX_TOKEN_BYTES / 1024} KiB`);
  // A copy: the vendor keeps views of its input, and the caller may go on to change it.
  const { offset, result } = fromBER(bytes.slice());
  if (offset !== bytes.length) throw new TokenProblem(`${what} is not one DER value (garbage, truncated, or followed by other bytes)`);
  return result;
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
