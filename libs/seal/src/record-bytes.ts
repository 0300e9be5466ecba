import { HoldfastError } from '@holdfast/record';
import type { RawHeader, RawRecord, TimestampType } from '@holdfast/record';
import { viewOf } from './bytes.js';

/** Length that stands for null; an empty field has length 0 (invariant I3). */
export const ABSENT = 0xffffffff;
const VERSION = 1;
/** Bytes before the key: version, timestamp type, offset, gap, timestamp, key length. */
const HEAD = 30;

/** Bytes that `record` takes (format section 3). */
export function recordBytesLength(record: RawRecord): number {
  let length = HEAD + (record.key?.length ?? 0) + 4 + (record.value?.length ?? 0) + 4;
  for (const header of record.headers) length += 8 + header.key.length + (header.value?.length ?? 0);
  return length;
}

/** Writes `record` at `at` and answers the position after it. The caller has made room. */
export function writeRecordBytes(into: Uint8Array, view: DataView, at: number, record: RawRecord, gap: bigint): number {
  into[at] = VERSION;
  into[at + 1] = record.timestampType === 'create' ? 0 : 1;
  view.setBigUint64(at + 2, record.offset);
  view.setBigUint64(at + 10, gap);
  view.setBigInt64(at + 18, record.timestamp);
  let next = writeField(into, view, at + 26, record.key);
  next = writeField(into, view, next, record.value);
  view.setUint32(next, record.headers.length);
  next += 4;
  for (const header of record.headers) {
    next = writeField(into, view, next, header.key);
    next = writeField(into, view, next, header.value);
  }
  return next;
}

function writeField(into: Uint8Array, view: DataView, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) {
    view.setUint32(at, ABSENT);
    return at + 4;
  }
  view.setUint32(at, bytes.length);
  into.set(bytes, at + 4);
  return at + 4 + bytes.length;
}

/** Record bytes of one record, for callers off the hot path. */
export function encodeRecord(record: RawRecord, gap: bigint): Uint8Array {
  const bytes = new Uint8Array(recordBytesLength(record));
  writeRecordBytes(bytes, viewOf(bytes), 0, record, gap);
  return bytes;
}

/** What stands in a leaf, and where the key lies: read without making objects per field. */
export interface RecordHead {
  timestampType: number;
  offset: bigint;
  gap: bigint;
  timestamp: bigint;
  /** Position of the key's first byte in the buffer, or -1 without a key. */
  keyAt: number;
  keyEnd: number;
}

/**
 * Reads the head of the record bytes in `start … end` of a buffer and checks the whole structure, so that whoever walks
 * over a block notices every malformed byte. @throws HoldfastError `format_malformed`
 */
export function readHead(view: DataView, start: number, end: number, head: RecordHead): void {
  if (end - start < HEAD + 8 || view.getUint8(start) !== VERSION) throw malformed();
  head.timestampType = view.getUint8(start + 1);
  if (head.timestampType > 1) throw malformed();
  head.offset = view.getBigUint64(start + 2);
  head.gap = view.getBigUint64(start + 10);
  head.timestamp = view.getBigInt64(start + 18);
  const keyLength = view.getUint32(start + 26);
  head.keyAt = keyLength === ABSENT ? -1 : start + HEAD;
  let at = skipField(view, start + 26, end);
  head.keyEnd = at;
  at = skipField(view, at, end);
  if (at + 4 > end) throw malformed();
  const headers = view.getUint32(at);
  at += 4;
  for (let i = 0; i < headers; i++) {
    if (at + 4 > end || view.getUint32(at) === ABSENT) throw malformed();
    at = skipField(view, at, end);
    at = skipField(view, at, end);
  }
  if (at !== end) throw malformed();
}

function skipField(view: DataView, at: number, end: number): number {
  if (at + 4 > end) throw malformed();
  const length = view.getUint32(at);
  const next = at + 4 + (length === ABSENT ? 0 : length);
  if (next > end) throw malformed();
  return next;
}

function malformed(): HoldfastError {
  return new HoldfastError('format_malformed', 'record bytes do not follow the format');
}

/** A record and its gap from record bytes; fields are views of `bytes`. @throws HoldfastError `format_malformed` */
export function decodeRecord(bytes: Uint8Array): { readonly record: RawRecord; readonly gap: bigint } {
  const view = viewOf(bytes);
  const head: RecordHead = { timestampType: 0, offset: 0n, gap: 0n, timestamp: 0n, keyAt: -1, keyEnd: 0 };
  readHead(view, 0, bytes.length, head);
  const timestampType: TimestampType = head.timestampType === 0 ? 'create' : 'log-append';
  const [value, afterValue] = field(bytes, view, head.keyEnd);
  const headers: RawHeader[] = [];
  let at = afterValue + 4;
  for (let i = view.getUint32(afterValue); i > 0; i--) {
    const [key, afterKey] = field(bytes, view, at);
    const [headerValue, next] = field(bytes, view, afterKey);
    // readHead has refused a null header key.
    headers.push({ key: key ?? new Uint8Array(0), value: headerValue });
    at = next;
  }
  const key = head.keyAt < 0 ? null : bytes.subarray(head.keyAt, head.keyEnd);
  return { record: { offset: head.offset, timestamp: head.timestamp, timestampType, key, value, headers }, gap: head.gap };
}

function field(bytes: Uint8Array, view: DataView, at: number): [Uint8Array | null, number] {
  const length = view.getUint32(at);
  return length === ABSENT ? [null, at + 4] : [bytes.subarray(at + 4, at + 4 + length), at + 4 + length];
}
