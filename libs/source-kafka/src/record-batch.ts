import { HoldfastError, type RawHeader, type RawRecord } from '@holdfast/record';
import { codecName, decompress } from './codecs.js';
import { crc32c } from './crc32c.js';
import { DecompressionError } from './decompression-error.js';

/** Bytes before the records of a batch: Kafka message format v2 (kafka.apache.org/documentation, "Record Batch"). */
export const BATCH_OVERHEAD = 61;
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;

/** The head of one batch, read but not yet verified. */
export interface BatchHead {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly bytes: Buffer;
}

/** The whole batches in what a fetch returned. The last one may be cut off: it is left out, and fetched again. */
export function batchesIn(bytes: Buffer): readonly BatchHead[] {
  const heads: BatchHead[] = [];
  for (let at = 0; at + BATCH_OVERHEAD <= bytes.length;) {
    const end = at + 12 + bytes.readInt32BE(at + LENGTH_AT);
    if (end > bytes.length) break;
    if (end < at + BATCH_OVERHEAD && bytes[at + MAGIC_AT] === 2) throw new HoldfastError('source_damaged', 'a batch is shorter than its head');
    const baseOffset = bytes.readBigInt64BE(at);
    heads.push({
      baseOffset,
      lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
      leaderEpoch: bytes.readInt32BE(at + 12),
      magic: bytes.readInt8(at + MAGIC_AT),
      attributes: bytes.readInt16BE(at + ATTRIBUTES_AT),
      producerId: bytes.readBigInt64BE(at + 43),
      bytes: bytes.subarray(at, end),
    });
    // A length that leads nowhere forward would loop for ever on damaged bytes.
    if (end <= at) throw new HoldfastError('source_damaged', 'a batch has a negative length');
    at = end;
  }
  return heads;
}

export const isTransactional = ({ attributes }: BatchHead) => (attributes & 0x10) !== 0;
export const isControl = ({ attributes }: BatchHead) => (attributes & 0x20) !== 0;

/** The end marker of an aborted transaction: key = version int16, type int16; type 0 is abort. */
export function isAbortMarker(records: readonly RawRecord[]): boolean {
  const key = records[0]?.key;
  return key !== undefined && key !== null && key.length >= 4 && key[2] === 0 && key[3] === 0;
}

/**
 * Verifies, decompresses and decodes one batch.
 * @throws HoldfastError `source_damaged` (checksum, malformed), `source_refused` (old format, unknown codec, larger than `limit`)
 */
export async function decodeBatch(head: BatchHead, limit: number): Promise<readonly RawRecord[]> {
  const { bytes, magic, attributes, baseOffset } = head;
  if (magic !== 2) {
    throw new HoldfastError(
      'source_refused',
      `the batch at ${baseOffset} has message format v${magic}; only v2 (Kafka 0.11 and later) can be archived byte for byte`,
    );
  }
  if (crc32c(bytes, ATTRIBUTES_AT, bytes.length) !== bytes.readUInt32BE(CRC_AT)) {
    throw new HoldfastError('source_damaged', `the batch at ${baseOffset} does not match its checksum`);
  }
  const codec = attributes & 7;
  const records = bytes.subarray(BATCH_OVERHEAD);
  const count = bytes.readInt32BE(57);
  if (count === 0) return []; // emptied by compaction; the head stays
  try {
    return new RecordReader(head, codec === 0 ? records : await decompress(codec, records, limit)).read(count);
  } catch (cause) {
    if (!(cause instanceof DecompressionError)) throw cause;
    if (cause.reason === 'unknown codec') {
      throw new HoldfastError('source_refused', `the batch at ${baseOffset} is compressed with ${codecName(codec)}, which this version cannot read`, {
        cause,
      });
    }
    if (cause.reason === 'too large') {
      throw new HoldfastError(
        'source_refused',
        `the batch at ${baseOffset} (${codecName(codec)}) expands to more than ${limit} bytes; raise the limit to archive it`,
        { cause },
      );
    }
    throw new HoldfastError('source_damaged', `the batch at ${baseOffset} does not decompress (${codecName(codec)})`, { cause });
  }
}

