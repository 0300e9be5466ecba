import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip for tests; the optional members make hostile ones. */
export interface ZipFileEntry {
  readonly name: string;
  readonly content: Uint8Array | string;
  readonly deflate?: boolean;
  /** General purpose flags; 1 = encrypted. */
  readonly flags?: number;
  /** Unix mode, such as 0o120777 for a link. */
  readonly mode?: number;
  readonly method?: number;
  /** Lies in the directory about the unpacked size or the checksum. */
  readonly uncompressedSize?: number;
  readonly crc?: number;
  /** Points at the bytes of an earlier entry instead of its own. */
  readonly sharesWith?: number;
}

/** A zip made by hand, so that a test can break each of its promises. Fixed times: the same entries give the same bytes. */
export function zipFile(entries: readonly ZipFileEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content);
    const packed = entry.deflate === true ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE((entry.flags ?? 0) | 0x800, 2);
    common.writeUInt16LE(entry.method ?? (entry.deflate === true ? 8 : 0), 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(entry.crc ?? crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.uncompressedSize ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    offsets.push(offset);
    const start = entry.sharesWith === undefined ? offset : (offsets[entry.sharesWith] ?? 0);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(start, 10);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 3]), common, tail, name);
    if (entry.sharesWith !== undefined) continue;
    parts.push(Buffer.from([0x50, 0x4b, 3, 4]), common, name, packed);
    offset += 4 + 26 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}
