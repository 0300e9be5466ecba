import type { NewRecord } from '@holdfast/ports';
import { compress, type SinkCompression } from './codecs.js';
import { crc32c } from './crc32c.js';
import { BATCH_OVERHEAD } from './record-batch.js';

const CODEC: Readonly<Record<SinkCompression, number>> = { none: 0, gzip: 1, zstd: 4 };

/** Identity of an idempotent producer and the number of the batch's first record in its partition. */
export interface ProducerStamp {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
}

export type BatchFields = Pick<NewRecord, 'key' | 'value' | 'headers' | 'timestamp'>;

/** The bytes of `records` before compression. kafkajs's own encoder cannot: it merges headers of one name and decodes their keys. */
export function encodeRecords(records: readonly BatchFields[]): Buffer {
  const first = records[0]?.timestamp ?? 0n;
  const heads = records.map((record, i) => ({ record, deltas: [zigzag(BigInt.asIntN(64, record.timestamp - first)), zigzag(BigInt(i))] as const }));
  const lengths = heads.map(({ record, deltas: [time, offset] }) => {
    let length =
      1 + varintSize(time) + varintSize(offset) + sizeOf(record.key) + sizeOf(record.value) + varintSize(zigzag(BigInt(record.headers.length)));
    for (const header of record.headers) length += sizeOf(header.key) + sizeOf(header.value);
    return length;
  });
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length + varintSize(zigzag(BigInt(length))), 0));
  let at = 0;
  const number = (zigzagged: bigint) => {
    let rest = zigzagged;
    for (; rest > 127n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | 128;
    bytes[at++] = Number(rest);
  };
  const string = (value: Uint8Array | null) => {
    number(zigzag(BigInt(value === null ? -1 : value.length)));
    if (value === null) return;
    bytes.set(value, at);
    at += value.length;
  };
  for (const [i, { record, deltas }] of heads.entries()) {
    number(zigzag(BigInt(lengths[i] ?? 0)));
    bytes[at++] = 0;
    for (const delta of deltas) number(delta);
    string(record.key);
    string(record.value);
    number(zigzag(BigInt(record.headers.length)));
    for (const header of record.headers) {
      string(header.key);
      string(header.value);
    }
  }
  return bytes;
}

/** One batch of message format v2, ready to be produced. */
export async function encodeBatch(records: readonly BatchFields[], compression: SinkCompression, stamp: ProducerStamp): Promise<Buffer> {
  return frameBatch(records, await compress(compression, encodeRecords(records)), CODEC[compression], stamp);
}

/** The head around `payload`, which is `records`, encoded and compressed with `codec`. */
export function frameBatch(records: readonly BatchFields[], payload: Buffer, codec: number, stamp: ProducerStamp): Buffer {
  const first = records[0]?.timestamp ?? 0n;
  const batch = Buffer.allocUnsafe(BATCH_OVERHEAD + payload.length);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(2, 16);
  batch.writeInt16BE(codec, 21);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(first, 27);
  batch.writeBigInt64BE(
    records.reduce((max, { timestamp }) => (timestamp > max ? timestamp : max), first),
    35,
  );
  batch.writeBigInt64BE(stamp.producerId, 43);
  batch.writeInt16BE(stamp.epoch, 51);
  batch.writeInt32BE(stamp.sequence, 53);
  batch.writeInt32BE(records.length, 57);
  payload.copy(batch, BATCH_OVERHEAD);
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17);
  return batch;
}

const zigzag = (value: bigint) => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

function varintSize(value: bigint): number {
  let size = 1;
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

function sizeOf(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(zigzag(BigInt(bytes.length))) + bytes.length;
}
