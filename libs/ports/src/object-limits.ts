import { HoldfastError } from '@holdfast/record';
import type { ByteRange, Lock } from './object-store.js';

/** Largest body of `ObjectStore.put`: no server needs multipart for it, and multipart loses locks on some. */
export const MAX_OBJECT_BYTES = 64 * 1024 * 1024;
/** Largest body of `ClaimStore.create`. */
export const MAX_CLAIM_BYTES = 4096;

// 900 leaves room for a bucket prefix (S3: 1,024 bytes), 200 for what a folder store appends to a file name (255 bytes). Segments
// before the last are folders there, to which nothing is appended: a topic, of up to 249 characters, is one.
const MAX_KEY = 900;
const MAX_FOLDER = 249;
const MAX_NAME = 200;
const SEGMENT = /^[A-Za-z0-9._=~-]+$/;

/** Why `key` is no `ObjectKey`, or undefined. `.` and `..` are no segments: they would leave the folder of a folder store. */
function keyProblem(key: string): string | undefined {
  if (key.length === 0 || key.length > MAX_KEY) return `has ${String(key.length)} characters (1 to ${String(MAX_KEY)} are allowed)`;
  const segments = key.split('/');
  for (const [i, segment] of segments.entries()) {
    const most = i === segments.length - 1 ? MAX_NAME : MAX_FOLDER;
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return 'has a segment of dots';
    if (segment.length > most) return `has a segment longer than ${String(most)}`;
    if (!SEGMENT.test(segment)) return 'has characters outside A-Z a-z 0-9 . _ = ~ - /';
  }
  return undefined;
}

/** @throws HoldfastError `bad_request` when `key` is no object key */
export function checkObjectKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== undefined) throw new HoldfastError('bad_request', `the key ${JSON.stringify(key.slice(0, 100))} ${problem}`);
}

/** @throws HoldfastError `bad_request` when a body is too large for `ObjectStore.put` */
export function checkObjectBody(body: Uint8Array): void {
  if (body.byteLength > MAX_OBJECT_BYTES) {
    throw new HoldfastError('bad_request', `an object of ${String(body.byteLength)} bytes is larger than ${String(MAX_OBJECT_BYTES)}`);
  }
}

/** @throws HoldfastError `bad_request` when a body is empty or too large for a claim */
export function checkClaimBody(body: Uint8Array): void {
  if (body.byteLength === 0) throw new HoldfastError('bad_request', 'a claim cannot be empty');
  if (body.byteLength > MAX_CLAIM_BYTES) {
    throw new HoldfastError('bad_request', `a claim of ${String(body.byteLength)} bytes is larger than ${String(MAX_CLAIM_BYTES)}`);
  }
}

/** Stores keep whole seconds: a fraction would be cut off, and the lock that is read back would be shorter than the one asked for. */
export function checkLock(lock: Lock): void {
  const ms = lock.retainUntil.getTime();
  if (!Number.isInteger(ms / 1000)) throw new HoldfastError('bad_request', `retain-until ${String(ms)} ms is not a whole second`);
  const year = lock.retainUntil.getUTCFullYear();
  if (year < 1970 || year > 9999) throw new HoldfastError('bad_request', `retain-until lies in the year ${String(year)}`);
}

/** @throws HoldfastError `bad_request` when a range is not `0 <= start <= end` */
export function checkRange(range: ByteRange): void {
  if (!Number.isSafeInteger(range.start) || !Number.isSafeInteger(range.end) || range.start < 0 || range.end < range.start) {
    throw new HoldfastError('bad_request', `the byte range ${String(range.start)} to ${String(range.end)} is none`);
  }
}
