import { fromHex, toHex } from '@holdfast/seal';

const HASH = 32;
const FIRST_CAPACITY = 64;

/**
 * The heads of `gov`: number of segments → hash of the manifest before it. Everything else is judged by them, so all are kept,
 * 36 bytes each; as strings in a map they would take five times as much.
 */
export class HeadList {
  #hashes = new Uint8Array(FIRST_CAPACITY * HASH);
  #records = new Uint32Array(FIRST_CAPACITY);
  #length = 0;
  /** Behind a hole in the numbers: a manifest may claim any number, and none must take memory for those before it. */
  readonly #sparse = new Map<number, { readonly hash: string; readonly records: number }>();

  constructor(archive: Uint8Array) {
    this.set(0, toHex(archive), 0);
  }

  /** Hash of the head after `next` segments; after 0, the archive id. */
  get(next: number): string | undefined {
    if (next >= this.#length || next < 0) return this.#sparse.get(next)?.hash;
    return Number.isInteger(next) ? toHex(this.#hashes.subarray(next * HASH, (next + 1) * HASH)) : undefined;
  }

  /** `records` of the last of these segments. */
  set(next: number, hash: string, records: number): void {
    if (next > this.#length) {
      this.#sparse.set(next, { hash, records });
      return;
    }
    if (next === this.#length) this.#grow();
    this.#hashes.set(fromHex(hash, HASH), next * HASH);
    this.#records[next] = records;
  }

  /** Segments of `gov` that were walked, in order. */
  *segments(): Generator<{ readonly seq: number; readonly hash: string; readonly records: number }> {
    for (let next = 1; next < this.#length; next++) yield { seq: next - 1, hash: this.get(next) ?? '', records: this.#records[next] ?? 0 };
    for (const [next, { hash, records }] of this.#sparse) yield { seq: next - 1, hash, records };
  }

  #grow(): void {
    this.#length++;
    if (this.#length <= this.#records.length) return;
    const hashes = new Uint8Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const records = new Uint32Array(this.#records.length * 2);
    records.set(this.#records);
    this.#records = records;
  }
}
