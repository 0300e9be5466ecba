import { concat, utf8, viewOf } from '@holdfast/seal';

const MOST_U16 = 0xffff;
const MOST_U32 = 0xffffffff;
/** 1980-01-01 in DOS format; the time of day is 0. */
const DOS_DATE = 0x21;
/** Names are UTF-8. */
const FLAGS = 0x800;
/** A regular file, rw-r--r--, made on Unix. */
const ATTRIBUTES = 0o100644 * 0x10000;
const MADE_ON_UNIX = 3 << 8;
const PLAIN = 20;
const ZIP64 = 45;

interface Placed {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly at: number;
}

/**
 * The bytes of a zip file around its entries (bundle format section 1): stored, without times, comments or flags that depend on
 * the machine, and without extra fields but those of zip64, which are there only when a number needs them. The same entries in
 * the same order give the same bytes. PKWARE APPNOTE 6.3.10.
 */
export class ZipLayout {
  readonly #entries: Placed[] = [];
  #at = 0;

  /** The header that stands before an entry; its content must follow. Sizes of 4 GiB and more are not for one entry. */
  header(name: string, size: number, crc: number): Uint8Array {
    const bytes = utf8(name);
    const header = new Uint8Array(30);
    const view = viewOf(header);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(4, PLAIN, true);
    this.#common(view, 6, { name: bytes, crc, size });
    this.#entries.push({ name: bytes, crc, size, at: this.#at });
    this.#at += header.length + bytes.length + size;
    return concat(header, bytes);
  }

  /** What follows the last entry. */
  directory(): Uint8Array {
    const count = this.#entries.length;
    const rows = this.#rows();
    const big = count >= MOST_U16 || rows.length >= MOST_U32 || this.#at >= MOST_U32;
    const end = new Uint8Array(22);
    const view = viewOf(end);
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(8, Math.min(count, MOST_U16), true);
    view.setUint16(10, Math.min(count, MOST_U16), true);
    view.setUint32(12, Math.min(rows.length, MOST_U32), true);
    view.setUint32(16, Math.min(this.#at, MOST_U32), true);
    return big ? concat(rows, this.#zip64(count, rows.length), end) : concat(rows, end);
  }

  /** One after the other; there may be more than a call can have arguments. */
  #rows(): Uint8Array {
    const rows = this.#entries.map((entry) => this.#row(entry));
    const whole = new Uint8Array(rows.reduce((sum, row) => sum + row.length, 0));
    let at = 0;
    for (const row of rows) {
      whole.set(row, at);
      at += row.length;
    }
    return whole;
  }

  #row({ name, crc, size, at }: Placed): Uint8Array {
    const far = at >= MOST_U32;
    const row = new Uint8Array(46 + name.length + (far ? 12 : 0));
    const view = viewOf(row);
    view.setUint32(0, 0x02014b50, true);
    view.setUint16(4, MADE_ON_UNIX | (far ? ZIP64 : PLAIN), true);
    view.setUint16(6, far ? ZIP64 : PLAIN, true);
    this.#common(view, 8, { name, crc, size });
    view.setUint16(30, far ? 12 : 0, true);
    view.setUint32(38, ATTRIBUTES, true);
    view.setUint32(42, far ? MOST_U32 : at, true);
    row.set(name, 46);
    if (far) {
      view.setUint16(46 + name.length, 1, true);
      view.setUint16(48 + name.length, 8, true);
      view.setBigUint64(50 + name.length, BigInt(at), true);
    }
    return row;
  }

  /** Members that both headers have: flags, method (0, stored), time and date, checksum, both sizes, length of the name. */
  #common(view: DataView, from: number, { name, crc, size }: Omit<Placed, 'at'>): void {
    view.setUint16(from, FLAGS, true);
    view.setUint16(from + 6, DOS_DATE, true);
    view.setUint32(from + 8, crc, true);
    view.setUint32(from + 12, size, true);
    view.setUint32(from + 16, size, true);
    view.setUint16(from + 20, name.length, true);
  }

  #zip64(count: number, length: number): Uint8Array {
    const end = new Uint8Array(76);
    const view = viewOf(end);
    view.setUint32(0, 0x06064b50, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, MADE_ON_UNIX | ZIP64, true);
    view.setUint16(14, ZIP64, true);
    view.setBigUint64(24, BigInt(count), true);
    view.setBigUint64(32, BigInt(count), true);
    view.setBigUint64(40, BigInt(length), true);
    view.setBigUint64(48, BigInt(this.#at), true);
    view.setUint32(56, 0x07064b50, true);
    view.setBigUint64(64, BigInt(this.#at + length), true);
    view.setUint32(72, 1, true);
    return end;
  }
}
