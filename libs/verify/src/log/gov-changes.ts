const FIRST_CAPACITY = 16;
/** A number of at most 2^53 in seven-bit groups. */
const LONGEST = 8;

/**
 * Rising pairs (number of a chain, length of `gov` before it), two or three bytes each: a chain has one for each change of `gov`
 * between two of its entries, and an archive has thousands of chains. Written first, then read once in rising order.
 */
export class GovChanges {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  #last = { seq: 0, next: 0 };
  #at = 0;
  #current = { seq: 0, next: 0 };
  #ahead: { readonly seq: number; readonly next: number } | undefined;

  push(seq: number, next: number): void {
    if (next === this.#last.next) return;
    if (this.#length + 2 * LONGEST > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#write(seq - this.#last.seq);
    this.#write(next - this.#last.next);
    this.#last = { seq, next };
  }

  /** Length of `gov` before the entry of `seq`; numbers are asked for in rising order. */
  before(seq: number): number {
    for (this.#ahead ??= this.#read(); this.#ahead !== undefined && this.#ahead.seq <= seq; this.#ahead = this.#read()) this.#current = this.#ahead;
    return this.#current.next;
  }

  #write(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #read(): { readonly seq: number; readonly next: number } | undefined {
    if (this.#at >= this.#length) return undefined;
    const before = this.#ahead ?? this.#current;
    const seq = before.seq + this.#number();
    return { seq, next: before.next + this.#number() };
  }

  #number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte % 0x80) * scale;
      if (byte < 0x80) return value;
    }
  }
}
