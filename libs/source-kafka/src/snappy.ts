import { DecompressionError } from './decompression-error.js';

/** Xerial's stream format, which Java producers write around raw Snappy blocks: this magic, two versions, then length + block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

/** Raw Snappy or Xerial framing. @throws DecompressionError */
export function unsnappy(bytes: Buffer, limit: number): Buffer {
  if (!bytes.subarray(0, 8).equals(XERIAL)) return block(bytes, limit);
  const blocks: Buffer[] = [];
  let total = 0;
  for (let at = 16; at < bytes.length;) {
    if (at + 4 > bytes.length) throw new DecompressionError('malformed');
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0 || at + length > bytes.length) throw new DecompressionError('malformed');
    const part = block(bytes.subarray(at, at + length), limit - total);
    blocks.push(part);
    total += part.length;
    at += length;
  }
  return blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks, total);
}

/** google/snappy format_description.txt. */
function block(src: Buffer, limit: number): Buffer {
  let at = 0;
  const next = () => {
    const byte = src[at++];
    if (byte === undefined) throw new DecompressionError('malformed');
    return byte;
  };
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = next();
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
    if (shift === 28) throw new DecompressionError('malformed');
  }
  if (size > limit) throw new DecompressionError('too large');
  const out = Buffer.allocUnsafe(size);
  let to = 0;
  while (at < src.length) {
    const tag = next();
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const bytes = length - 59;
        length = 0;
        for (let i = 0; i < bytes; i++) length += next() * 2 ** (8 * i);
      }
      length++;
      if (at + length > src.length || to + length > size) throw new DecompressionError('malformed');
      src.copy(out, to, at, at + length);
      at += length;
      to += length;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    let back = 0;
    if (kind === 1) back = ((tag >> 5) << 8) | next();
    else for (let i = 0; i < (kind === 2 ? 2 : 4); i++) back += next() * 2 ** (8 * i);
    to = copyBack(out, to, back, length, size);
  }
  if (to !== size) throw new DecompressionError('malformed');
  return out;
}

/** Repeats `length` bytes that lie `back` bytes behind; they may overlap, which repeats a pattern. Answers the new end. */
export function copyBack(out: Buffer, to: number, back: number, length: number, size: number): number {
  if (back === 0 || back > to || to + length > size) throw new DecompressionError('malformed');
  if (back >= length) {
    out.copyWithin(to, to - back, to - back + length);
    return to + length;
  }
  const end = to + length;
  for (let i = to; i < end; i++) out[i] = out[i - back] ?? 0;
  return end;
}
