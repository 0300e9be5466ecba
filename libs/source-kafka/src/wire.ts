import { HoldfastError } from '@holdfast/record';

/** Writes the body of a Kafka request. */
export class WireWriter {
  readonly #parts: Buffer[] = [];

  int8(value: number): this {
    return this.#put(1, (bytes) => bytes.writeInt8(value));
  }

  int16(value: number): this {
    return this.#put(2, (bytes) => bytes.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.#put(4, (bytes) => bytes.writeInt32BE(value));
  }

  int64(value: bigint): this {
    return this.#put(8, (bytes) => bytes.writeBigInt64BE(value));
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const bytes = Buffer.from(value);
    this.int16(bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  bytes(value: Buffer): this {
    this.int32(value.length);
    this.#parts.push(value);
    return this;
  }

  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #put(size: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.allocUnsafe(size);
    write(bytes);
    this.#parts.push(bytes);
    return this;
  }
}

/** Reads the body of a Kafka response. A response that ends early is `source_unavailable`: the connection is broken, nothing else. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8 = () => this.#bytes.readInt8(this.#take(1));
  int16 = () => this.#bytes.readInt16BE(this.#take(2));
  int32 = () => this.#bytes.readInt32BE(this.#take(4));
  int64 = () => this.#bytes.readBigInt64BE(this.#take(8));

  string(): string {
    const length = this.int16();
    if (length < 0) return '';
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** A copy: records of one partition must not keep the answer for all others in memory. */
  bytes(): Buffer {
    const length = this.int32();
    if (length <= 0) return Buffer.alloc(0);
    const start = this.#take(length);
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  list<T>(read: () => T): T[] {
    const length = this.int32();
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#bytes.length) throw new HoldfastError('source_unavailable', 'A broker sent an answer that ends early.');
    this.#at += length;
    return start;
  }
}
