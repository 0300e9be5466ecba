// The vectors of format version 1 against libs/seal. reader.spec.ts asks the same of a reader that shares no code with it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import {
  ObjectReader,
  decodeRecord,
  deriveObjectKeys,
  encodeJson,
  encodeRecord,
  parseJson,
  periodCode,
  rootOf,
  segmentRoot,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { ManifestObject } from '@holdfast/seal';
import { HoldfastError } from '@holdfast/record';

interface RecordVector {
  readonly name: string;
  readonly timestampType: 0 | 1;
  readonly offset: string;
  readonly gap: string;
  readonly timestamp: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [key: string, value: string | null])[];
  readonly bytes: string;
}

interface ObjectVector {
  readonly name: string;
  readonly archive: string;
  readonly chain: string;
  readonly seq: number;
  readonly no: number;
  readonly cohort: ManifestObject['cohort'];
  readonly enc: 'none' | 'A256GCM';
  readonly dataKey?: string;
  readonly random?: string;
  readonly commitment?: string;
  readonly labelCommitment?: string;
  readonly keys?: { readonly block: string; readonly salt: string; readonly label: string };
  readonly records: readonly string[];
  readonly leaves: readonly string[];
  readonly blockEntries: readonly string[];
  readonly root: string;
  readonly directory: { readonly root: string; readonly entries: number; readonly unattributed: { readonly count: number; readonly root: string } };
  readonly trailer: string;
  readonly bytes: string;
  readonly sha256: string;
}

interface Vectors {
  readonly records: readonly RecordVector[];
  readonly refusedRecords: readonly { readonly name: string; readonly bytes: string }[];
  readonly json: { readonly accepted: readonly string[]; readonly refused: readonly string[] };
  readonly trees: readonly { readonly leaves: readonly string[]; readonly root: string }[];
  readonly periods: readonly { readonly period: string; readonly code: number }[];
  readonly objects: readonly ObjectVector[];
  readonly segmentRoots: readonly { readonly objects: readonly { no: number; records: number; root: string }[]; readonly root: string }[];
}

const vectors = JSON.parse(readFileSync(new URL('format-v1.json', import.meta.url), 'utf8')) as Vectors;
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : toHex(bytes));

/** Whether bytes are refused as hostile bytes are: with a code, never by a crash. */
function refuses(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'format_malformed' || error.code === 'content_damaged')) return true;
    throw error;
  }
}

function manifestObject(vector: ObjectVector): ManifestObject {
  const { no, cohort, enc, root, sha256, random, commitment, labelCommitment } = vector;
  const { entries, unattributed } = vector.directory;
  return {
    ...{ no, cohort, enc, root, sha256, records: vector.records.length, blocks: vector.blockEntries.length, retainUntil: '2034-11-30T23:59:59Z' },
    ...{ size: vector.bytes.length / 2, trailer: vector.trailer.length / 2 },
    directory: { root: vector.directory.root, entries, unattributed, ...(labelCommitment !== undefined && { labelCommitment }) },
    ...(random !== undefined && { random }),
    ...(commitment !== undefined && { commitment }),
  };
}

function readerOf(vector: ObjectVector): ObjectReader {
  const place = { archive: fromHex(vector.archive), chain: vector.chain, seq: vector.seq };
  return new ObjectReader(nodeCrypto, place, manifestObject(vector), vector.dataKey === undefined ? null : fromHex(vector.dataKey));
}

describe('the vectors of the format', () => {
  it.each(vectors.records)('record "$name" is read and written as they say', (vector) => {
    const { record, gap } = decodeRecord(fromHex(vector.bytes));
    expect({
      name: vector.name,
      timestampType: record.timestampType === 'create' ? 0 : 1,
      offset: String(record.offset),
      gap: String(gap),
      timestamp: String(record.timestamp),
      key: hexOrNull(record.key),
      value: hexOrNull(record.value),
      headers: record.headers.map(({ key, value }) => [toHex(key), hexOrNull(value)]),
      bytes: toHex(encodeRecord(record, gap)),
    }).toEqual(vector);
  });

  it.each(vectors.refusedRecords)('record bytes "$name" are refused', ({ bytes }) => {
    expect(refuses(() => decodeRecord(fromHex(bytes)))).toBe(true);
  });

  it('JSON has one spelling', () => {
    for (const text of vectors.json.accepted) expect(parseJson(utf8(text))).toEqual(JSON.parse(text));
    for (const text of vectors.json.accepted) expect(encodeJson(JSON.parse(text))).toEqual(utf8(text));
    expect([0.5, -1, 2 ** 53, '\ud800', { '\udfff': 1 }, [['\udc00']]].filter((value) => !refuses(() => encodeJson(value)))).toEqual([]);
    expect(vectors.json.refused.filter((text) => !refuses(() => parseJson(utf8(text))))).toEqual([]);
  });

  it.each(vectors.trees)('the tree over $leaves.length leaves has their root', ({ leaves, root }) => {
    expect(
      toHex(
        rootOf(
          nodeCrypto,
          leaves.map((leaf) => fromHex(leaf)),
        ),
      ),
    ).toBe(root);
  });

  it.each(vectors.periods)('period $period is $code', ({ period, code }) => {
    expect(periodCode({ period, classNumber: period.length === 4 ? 0 : 1 })).toBe(code);
  });

  it.each(vectors.segmentRoots)('the segment root of $objects.length objects is theirs', ({ objects, root }) => {
    expect(
      toHex(
        segmentRoot(
          nodeCrypto,
          objects.map((object) => ({ ...object, root: fromHex(object.root) })),
        ),
      ),
    ).toBe(root);
  });
});

describe.each(vectors.objects)('object "$name" of the vectors', (vector) => {
  const bytes = fromHex(vector.bytes);
  const recordBytes = new Map(vectors.records.map((record) => [record.name, record.bytes]));

  it('has the keys that they say', () => {
    expect(toHex(nodeCrypto.sha256(bytes))).toBe(vector.sha256);
    if (vector.dataKey === undefined || vector.random === undefined) return;
    const keys = deriveObjectKeys(nodeCrypto, fromHex(vector.dataKey), fromHex(vector.random), { ...vector, archive: fromHex(vector.archive) });
    const { block, salt, label, commitment, labelCommitment } = keys;
    expect(vector.keys).toMatchObject({ block: toHex(block), salt: toHex(salt), label: toHex(label) });
    expect([toHex(commitment), toHex(labelCommitment)]).toEqual([vector.commitment, vector.labelCommitment]);
  });

  it('gives its records, leaves, block entries and directory', () => {
    const reader = readerOf(vector);
    const read: string[] = [];
    reader.walk(bytes, (plain, start, end) => read.push(toHex(plain.subarray(start, end))));
    expect(read).toEqual(vector.records.map((name) => recordBytes.get(name)));
    const trailer = reader.readTrailer(fromHex(vector.trailer));
    expect(trailer.blocks.map(({ entry }) => toHex(entry))).toEqual(vector.blockEntries);
    const leaves = trailer.blocks.flatMap((block, number) =>
      vector.records.slice(block.firstIndex, block.firstIndex + block.count).map((name) => {
        const { offset } = vectors.records.find((record) => record.name === name)!;
        const opened = reader.openRecord(trailer, number, bytes.subarray(block.at, block.at + block.stored), BigInt(offset));
        return opened === undefined ? undefined : toHex(opened.leaf);
      }),
    );
    expect(leaves).toEqual(vector.leaves);
  });

  it('is refused with any byte changed', () => {
    const accepted: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      if (!refuses(() => readerOf(vector).walk(changed))) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });
});
