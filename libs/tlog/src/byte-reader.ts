import { HoldfastError } from '@holdfast/record';
import { fromUtf8, viewOf } from '@holdfast/seal';

/** Bytes of the log that do not follow docs/transparency-log.md. */
export function logMalformed(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('log_malformed', `The log is malformed: ${what}.`, cause === undefined ? undefined : { cause });
}

/**
 * Reads the integers and fields of a binary format one after the other. Everything is checked against what remains.
 * @throws HoldfastError `log_malformed` from every method, naming `what`
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    // A plain view: slice of a Buffer would share its memory.
    this.#bytes = plain(bytes);
    this.#view = viewOf(bytes);
    this.#what = what;
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A copy of the next 32 bytes: hashes outlive what they were read from. */
  hash(): Uint8Array {
    return this.bytes(32).slice();
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** @throws HoldfastError `log_malformed` also above 2^53 − 1 */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.fail(`the number ${value} is out of range`);
    return Number(value);
  }

  /** `lp(text)`. */
  text(): string {
    const bytes = this.bytes(this.u16());
    try {
      return fromUtf8(bytes);
    } catch (cause) {
      throw this.fail('text that is not UTF-8', cause);
    }
  }

  /** @throws HoldfastError `log_malformed` unless the next bytes are these */
  expect(bytes: Uint8Array, name: string): void {
    const found = this.bytes(bytes.length);
    if (!found.every((byte, i) => byte === bytes[i])) throw this.fail(`its ${name} is another one`);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.fail(`${this.#bytes.length - this.#at} bytes after its end`);
  }

  fail(why: string, cause?: unknown): HoldfastError {
    return logMalformed(`${this.#what}: ${why}`, cause);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.fail(`it ends after ${this.#bytes.length} bytes, too early`);
    this.#at = at + length;
    return at;
  }
}

/** The same bytes as an Uint8Array and nothing else: `slice` of Node's Buffer does not copy. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `lp(text)`. The caller keeps `bytes` under 65,536. */
export function lp(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + bytes.length);
  viewOf(out).setUint16(0, bytes.length);
  out.set(bytes, 2);
  return out;
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
  const out = new Uint8Array(2);
  viewOf(out).setUint16(0, value);
  return out;
}

export function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value);
  return out;
}

export function u64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  viewOf(out).setBigUint64(0, BigInt(value));
  return out;
}
