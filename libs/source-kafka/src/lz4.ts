import { DecompressionError } from './decompression-error.js';
import { copyBack } from './snappy.js';

/**
 * LZ4 frames (lz4_Frame_format.md), also several in a row. Their xxHash checksums are not verified: Kafka's CRC-32C over
 * the compressed batch was, before this is called.
 */
export function unlz4(src: Buffer, limit: number): Buffer {
  let out = Buffer.allocUnsafe(Math.min(limit, Math.max(1 << 16, src.length * 4)));
  let to = 0;
  let at = 0;

  const need = (bytes: number) => {
    if (at + bytes > src.length) throw new DecompressionError('malformed');
  };
  const room = (bytes: number) => {
    if (to + bytes <= out.length) return;
    if (to + bytes > limit) throw new DecompressionError('too large');
    const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(out.length * 2, to + bytes)));
    out.copy(larger, 0, 0, to);
    out = larger;
  };
  const more = (start: number) => {
    let length = start;
    for (let byte = 255; byte === 255;) {
      need(1);
      byte = src[at++] ?? 0;
      length += byte;
    }
    return length;
  };

  const block = (end: number, first: number) => {
    while (at < end) {
      const token = src[at++] ?? 0;
      const literals = token >> 4 === 15 ? more(15) : token >> 4;
      if (at + literals > end) throw new DecompressionError('malformed');
      room(literals);
      src.copy(out, to, at, at + literals);
      at += literals;
      to += literals;
      if (at === end) return; // the last sequence has literals only
      if (at + 2 > end) throw new DecompressionError('malformed');
      const back = src.readUInt16LE(at);
      at += 2;
      const length = ((token & 15) === 15 ? more(15) : token & 15) + 4;
      if (back > to - first) throw new DecompressionError('malformed');
      room(length);
      to = copyBack(out, to, back, length, out.length);
    }
  };

  while (at < src.length) {
    need(7);
    if (src.readUInt32LE(at) !== 0x184d2204) throw new DecompressionError('malformed');
    const flags = src[at + 4] ?? 0;
    if (flags >> 6 !== 1) throw new DecompressionError('malformed');
    at += 6 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0) + 1;
    const first = to;
    for (;;) {
      need(4);
      const word = src.readUInt32LE(at);
      at += 4;
      if (word === 0) break;
      const length = word & 0x7fffffff;
      need(length);
      if (word >= 0x80000000) {
        room(length);
        src.copy(out, to, at, at + length);
        at += length;
        to += length;
      } else {
        block(at + length, first);
      }
      if (flags & 16) at += 4;
    }
    if (flags & 4) at += 4;
  }
  if (at !== src.length) throw new DecompressionError('malformed');
  return out.subarray(0, to);
}
