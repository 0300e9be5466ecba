import { parseMessageChain } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import type { CohortName, IndexDocument } from '@holdfast/ports';
import { decodeRecord } from '@holdfast/seal';
import type { Manifest } from '@holdfast/seal';
import type { SegmentReader } from '@holdfast/vault';
import { documentsOf } from './documents.js';
import type { RecordPlace } from './documents.js';

/** A record of a segment that was verified, as it is sealed. */
export interface SealedRecord {
  readonly bytes: Uint8Array;
  readonly cohort: CohortName;
}

/** Documents and bytes of records that are tokenised at a time. */
const PORTION_DOCUMENTS = 1_000;
const PORTION_BYTES = 1024 * 1024;

/**
 * All records of a segment. Everything of it is verified before anything of it is given out (invariant I6).
 * @throws HoldfastError `content_damaged`
 */
export async function recordsOf(reader: SegmentReader, manifest: Manifest): Promise<SealedRecord[]> {
  const records: SealedRecord[] = [];
  await reader.walk(manifest, (object) => {
    const cohort = { className: object.cohort.class, period: object.cohort.period };
    return (plain, start, end) => records.push({ bytes: plain.slice(start, end), cohort });
  });
  return records;
}

/** Where the documents of a segment stand; undefined for a chain that is not searched. */
export function placeOf({ chain, seq }: Manifest): Omit<RecordPlace, 'cohort'> | undefined {
  const at = parseMessageChain(chain);
  return at === undefined ? undefined : { at, chain, seq };
}

/** What the index should hold of one record: the follower writes exactly this, and an attestation expects exactly this. */
export function documentsOfSealed({ bytes, cohort }: SealedRecord, place: Omit<RecordPlace, 'cohort'>): IndexDocument[] {
  return documentsOf(decodeRecord(bytes).record, { ...place, cohort });
}

/**
 * Documents of a few records at a time: tokens take many times the bytes of their text, and a whole segment of Chinese
 * would not fit beside everything else.
 */
export function* portionsOf(
  records: readonly SealedRecord[],
  place: Omit<RecordPlace, 'cohort'>,
  onRecord?: (record: RawRecord, documents: readonly IndexDocument[]) => void,
): Generator<IndexDocument[]> {
  let documents: IndexDocument[] = [];
  let bytes = 0;
  for (const sealed of records) {
    const { record } = decodeRecord(sealed.bytes);
    const made = documentsOf(record, { ...place, cohort: sealed.cohort });
    onRecord?.(record, made);
    for (const document of made) documents.push(document);
    bytes += sealed.bytes.length;
    if (documents.length < PORTION_DOCUMENTS && bytes < PORTION_BYTES) continue;
    yield documents;
    documents = [];
    bytes = 0;
  }
  if (documents.length > 0) yield documents;
}
