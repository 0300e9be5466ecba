import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { ZipLayout, ZipReader, compareNames } from '@holdfast/bundle';
import type { RandomAccess } from '@holdfast/bundle';
import { HoldfastError } from '@holdfast/record';

const CHUNK = 2 ** 20;

interface Spooled {
  readonly name: string;
  readonly at: number;
  readonly size: number;
  readonly crc: number;
}

/** What was written. */
export interface WrittenBundle {
  readonly size: number;
  readonly entries: number;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
}

/**
 * A bundle on its way to a file. Entries come in any order and stand in the order of their names, so they wait in a file
 * beside the one that is wanted, readable by nobody else; the wanted name exists only for a whole bundle.
 */
export class BundleFile {
  readonly #path: string;
  readonly #spoolPath: string;
  readonly #partPath: string;
  readonly #spool: number;
  readonly #entries: Spooled[] = [];
  #end = 0;
  #open = true;

  private constructor(path: string, name: string, spool: number) {
    this.#path = path;
    this.#spoolPath = `${name}.entries`;
    this.#partPath = `${name}.part`;
    this.#spool = spool;
  }

  /** @throws HoldfastError `bad_configuration` when there is such a file, or none can be made there */
  static create(path: string): BundleFile {
    if (existsSync(path)) throw new HoldfastError('bad_configuration', `${path} exists already; evidence is not written over: choose another name.`);
    const name = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      return new BundleFile(path, name, openSync(`${name}.entries`, 'wx+', 0o600));
    } catch (cause) {
      throw new HoldfastError('bad_configuration', `${path} cannot be written: ${messageOf(cause)}.`, { cause });
    }
  }

  put(name: string, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#spool, bytes, at, bytes.length - at, this.#end + at);
    this.#entries.push({ name, at: this.#end, size: bytes.length, crc: crc32(bytes) });
    this.#end += bytes.length;
  }

  /** Writes the zip file beside the wanted name, durably. */
  async finish(signal?: AbortSignal): Promise<WrittenBundle> {
    const file = await open(this.#partPath, 'wx', 0o600);
    try {
      const written = await this.#write(new Chunks(file), signal);
      await file.sync();
      return written;
    } finally {
      await file.close();
    }
  }

  /** The zip file as a verifier sees it. */
  read(): Promise<OpenBundle> {
    return openBundle(this.#partPath);
  }

  /** Gives the file its name: from here on there is a bundle. */
  async publish(): Promise<void> {
    await rename(this.#partPath, this.#path);
    // A name that is not on disk yet would be gone after a power cut, while the access chain says that it was given out.
    const folder = await open(dirname(this.#path), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /** Removes what must not stay, whatever came before. */
  async close(): Promise<void> {
    if (this.#open) closeSync(this.#spool);
    this.#open = false;
    await rm(this.#spoolPath, { force: true });
    await rm(this.#partPath, { force: true });
  }

  async #write(out: Chunks, signal: AbortSignal | undefined): Promise<WrittenBundle> {
    const layout = new ZipLayout();
    const buffer = new Uint8Array(CHUNK);
    for (const { name, at, size, crc } of this.#entries.sort((a, b) => compareNames(a.name, b.name))) {
      if (signal?.aborted === true) throw new HoldfastError('stopped', 'The bundle was stopped before it was whole; nothing was written.');
      await out.add(layout.header(name, size, crc));
      for (let done = 0; done < size;) {
        const read = readSync(this.#spool, buffer, 0, Math.min(CHUNK, size - done), at + done);
        if (read === 0) throw new HoldfastError('store_unavailable', `What was written to ${this.#spoolPath} cannot be read back.`);
        await out.add(buffer.subarray(0, read));
        done += read;
      }
    }
    await out.add(layout.directory());
    return { ...(await out.end()), entries: this.#entries.length };
  }
}

/** Collects small pieces into large writes and hashes what goes out. */
class Chunks {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #buffer = new Uint8Array(CHUNK);
  #used = 0;
  #size = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#buffer.length - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === this.#buffer.length) await this.#flush();
    }
  }

  async end(): Promise<{ readonly size: number; readonly sha256: string }> {
    await this.#flush();
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }

  async #flush(): Promise<void> {
    for (let at = 0; at < this.#used;) at += (await this.#file.write(this.#buffer, at, this.#used - at)).bytesWritten;
    this.#used = 0;
  }
}

/** A bundle in a file, for `verifyBundle`. */
export interface OpenBundle {
  readonly entries: ZipReader;
  close(): Promise<void>;
}

/** @throws HoldfastError `bad_configuration` when there is no such file; `format_malformed` when it is no zip file */
export async function openBundle(path: string): Promise<OpenBundle> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
  try {
    const entries = await ZipReader.open(await accessTo(file), inflate);
    return { entries, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Entries stand in the order in which they are asked for, so what follows is read with each. */
async function accessTo(file: FileHandle): Promise<RandomAccess> {
  const { size } = await file.stat();
  let window = { at: 0, bytes: new Uint8Array(0) };
  return {
    size,
    read: async (at, length) => {
      if (at < window.at || at + length > window.at + window.bytes.length) {
        const bytes = new Uint8Array(Math.min(Math.max(CHUNK, length), Math.max(0, size - at)));
        window = { at, bytes: bytes.subarray(0, await readInto(file, bytes, at)) };
      }
      // A copy: whoever keeps one small entry must not keep everything around it.
      return window.bytes.slice(at - window.at, at - window.at + length);
    },
  };
}

async function readInto(file: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function inflate(packed: Uint8Array, size: number): Uint8Array {
  // It stops there: an entry that unpacks to more than it says costs no more memory than it said.
  const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  if (bytes.length !== size) throw new HoldfastError('format_malformed', 'the entry has fewer bytes than it says');
  return bytes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
