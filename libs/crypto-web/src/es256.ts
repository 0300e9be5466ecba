import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64Url, toHex } from '@holdfast/seal';
import type { PublicKey } from '@holdfast/seal';

const { Point } = p256;
const { Fn: Scalars } = Point;
type KeyPoint = ReturnType<typeof Point.fromBytes>;

/** Keys with their multiples: an archive has few, each has signed thousands of manifests, and the table makes each check five times faster. */
const keys = new Map<string, KeyPoint>();
const MOST_KEYS = 100;
const WINDOW = 8;

/**
 * ECDSA over P-256 with SHA-256, FIPS 186-5 §6.4.2; signatures are R ‖ S (RFC 7518 §3.4). The equation is written out here because
 * the library's own `verify` takes a key as bytes and makes its table anew each time. Its points and scalars do the arithmetic.
 */
export function verifyEs256(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const r = numberOf(signature.subarray(0, 32));
  const s = numberOf(signature.subarray(32));
  // Step 1: both in [1, n − 1].
  if (!Scalars.isValidNot0(r) || !Scalars.isValidNot0(s)) return false;
  const point = pointOf(key);
  if (point === undefined) return false;
  const inverse = Scalars.inv(s);
  const u = Scalars.mul(Scalars.create(numberOf(sha256(data))), inverse);
  const v = Scalars.mul(r, inverse);
  const sum = Point.BASE.multiplyUnsafe(u).add(point.multiplyUnsafe(v));
  return !sum.is0() && Scalars.create(sum.x) === r;
}

function pointOf({ x, y }: PublicKey): KeyPoint | undefined {
  const id = `${x}.${y}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  try {
    // SEC 1 §2.3.3, uncompressed; the curve itself judges length and point.
    const point = Point.fromBytes(concat(Uint8Array.of(4), fromBase64Url(x), fromBase64Url(y)));
    point.assertValidity();
    point.precompute(WINDOW);
    if (keys.size >= MOST_KEYS) keys.clear();
    keys.set(id, point);
    return point;
  } catch {
    // Not a point of the curve: no signature can be right under it.
    return undefined;
  }
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}