class RecordReader {
  readonly #bytes: Buffer;
  readonly #baseOffset: bigint;
  readonly #baseTimestamp: bigint;
  /** Set when the broker stamped the batch as a whole. */
  readonly #appendTime: bigint | undefined;
  readonly #lastDelta: number;
  #at = 0;
  /** Those of the record before: producers repeat most headers, and garbage was the largest single cost of reading. */
  #lastHeaders: readonly RawHeader[] = NONE;

  constructor({ bytes, baseOffset, attributes, lastOffset }: BatchHead, records: Buffer) {
    this.#bytes = records;
    this.#baseOffset = baseOffset;
    this.#lastDelta = Number(lastOffset - baseOffset);
    this.#baseTimestamp = bytes.readBigInt64BE(27);
    this.#appendTime = (attributes & 8) === 0 ? undefined : bytes.readBigInt64BE(35);
  }

  read(count: number): readonly RawRecord[] {
    // A record takes at least 7 bytes: a count that cannot fit must not reserve memory.
    if (count < 0 || count * 7 > this.#bytes.length) throw this.#damaged();
    const records: RawRecord[] = [];
    let before = -1;
    for (let i = 0; i < count; i++) {
      const length = this.#varint();
      const end = this.#at + length;
      if (length < 0 || end > this.#bytes.length) throw this.#damaged();
      this.#at++; // attributes of a record: unused
      const age = this.#varlong();
      // Wraps as Java's long does: timestamps may be absurd.
      const timestamp = this.#appendTime ?? BigInt.asIntN(64, this.#baseTimestamp + age);
      const delta = this.#varint();
      if (delta <= before || delta > this.#lastDelta) throw this.#damaged();
      before = delta;
      const key = this.#nullable();
      const value = this.#nullable();
      const headers = this.#headers();
      if (this.#at !== end) throw this.#damaged();
      const timestampType = this.#appendTime === undefined ? 'create' : 'log-append';
      records.push({ offset: this.#baseOffset + BigInt(delta), timestamp, timestampType, key, value, headers });
    }
    if (this.#at !== this.#bytes.length) throw this.#damaged();
    return records;
  }

  #headers(): readonly RawHeader[] {
    const count = this.#varint();
    if (count === 0) return NONE;
    if (count < 0 || count * 2 > this.#bytes.length - this.#at) throw this.#damaged();
    const headers: RawHeader[] = [];
    for (let i = 0; i < count; i++) {
      const last = this.#lastHeaders[i];
      const key = this.#nullable(last?.key);
      if (key === null) throw this.#damaged();
      const value = this.#nullable(last?.value);
      headers.push(last?.key === key && last.value === value ? last : { key, value });
    }
    this.#lastHeaders = headers;
    return headers;
  }

  /** A view of the bytes; `known` itself where it has the same ones. */
  #nullable(known?: Uint8Array | null): Uint8Array | null {
    const length = this.#varint();
    if (length === -1) return null;
    const start = this.#at;
    if (length < 0 || start + length > this.#bytes.length) throw this.#damaged();
    this.#at += length;
    if (known?.length === length && this.#isAt(start, known)) return known;
    // Not a Buffer, which costs twice as much to make.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  #isAt(start: number, known: Uint8Array): boolean {
    for (let i = 0; i < known.length; i++) if (this.#bytes[start + i] !== known[i]) return false;
    return true;
  }

  /** Zigzag varint of 32 bits. */
  #varint(): number {
    let byte = this.#byte();
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 28) throw this.#damaged();
      byte = this.#byte();
      value |= (byte & 127) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** Zigzag varint of 64 bits; nearly always short, and then no BigInt arithmetic is needed. */
  #varlong(): bigint {
    let byte = this.#byte();
    let value = byte & 127;
    let shift = 7;
    for (; byte > 127 && shift < 49; shift += 7) {
      byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
    }
    if (byte <= 127) return BigInt(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
    let long = BigInt(value);
    for (; byte > 127; shift += 7) {
      if (shift > 63) throw this.#damaged();
      byte = this.#byte();
      long |= BigInt(byte & 127) << BigInt(shift);
    }
    return BigInt.asIntN(64, (long >> 1n) ^ -(long & 1n));
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.#damaged();
    return byte;
  }

  #damaged(): HoldfastError {
    return new HoldfastError('source_damaged', `the batch at ${this.#baseOffset} does not decode although its checksum is right`);
  }
}

const NONE: readonly RawHeader[] = [];
