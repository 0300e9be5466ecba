import type { BundleEntries } from '@holdfast/verify';
import type { ReadBytes, ZipEntry } from './zip-directory.js';
import { findDirectory, parseDirectory } from './zip-directory.js';
import { ZipProblem } from './zip-problem.js';

const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** An entry is held in memory as a whole: no browser makes a larger array reliably. */
const MAX_ENTRY = 1024 * 1024 * 1024;
/** Small entries lie side by side; one reading of the file serves many. */
const AHEAD = 4 * 1024 * 1024;

/**
 * The entries of a zip file, read where they lie: a bundle larger than the memory is no obstacle. A bundle is stored, not
 * compressed; one that somebody packed again can be read all the same, because the verifier judges entries.
 */
export class ZipEntries implements BundleEntries {
  readonly #read: ReadBytes;
  readonly #names: readonly string[];
  readonly #byName: ReadonlyMap<string, ZipEntry>;

  private constructor(read: ReadBytes, entries: readonly ZipEntry[]) {
    this.#read = read;
    this.#names = entries.map(({ name }) => name);
    this.#byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** @throws ZipProblem when the file is no zip file */
  static async open(file: Blob): Promise<ZipEntries> {
    const read = aheadOf(file);
    const place = await findDirectory(read, file.size);
    return new ZipEntries(read, parseDirectory(await read(place.at, place.bytes), place.entries));
  }

  names(): readonly string[] {
    return this.#names;
  }

  /** @throws ZipProblem when the entry is damaged or packed in a way that is not known here */
  async read(name: string): Promise<Uint8Array | undefined> {
    const entry = this.#byName.get(name);
    if (entry === undefined) return undefined;
    if ((entry.flags & ENCRYPTED) !== 0) throw new ZipProblem('it is encrypted');
    if (entry.size > MAX_ENTRY || entry.packed > MAX_ENTRY) throw new ZipProblem('it is larger than 1 GiB');
    const at = await this.#dataOf(entry);
    switch (entry.method) {
      case STORED:
        if (entry.packed !== entry.size) throw new ZipProblem('its two sizes differ');
        return (await this.#read(at, entry.size)).slice();
      case DEFLATED:
        return inflate(await this.#read(at, entry.packed), entry.size);
      default:
        throw new ZipProblem(`it is packed by method ${entry.method}`);
    }
  }

  /** Where the bytes of an entry begin. The header before them names it once more: tools differ in which name they show. */
  async #dataOf(entry: ZipEntry): Promise<number> {
    const header = await this.#read(entry.at, LOCAL_BYTES);
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    if (view.getUint32(0, true) !== LOCAL) throw new ZipProblem('its header is damaged');
    const nameBytes = view.getUint16(26, true);
    const skipped = nameBytes + view.getUint16(28, true);
    const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await this.#read(entry.at + LOCAL_BYTES, nameBytes));
    if (name !== entry.name) throw new ZipProblem(`its header calls it ${JSON.stringify(name)}`);
    return entry.at + LOCAL_BYTES + skipped;
  }
}

function aheadOf(file: Blob): ReadBytes {
  let window = { at: 0, bytes: new Uint8Array(0) };
  return async (at, length) => {
    if (at + length > file.size) throw new ZipProblem('the file ends before its bytes do');
    if (at < window.at || at + length > window.at + window.bytes.length) {
      const until = Math.min(file.size, at + Math.max(length, AHEAD));
      window = { at, bytes: new Uint8Array(await file.slice(at, until).arrayBuffer()) };
    }
    return window.bytes.subarray(at - window.at, at - window.at + length);
  };
}

/** Exactly `size` bytes; a bomb is dropped when it grows beyond them. */
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array> {
  const plain = new Uint8Array(size);
  let at = 0;
  const source = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = source.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new ZipProblem('its packing is damaged', { cause });
    });
    if (done) break;
    if (at + value.length > size) {
      await reader.cancel();
      throw new ZipProblem('it has more bytes than it says');
    }
    plain.set(value, at);
    at += value.length;
  }
  if (at !== size) throw new ZipProblem('it has fewer bytes than it says');
  return plain;
}
