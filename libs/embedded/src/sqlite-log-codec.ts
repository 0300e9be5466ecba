import { crc32 } from 'node:zlib';
import { HoldfastError, type RawHeader, type RawRecord } from '@holdfast/record';

/**
 * One record as a row of the log: timestamp (8 bytes), key, value, number of headers, then key and value of each; byte
 * strings are a 4-byte length and the bytes, null is length -1. The checksum stands in a column of its own, because
 * SQLite itself would hand over a flipped bit in silence.
 */
export type LoggedFields = Pick<RawRecord, 'timestamp' | 'key' | 'value' | 'headers'>;

const NULL = -1;

const sizeOf = (bytes: Uint8Array | null) => 4 + (bytes?.length ?? 0);

export function encodeRecord({ timestamp, key, value, headers }: LoggedFields): Buffer {
  let size = 8 + sizeOf(key) + sizeOf(value) + 4;
  for (const header of headers) size += sizeOf(header.key) + sizeOf(header.value);
  const body = Buffer.allocUnsafe(size);
  let at = body.writeBigInt64BE(timestamp, 0);
  const put = (bytes: Uint8Array | null) => {
    at = body.writeInt32BE(bytes === null ? NULL : bytes.length, at);
    if (bytes === null) return;
    body.set(bytes, at);
    at += bytes.length;
  };
  put(key);
  put(value);
  at = body.writeInt32BE(headers.length, at);
  for (const header of headers) {
    put(header.key);
    put(header.value);
  }
  return body;
}

/** Over the place as well, so that a row that moved is found too. */
export function checksumOf(place: bigint, body: Uint8Array): number {
  return (crc32(body) ^ Number(BigInt.asUintN(32, place * 0x9e3779b97f4a7c15n))) >>> 0;
}

/** @throws HoldfastError `source_damaged` for bytes that `encodeRecord` never wrote */
export function decodeRecord(bytes: Uint8Array): LoggedFields {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = () => new HoldfastError('source_damaged', 'A row of the log does not decode.');
  let at = 8;
  const number = () => {
    if (at + 4 > body.length) throw damaged();
    const value = body.readInt32BE(at);
    at += 4;
    return value;
  };
  const get = (): Uint8Array | null => {
    const length = number();
    if (length === NULL) return null;
    if (length < 0 || at + length > body.length) throw damaged();
    at += length;
    return bytes.subarray(at - length, at);
  };
  if (body.length < 8) throw damaged();
  const timestamp = body.readBigInt64BE(0);
  const key = get();
  const value = get();
  const count = number();
  // Each header takes at least 8 bytes: a count that cannot fit must not reserve memory.
  if (count < 0 || count * 8 > body.length - at) throw damaged();
  const headers: RawHeader[] = [];
  for (let i = 0; i < count; i++) {
    const name = get();
    if (name === null) throw damaged();
    headers.push({ key: name, value: get() });
  }
  if (at !== body.length) throw damaged();
  return { timestamp, key, value, headers };
}
