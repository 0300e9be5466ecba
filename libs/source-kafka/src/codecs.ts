import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { DecompressionError } from './decompression-error.js';
import { unlz4 } from './lz4.js';
import { unsnappy } from './snappy.js';

const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Name of the codec in the low three bits of a batch's attributes. */
export function codecName(codec: number): string {
  return NAMES[codec] ?? `codec ${codec}`;
}

const inflate = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) };

/**
 * Never yields more than `limit` bytes: a producer can make a small batch that expands a thousandfold.
 * @throws DecompressionError
 */
export async function decompress(codec: number, bytes: Buffer, limit: number): Promise<Buffer> {
  switch (codecName(codec)) {
    case 'none':
      return bytes;
    case 'gzip':
      return await bounded(inflate.gzip(bytes, { maxOutputLength: limit }));
    case 'zstd':
      return await bounded(inflate.zstd(bytes, { maxOutputLength: limit }));
    case 'snappy':
      return unsnappy(bytes, limit);
    case 'lz4':
      return unlz4(bytes, limit);
    default:
      throw new DecompressionError('unknown codec');
  }
}

async function bounded(work: Promise<Buffer>): Promise<Buffer> {
  try {
    return await work;
  } catch (cause) {
    const large = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    throw new DecompressionError(large ? 'too large' : 'malformed', { cause });
  }
}

export type SinkCompression = 'none' | 'gzip' | 'zstd';

export async function compress(codec: SinkCompression, bytes: Buffer): Promise<Buffer> {
  if (codec === 'gzip') return await promisify(gzip)(bytes);
  if (codec === 'zstd') return await promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return bytes;
}
