import { concat, utf8 } from '@holdfast/seal';
import { ByteReader, logMalformed, lp, u32, u64, u8 } from './byte-reader.js';

/** A batch as it stands in its object (docs/transparency-log.md section 2). */
export interface Batch {
  readonly archive: Uint8Array;
  readonly no: number;
  /** Hash of batch `no` − 1; the archive id in batch 0. */
  readonly previous: Uint8Array;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  /** Entries of the log before it. */
  readonly sizeBefore: number;
  /** Root of the tree after it. */
  readonly root: Uint8Array;
  /** The bytes of its entries. */
  readonly entries: readonly Uint8Array[];
}

export const MAX_BATCH_ENTRIES = 8192;
export const MAX_BATCH_BYTES = 2 * 1024 * 1024;
/** Bytes of a batch before its entries. */
export const BATCH_HEADER_BYTES = 4 + 1 + 32 + 8 + 32 + 8 + 8 + 32 + 4;

const MAGIC = Uint8Array.of(...utf8('HFB'), 1);
const SUITE = 1;

/** @throws HoldfastError `log_malformed` for what the format cannot carry */
export function encodeBatch(batch: Batch): Uint8Array {
  const { archive, no, previous, time, sizeBefore, root, entries } = batch;
  for (const value of [no, time, sizeBefore]) {
    if (!Number.isSafeInteger(value) || value < 0) throw logMalformed(`a batch cannot carry the number ${value}`);
  }
  if (entries.some(({ length }) => length > 0xffff)) throw logMalformed('an entry of more than 65,535 bytes');
  const bytes = concat(MAGIC, u8(SUITE), archive, u64(no), previous, u64(time), u64(sizeBefore), root, u32(entries.length), ...entries.map(lp));
  // What we would not read must not be written: it is locked for years.
  parseBatch(bytes);
  return bytes;
}

/** @throws HoldfastError `log_malformed` */
export function parseBatch(bytes: Uint8Array): Batch {
  const reader = new ByteReader(bytes, 'a batch');
  if (bytes.length > MAX_BATCH_BYTES) throw reader.fail(`it has ${bytes.length} bytes`);
  reader.expect(MAGIC, 'magic');
  reader.expect(u8(SUITE), 'suite');
  const archive = reader.hash();
  const no = reader.u64();
  const previous = reader.hash();
  const time = reader.u64();
  const sizeBefore = reader.u64();
  const root = reader.hash();
  const count = reader.u32();
  if (count === 0 || count > MAX_BATCH_ENTRIES) throw reader.fail(`it has ${count} entries`);
  if (!Number.isSafeInteger(sizeBefore + count)) throw reader.fail('it makes the log longer than a log can be');
  const entries: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.u16();
    if (length === 0) throw reader.fail(`entry ${i} is empty`);
    entries.push(reader.bytes(length));
  }
  reader.end();
  return { archive, no, previous, time, sizeBefore, root, entries };
}
