import { Decompress } from 'fzstd';

const MAGIC = 0xfd2fb528;
const CHECKSUM = 4;
const MAX_BLOCK = 128 * 1024;
/** The window that every decoder must offer (RFC 8878 §3.1.1.1.2); no level that we write with asks for more. */
const MAX_WINDOW = 8 * 1024 * 1024;

/** Exactly `length` bytes out of one zstd frame, or undefined. */
export function unpackZstd(data: Uint8Array, length: number): Uint8Array | undefined {
  if (!isOneFrame(data, Math.max(length, MAX_WINDOW))) return undefined;
  const plain = new Uint8Array(length);
  let at = 0;
  const decompressor = new Decompress((chunk) => {
    // A bomb stops here, after one block too many.
    if (at + chunk.length > length) throw new Error('more bytes than expected');
    plain.set(chunk, at);
    at += chunk.length;
  });
  try {
    decompressor.push(data, true);
  } catch {
    // Not zstd, or more bytes than the trailer says: both mean damaged, and the caller says where.
    return undefined;
  }
  return at === length ? plain : undefined;
}

/**
 * Whether this is one frame (RFC 8878 §3.1.1), with a window of at most `limit`, that ends where the data ends. fzstd itself
 * allocates any window that a header names, reads beyond the end as zeros, and takes what follows a frame for another.
 */
function isOneFrame(data: Uint8Array, limit: number): boolean {
  if (data.length < 6) return false;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? Number(isSingle) : 1 << sizeFlag;
  // No dictionary, and the reserved bit is zero.
  if (view.getUint32(0, true) !== MAGIC || (descriptor & 0x0b) !== 0) return false;
  let at = 5;
  if (!isSingle) {
    const window = view.getUint8(at);
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > limit) return false;
    at++;
  }
  if (at + sizeBytes > data.length) return false;
  if (isSingle && contentSize(view, at, sizeBytes) > limit) return false;
  at += sizeBytes;
  for (let isLast = false; !isLast;) {
    if (at + 3 > data.length) return false;
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3 || size > MAX_BLOCK) return false;
    // One byte stands for all of a block of equal bytes.
    at += 3 + (type === 1 ? 1 : size);
  }
  return at + ((descriptor & 4) === 0 ? 0 : CHECKSUM) === data.length;
}

function contentSize(view: DataView, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/** A zstd frame of raw blocks: any decoder reads it, and nothing gets smaller. Nobody seals an archive in a browser. */
export function storeAsZstd(data: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(data.length / MAX_BLOCK));
  const frame = new Uint8Array(13 + blocks * 3 + data.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  // One segment, content size in 8 bytes.
  view.setUint8(4, 0xe0);
  view.setBigUint64(5, BigInt(data.length), true);
  for (let block = 0, at = 13; block < blocks; block++) {
    const part = data.subarray(block * MAX_BLOCK, (block + 1) * MAX_BLOCK);
    const header = (part.length << 3) | Number(block === blocks - 1);
    view.setUint16(at, header & 0xffff, true);
    view.setUint8(at + 2, header >> 16);
    frame.set(part, at + 3);
    at += 3 + part.length;
  }
  return frame;
}
