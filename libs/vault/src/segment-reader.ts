import { HoldfastError } from '@holdfast/record';
import type { ByteRange, VersionId } from '@holdfast/ports';
import { ObjectReader, blockOf, coverageProblem, fromBase64Url, toHex } from '@holdfast/seal';
import type { ConversationVisitor, Manifest, ManifestObject, OpenedRecord, RecordVisitor } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { DataKeys } from './data-keys.js';
import { findRelocated, unlessMissing } from './relocated.js';

/** Objects whose other version is remembered: a few hundred bytes each. */
const MAX_RELOCATED = 10_000;

/** Reads the content of committed segments; everything it gives out is checked up to the manifest. */
export class SegmentReader {
  readonly #archive: Archive;
  readonly #dataKeys: DataKeys;
  /** `key version` that is not there → the version that holds its bytes. */
  readonly #relocated = new Map<string, VersionId>();

  constructor(archive: Archive, dataKeys: DataKeys) {
    this.#archive = archive;
    this.#dataKeys = dataKeys;
  }

  /** The bytes of an object, or a range of them. @throws HoldfastError `object_missing` */
  async bytes(object: ManifestObject, range?: ByteRange): Promise<Uint8Array> {
    if (object.inline !== undefined) {
      const whole = fromBase64Url(object.inline);
      return range === undefined ? whole : whole.subarray(range.start, range.end + 1);
    }
    if (object.key === undefined || object.version === undefined) throw new HoldfastError('format_malformed', 'an object without a place');
    const { key, version, sha256, size } = object;
    const { vault, crypto } = this.#archive;
    const name = `${key} ${version}`;
    const known = this.#relocated.get(name);
    // One request where everything lies under the version that its manifest names, which is everywhere but in a copy.
    const found = await unlessMissing(vault.get(key, known ?? version, range));
    if (found !== undefined) return found;
    this.#relocated.delete(name);
    // Read once as a whole, because only its hash tells which version it is; ranges of it are one request again.
    const elsewhere = await findRelocated(vault, crypto, { key, sha256, size });
    if (elsewhere === undefined) throw new HoldfastError('object_missing', `no version of ${key} holds what its manifest names`);
    this.#relocated.set(name, elsewhere.version);
    if (this.#relocated.size > MAX_RELOCATED) this.#relocated.delete(this.#relocated.keys().next().value ?? '');
    return range === undefined ? elsewhere.bytes : elsewhere.bytes.subarray(range.start, range.end + 1);
  }

  async reader(manifest: Manifest, object: ManifestObject): Promise<ObjectReader> {
    const dataKey = object.enc === 'none' ? null : await this.#dataKeys.open(manifest.chain, object);
    return new ObjectReader(this.#archive.crypto, { archive: this.#archive.id, chain: manifest.chain, seq: manifest.seq }, object, dataKey);
  }

  /**
   * Walks over all records of a segment, object by object (offset order within an object), with everything checked: hash,
   * leaves, directory, offset coverage. `conversations` hears the directory rebuilt from the plaintext of each object, which
   * counts only when the walk ends well. @throws HoldfastError `content_damaged`
   */
  async walk(
    manifest: Manifest,
    visit?: (object: ManifestObject) => RecordVisitor,
    conversations?: (object: ManifestObject) => ConversationVisitor,
  ): Promise<void> {
    const walked = [];
    for (const object of manifest.objects) {
      const bytes = await this.bytes(object);
      if (toHex(this.#archive.crypto.sha256(bytes)) !== object.sha256) {
        throw new HoldfastError(
          'content_damaged',
          `object ${object.no} of ${manifest.chain} ${manifest.seq} has other bytes than its manifest names.`,
        );
      }
      walked.push((await this.reader(manifest, object)).walk(bytes, visit?.(object), conversations?.(object)));
    }
    const problem = coverageProblem(manifest, walked);
    if (problem !== undefined) throw new HoldfastError('content_damaged', `${manifest.chain} ${manifest.seq}: ${problem}.`);
  }

  /** One record by two ranged reads, with its proof up to the object root; undefined when the segment does not hold the offset. */
  async open(manifest: Manifest, offset: bigint): Promise<{ readonly record: OpenedRecord; readonly object: ManifestObject } | undefined> {
    for (const object of manifest.objects) {
      const reader = await this.reader(manifest, object);
      const trailer = reader.readTrailer(await this.bytes(object, reader.trailerRange));
      const number = blockOf(trailer, offset);
      const block = trailer.blocks[number];
      if (block === undefined) continue;
      const stored = await this.bytes(object, { start: block.at, end: block.at + block.stored - 1 });
      const record = reader.openRecord(trailer, number, stored, offset);
      if (record !== undefined) return { record, object };
    }
    return undefined;
  }
}
