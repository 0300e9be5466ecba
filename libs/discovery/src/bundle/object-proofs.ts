import { parseDirectoryEntry, proveObject } from '@holdfast/bundle';
import type { ObjectProof, ObjectSource } from '@holdfast/bundle';
import { HoldfastError } from '@holdfast/record';
import { DIRECTORY_ENTRY, compareBytes, equalBytes } from '@holdfast/seal';
import type { BlockRecord, Crypto, Manifest, ManifestObject, ObjectReader, Trailer } from '@holdfast/seal';
import type { SegmentReader } from '@holdfast/vault';

/** One object of a bundle: what proves it, and the records in question. */
export interface ProvenObject {
  readonly proof: ObjectProof;
  readonly records: readonly BlockRecord[];
}

/** Whether the salt of a record goes into the bundle: only with its bytes. */
export type IsShown = (chain: string, record: BlockRecord) => boolean;

/** Opens objects of committed segments and proves records of them; reads what is needed and no more. */
export class ObjectProver {
  readonly #crypto: Crypto;
  readonly #reader: SegmentReader;
  readonly #isShown: IsShown;

  constructor(crypto: Crypto, reader: SegmentReader, isShown: IsShown) {
    this.#crypto = crypto;
    this.#reader = reader;
    this.#isShown = isShown;
  }

  /** Those of `offsets` that lie in this object; undefined when none does. */
  async records(manifest: Manifest, object: ManifestObject, offsets: ReadonlySet<bigint>): Promise<ProvenObject | undefined> {
    const reader = await this.#open(manifest, object);
    const trailer = reader.readTrailer(await this.#reader.bytes(object, reader.trailerRange));
    const blocks: ObjectSource['blocks'][number][] = [];
    const records: BlockRecord[] = [];
    for (const [no, { firstOffset, lastOffset }] of trailer.blocks.entries()) {
      if (![...offsets].some((offset) => firstOffset <= offset && offset <= lastOffset)) continue;
      const opened = await this.#block(reader, object, trailer, no);
      const mine = opened.filter(({ offset }) => offsets.has(offset));
      if (mine.length > 0) blocks.push({ no, leaves: opened.map(({ leaf }) => leaf) });
      // Copies: the rest of the block need not stay in memory.
      for (const record of mine) records.push({ ...record, bytes: record.bytes.slice(), salt: record.salt.slice() });
    }
    if (records.length === 0) return undefined;
    return { proof: this.#prove({ manifest, no: object.no, trailer, blocks, records: [] }, records), records };
  }

  /** All records with this key, and the proof by the directory that they are all, or that there is none. */
  async conversation(manifest: Manifest, object: ManifestObject, key: Uint8Array): Promise<ProvenObject> {
    const reader = await this.#open(manifest, object);
    // The directory lies before the trailer and is not compressed: both come with one request.
    const stored = object.directory.entries * DIRECTORY_ENTRY + (object.enc === 'none' ? 0 : 16);
    const { start, end } = reader.trailerRange;
    const tail = await this.#reader.bytes(object, { start: Math.max(0, start - stored), end });
    const trailer = reader.readTrailer(tail.subarray(tail.length - object.trailer));
    const plain = reader.openDirectory(trailer, tail.subarray(0, tail.length - object.trailer));
    const { labelKey } = reader;
    const count = countOf(plain, this.#crypto.hmacSha256(labelKey ?? new Uint8Array(32), key));
    const blocks: ObjectSource['blocks'][number][] = [];
    const records: BlockRecord[] = [];
    for (let no = 0; records.length < count && no < trailer.blocks.length; no++) {
      const opened = await this.#block(reader, object, trailer, no);
      const mine = opened.filter((record) => record.key !== null && equalBytes(record.key, key));
      if (mine.length > 0) blocks.push({ no, leaves: opened.map(({ leaf }) => leaf) });
      for (const record of mine) records.push({ ...record, bytes: record.bytes.slice(), salt: record.salt.slice() });
    }
    if (records.length !== count)
      throw new HoldfastError(
        'content_damaged',
        `The directory of ${place(manifest, object)} counts ${count} records, and ${records.length} are there.`,
      );
    return { proof: this.#prove({ manifest, no: object.no, trailer, blocks, records: [], directory: { plain, labelKey, key } }, records), records };
  }

  #prove(source: ObjectSource, records: readonly BlockRecord[]): ObjectProof {
    const { chain } = source.manifest;
    return proveObject(this.#crypto, {
      ...source,
      records: records.map((record) => ({ index: record.index, ...(this.#isShown(chain, record) && { salt: record.salt }) })),
    });
  }

  async #open(manifest: Manifest, object: ManifestObject): Promise<ObjectReader> {
    try {
      return await this.#reader.reader(manifest, object);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'key_missing') throw error;
      throw new HoldfastError(
        'key_missing',
        `The keys of ${place(manifest, object)} (${object.cohort.class}/${object.cohort.period}) are not there: what it holds cannot be proven.`,
        { cause: error },
      );
    }
  }

  async #block(reader: ObjectReader, object: ManifestObject, trailer: Trailer, no: number): Promise<BlockRecord[]> {
    const block = trailer.blocks[no];
    if (block === undefined) return [];
    return reader.openRecords(trailer, no, await this.#reader.bytes(object, { start: block.at, end: block.at + block.stored - 1 }));
  }
}

function place(manifest: Manifest, object: ManifestObject): string {
  return `object ${object.no} of ${manifest.chain} ${manifest.seq}`;
}

/** How many records a directory counts under a label. */
function countOf(plain: Uint8Array, label: Uint8Array): number {
  let low = 0;
  let high = plain.length / DIRECTORY_ENTRY;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = parseDirectoryEntry(plain.subarray(middle * DIRECTORY_ENTRY, (middle + 1) * DIRECTORY_ENTRY));
    const order = compareBytes(entry.label, label);
    if (order === 0) return entry.count;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return 0;
}
