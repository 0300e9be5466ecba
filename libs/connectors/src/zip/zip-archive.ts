import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { HoldfastError } from '@holdfast/record';
import { open } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

/** Bounds of an archive from a stranger. */
export interface ZipLimits {
  readonly entries: number;
  /** Uncompressed bytes of one entry: one entry is in memory at a time. */
  readonly entryBytes: number;
  /** Uncompressed bytes of all entries. */
  readonly totalBytes: number;
  /** Uncompressed : compressed of an entry above 1 MiB. Chat JSON reaches 40, a bomb of zeros 1,030. */
  readonly ratio: number;
}

export const ZIP_LIMITS: ZipLimits = { entries: 2_000_000, entryBytes: 256 * 2 ** 20, totalBytes: 2 ** 37, ratio: 250 };

const RATIO_FROM = 2 ** 20;
const LOCAL_HEADER = 30;
const SYMLINK = 0o120000;
const FILE_TYPE = 0o170000;

/**
 * A zip whose directory has been checked: no path that leaves the folder, no link, nothing encrypted, no name twice, no
 * overlapping entries and no bomb. Entries are read one at a time and compared with their checksum.
 */
export class ZipArchive {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws HoldfastError `import_refused` for anything that is not a plain, honest zip */
  static async open(path: string, limits: ZipLimits = ZIP_LIMITS): Promise<ZipArchive> {
    const zip = await openZip(path);
    try {
      const entries = await readDirectory(zip, limits);
      checkOverlaps([...entries.values()], (await stat(path)).size);
      return new ZipArchive(zip, entries);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  /** Names of the files, in no particular order. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws HoldfastError `import_refused` when the entry is damaged or not what the directory says */
  async read(name: string): Promise<Buffer> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw refused(`the archive has no ${quote(name)}`);
    const content = Buffer.allocUnsafe(entry.uncompressedSize);
    let length = 0;
    try {
      const chunks: AsyncIterable<Buffer> = await this.#stream(entry);
      // yauzl stops a stream that gives more than the directory says, so this never overruns.
      for await (const chunk of chunks) length += chunk.copy(content, length);
    } catch (error) {
      throw refused(`${quote(name)} cannot be unpacked: it is damaged`, error);
    }
    if (length !== content.length || crc32(content) !== entry.crc32) throw refused(`${quote(name)} is damaged: its checksum differs`);
    return content;
  }

  close(): void {
    this.#zip.close();
  }

  #stream(entry: Entry): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.#zip.openReadStream(entry, (error, stream) => {
        if (error === null) resolve(stream);
        else reject(error);
      });
    });
  }
}

/** SHA-256 of a file of any size, hexadecimal. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  } catch (error) {
    throw refused(`${path} cannot be read`, error);
  }
  return hash.digest('hex');
}

/** One clear sentence for the person who runs the import. */
export function refused(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('import_refused', `${message}.`, cause === undefined ? {} : { cause });
}

/** A name from a stranger, for a message on a terminal. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: false, decodeStrings: true, strictFileNames: true, validateEntrySizes: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(refused(`${path} cannot be read as a zip archive: ${error.message}`, error));
    });
  });
}

function readDirectory(zip: ZipFile, limits: ZipLimits): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    const seen = new Set<string>();
    let total = 0;
    if (zip.entryCount > limits.entries) {
      reject(refused(`the archive has ${zip.entryCount} entries, more than ${limits.entries}`));
      return;
    }
    zip.on('error', (error: Error) => reject(refused(`the archive is unsafe or damaged: ${error.message}`, error)));
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      total += entry.uncompressedSize;
      const problem =
        problemOf(entry, limits) ?? (total > limits.totalBytes ? `the archive unpacks to more than ${limits.totalBytes} bytes` : undefined);
      // One name in two spellings of Unicode or of case is one file on many disks.
      const name = entry.fileName.normalize('NFC').toLowerCase();
      if (problem !== undefined || seen.has(name)) {
        reject(refused(problem ?? `the archive has ${quote(entry.fileName)} twice`));
        return;
      }
      seen.add(name);
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function problemOf(entry: Entry, limits: ZipLimits): string | undefined {
  const name = quote(entry.fileName);
  if (entry.isEncrypted()) return `${name} is encrypted`;
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK) return `${name} is a symbolic link`;
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) return `${name} is compressed by a method other than deflate`;
  if (entry.uncompressedSize > limits.entryBytes) return `${name} unpacks to ${entry.uncompressedSize} bytes, more than ${limits.entryBytes}`;
  if (entry.uncompressedSize > RATIO_FROM && entry.uncompressedSize > entry.compressedSize * limits.ratio) {
    return `${name} unpacks to more than ${limits.ratio} times its size`;
  }
  return undefined;
}

/** Entries that share bytes unpack to far more than the file holds, below every ratio. */
function checkOverlaps(entries: Entry[], fileSize: number): void {
  let end = 0;
  for (const entry of entries.sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)) {
    if (entry.relativeOffsetOfLocalHeader < end) throw refused(`${quote(entry.fileName)} shares its bytes with another entry`);
    end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER + entry.compressedSize;
  }
  if (end > fileSize) throw refused('the archive is cut off');
}
