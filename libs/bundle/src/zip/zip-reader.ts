import { HoldfastError } from '@holdfast/record';
import { equalBytes, fromUtf8, viewOf } from '@holdfast/seal';
import { crc32 } from './crc32.js';

/** A file, or bytes in memory, that can be read anywhere. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes from `at` on; fewer only at the end. */
  read(at: number, length: number): Promise<Uint8Array>;
}

interface Row {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  readonly packed: number;
  readonly at: number;
}

const DEFLATED = 8;
const END = 22;
const END64_LOCATOR = 20;
const LONGEST_COMMENT = 0xffff;
/** A directory larger than this is no list of a bundle: it would have millions of entries. */
const MOST_DIRECTORY = 512 * 2 ** 20;
/** Largest entry that is read. */
const MOST_ENTRY = 1024 * 2 ** 20;

/** Undoes deflate into exactly `size` bytes and no more; throws when that is not what comes out. A browser only does it later. */
export type Inflate = (packed: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>;

/**
 * The entries of a zip file, which are only names and bytes to a verifier: nothing is unpacked to a disk. Entries of a bundle
 * are stored, but somebody may have packed it again, which changes none of them: `inflate` reads those. Made for hostile
 * files: every number is checked against the size of the file. It has the shape that `verifyBundle` asks for.
 */
export class ZipReader {
  readonly #file: RandomAccess;
  readonly #rows: readonly Row[];
  readonly #byName: ReadonlyMap<string, Row>;
  readonly #inflate: Inflate | undefined;

  private constructor(file: RandomAccess, rows: readonly Row[], inflate: Inflate | undefined) {
    this.#file = file;
    this.#inflate = inflate;
    this.#rows = rows;
    this.#byName = new Map(rows.map((row) => [row.name, row]));
  }

  /** @throws HoldfastError `format_malformed` for what is no zip file */
  static async open(file: RandomAccess, inflate?: Inflate): Promise<ZipReader> {
    const { at, length, count } = await findDirectory(file);
    if (length > MOST_DIRECTORY || at + length > file.size) throw malformed('its directory does not lie in it');
    const bytes = await exactly(file, at, length);
    return new ZipReader(file, rowsOf(bytes, count), inflate);
  }

  /** Every name, as often as it is there. */
  names(): readonly string[] {
    return this.#rows.map(({ name }) => name);
  }

  /** Bytes of an entry; undefined when there is none. @throws HoldfastError `format_malformed` when it cannot be read as it is */
  async read(name: string): Promise<Uint8Array | undefined> {
    const row = this.#byName.get(name);
    if (row === undefined) return undefined;
    if ((row.flags & 1) !== 0) throw malformed('the entry is encrypted');
    if (row.method !== 0 && (row.method !== DEFLATED || this.#inflate === undefined))
      throw malformed('the entry is compressed in a way that is not read');
    if (Math.max(row.size, row.packed) > MOST_ENTRY) throw malformed(`the entry has more than ${MOST_ENTRY} bytes`);
    const header = await exactly(this.#file, row.at, 30);
    const view = viewOf(header);
    const [nameLength, extra] = [view.getUint16(26, true), view.getUint16(28, true)];
    if (view.getUint32(0, true) !== 0x04034b50 || view.getUint16(8, true) !== row.method || nameLength !== row.nameBytes.length)
      throw malformed('its two headers differ');
    const stored = await exactly(this.#file, row.at + 30, nameLength + extra + row.packed);
    // Some programs go by one header, some by the other: they must not see two names.
    if (!equalBytes(stored.subarray(0, nameLength), row.nameBytes)) throw malformed('its two headers differ');
    const packed = stored.subarray(nameLength + extra);
    const bytes = row.method === DEFLATED && this.#inflate !== undefined ? await this.#inflate(packed, row.size) : packed;
    if (crc32(bytes) !== row.crc) throw malformed('its checksum differs');
    return bytes;
  }
}

async function findDirectory(file: RandomAccess): Promise<{ readonly at: number; readonly length: number; readonly count: number }> {
  const tailAt = Math.max(0, file.size - END - LONGEST_COMMENT);
  const tail = await exactly(file, tailAt, file.size - tailAt);
  const view = viewOf(tail);
  let end = tail.length - END;
  while (end >= 0 && !(view.getUint32(end, true) === 0x06054b50 && end + END + view.getUint16(end + 20, true) === tail.length)) end--;
  if (end < 0) throw malformed('it has no end of a directory');
  const [count, length, at] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (count !== 0xffff && length !== 0xffffffff && at !== 0xffffffff) return { at, length, count };
  const locator = end - END64_LOCATOR;
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return { at, length, count };
  const end64 = viewOf(await exactly(file, number(view, locator + 8), 56));
  if (end64.getUint32(0, true) !== 0x06064b50) throw malformed('its second end of the directory is none');
  return { count: number(end64, 32), length: number(end64, 40), at: number(end64, 48) };
}

function rowsOf(bytes: Uint8Array, count: number): Row[] {
  const view = viewOf(bytes);
  const rows: Row[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw malformed('its directory is damaged');
    const [nameLength, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
    const next = at + 46 + nameLength + extra + comment;
    if (next > bytes.length) throw malformed('its directory is damaged');
    const nameBytes = bytes.subarray(at + 46, at + 46 + nameLength);
    rows.push({
      name: fromUtf8(nameBytes),
      nameBytes,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...placeOf(view, at, at + 46 + nameLength, at + 46 + nameLength + extra),
    });
    at = next;
  }
  if (rows.length !== count) throw malformed(`its directory has ${rows.length} entries and says ${count}`);
  return rows;
}

/** Size and place of an entry: from its row, or from the extra field of zip64 where a number does not fit. */
function placeOf(view: DataView, row: number, from: number, to: number): Pick<Row, 'size' | 'packed' | 'at'> {
  const [packed, size, at] = [view.getUint32(row + 20, true), view.getUint32(row + 24, true), view.getUint32(row + 42, true)];
  const wide: number[] = [];
  for (let field = from; field + 4 <= to; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    const end = Math.min(to, field + 4 + view.getUint16(field + 2, true));
    for (let each = field + 4; each + 8 <= end; each += 8) wide.push(number(view, each));
  }
  // In this order, and only those that do not fit (APPNOTE 4.5.3).
  const take = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? value) : value);
  const [unpacked, stored, place] = [take(size), take(packed), take(at)];
  if (view.getUint16(row + 10, true) === 0 && unpacked !== stored) throw malformed('a stored entry has two sizes');
  return { size: unpacked, packed: stored, at: place };
}

function number(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('it has a number that no file can have');
  return Number(value);
}

async function exactly(file: RandomAccess, at: number, length: number): Promise<Uint8Array> {
  if (at + length > file.size) throw malformed('it is cut off');
  const bytes = await file.read(at, length);
  if (bytes.length !== length) throw malformed('it is cut off');
  return bytes;
}

function malformed(what: string): HoldfastError {
  return new HoldfastError('format_malformed', `the zip file cannot be read: ${what}`);
}
