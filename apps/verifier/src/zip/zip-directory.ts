import { ZipProblem } from './zip-problem.js';

/** A line of the central directory, as it stands there; nothing of it is believed before the bytes are hashed. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  /** Bytes in the file. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** Where the central directory lies. */
export interface DirectoryPlace {
  readonly at: number;
  readonly bytes: number;
  readonly entries: number;
}

// Signatures and layouts: APPNOTE.TXT 6.3.10 §4.3.
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END_64_BYTES = 56;
const EXTRA_64 = 1;
const NONE_16 = 0xffff;
const NONE_32 = 0xffffffff;
/** The end record carries a comment of at most 65,535 bytes. */
const TAIL = END_BYTES + 0xffff;

const names = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads `length` bytes of the file from `at` on. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array>;

/** @throws ZipProblem */
export async function findDirectory(read: ReadBytes, fileSize: number): Promise<DirectoryPlace> {
  const from = Math.max(0, fileSize - TAIL);
  const tail = viewOf(await read(from, fileSize - from));
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    // The comment ends where the file ends, or the signature is a part of something else.
    if (tail.getUint32(at, true) !== END || at + END_BYTES + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const place = { entries: tail.getUint16(at + 10, true), bytes: tail.getUint32(at + 12, true), at: tail.getUint32(at + 16, true) };
    const isLarge = place.entries === NONE_16 || place.bytes === NONE_32 || place.at === NONE_32;
    return inFile(isLarge ? await largeDirectory(read, from + at) : place, fileSize);
  }
  throw new ZipProblem('it is not a zip file, or its end is missing');
}

async function largeDirectory(read: ReadBytes, end: number): Promise<DirectoryPlace> {
  const bad = new ZipProblem('its end record for large files cannot be read');
  if (end < LOCATOR_BYTES) throw bad;
  const locator = viewOf(await read(end - LOCATOR_BYTES, LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== LOCATOR_64) throw bad;
  const at = large(locator, 8);
  if (at + END_64_BYTES > end) throw bad;
  const record = viewOf(await read(at, END_64_BYTES));
  if (record.getUint32(0, true) !== END_64) throw bad;
  return { entries: large(record, 32), bytes: large(record, 40), at: large(record, 48) };
}

function inFile(place: DirectoryPlace, fileSize: number): DirectoryPlace {
  if (place.at + place.bytes > fileSize) throw new ZipProblem('its list of entries lies outside of the file');
  return place;
}

/** Every entry, duplicates as often as they are there. @throws ZipProblem */
export function parseDirectory(bytes: Uint8Array, count: number): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) throw new ZipProblem('its list of entries is damaged');
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > bytes.length) throw new ZipProblem('its list of entries is damaged');
    const plain = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), at: view.getUint32(at + 42, true) };
    entries.push({
      name: names.decode(bytes.subarray(at + 46, nameEnd)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      ...withExtra(plain, viewOf(bytes.subarray(nameEnd, extraEnd))),
    });
    at = end;
  }
  if (entries.length !== count) throw new ZipProblem(`its list has ${entries.length} entries, its end says ${count}`);
  return entries;
}

/** Figures of 64 bits stand in an extra field, in this order, each only where the plain one is full (§4.5.3). */
function withExtra(plain: Pick<ZipEntry, 'size' | 'packed' | 'at'>, extra: DataView): Pick<ZipEntry, 'size' | 'packed' | 'at'> {
  const found = { ...plain };
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const end = at + 4 + extra.getUint16(at + 2, true);
    if (end > extra.byteLength) break;
    if (extra.getUint16(at, true) === EXTRA_64) {
      let next = at + 4;
      for (const figure of ['size', 'packed', 'at'] as const) {
        if (plain[figure] !== NONE_32 || next + 8 > end) continue;
        found[figure] = large(extra, next);
        next += 8;
      }
    }
    at = end;
  }
  return found;
}

function large(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw new ZipProblem('it names a place outside of any file');
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
