import { orderOf } from '@holdfast/ports';
import type { IndexDocument, RecordIndex } from '@holdfast/ports';
import type { Manifest } from '@holdfast/seal';
import { pause } from '@holdfast/vault';
import type { SegmentReader } from '@holdfast/vault';
import { choose } from './choose.js';
import type { IndexFindings } from './index-findings.js';
import { documentsOfSealed, placeOf, recordsOf } from './segment-documents.js';

/** What is compared at a time: documents, and bytes of the records they were made of. */
const PORTION_DOCUMENTS = 500;
const PORTION_BYTES = 1024 * 1024;

export interface SegmentAttestation {
  readonly reader: SegmentReader;
  readonly index: RecordIndex;
  readonly findings: IndexFindings;
  readonly signal: AbortSignal;
  /** Compare the documents of so many records at most, chosen with `seed`; missing and extra ones are found all the same. */
  readonly mostRecords: number;
  readonly seed: number;
}

/**
 * Compares what the index holds of one segment with the documents that the follower makes of it, both ways. Memory is the
 * segment's bytes, its ids and one portion of documents.
 * @param from order of the first place in the log that belongs to this segment
 * @returns how many documents should be there, and how many of them were compared
 * @throws HoldfastError `content_damaged` and the like when the vault itself does not verify
 */
export async function attestSegment(
  { reader, index, findings, signal, mostRecords, seed }: SegmentAttestation,
  manifest: Manifest,
  from: string,
): Promise<{ readonly documents: number; readonly compared: number }> {
  const place = placeOf(manifest);
  if (place === undefined) return { documents: 0, compared: 0 };
  const where = `${manifest.chain} ${manifest.seq}`;
  const missing = (id: string): void => findings.add('INDEX_DOCUMENT_MISSING', where, `${id} is sealed and the index does not hold it.`, { id });
  /** Ids that should be there and were not seen yet. */
  const expected = new Set<string>();
  let portion: IndexDocument[] = [];
  let bytes = 0;
  let compared = 0;
  const compare = async (): Promise<void> => {
    for (const { id, kind, members } of await index.compare(portion)) {
      // Missing ones are told below, once, by what the index holds.
      if (kind === 'repeated') findings.add('INDEX_DOCUMENT_EXTRA', where, `The index holds ${id} more than once.`, { id });
      if (kind === 'altered')
        findings.add('INDEX_DOCUMENT_ALTERED', where, `The index holds ${id} with something else as ${members.join(', ')}.`, { id, members });
      if (kind === 'missing') elsewhere.delete(id);
    }
    compared += portion.length;
    portion = [];
    bytes = 0;
    // Others have their turn; rejects when the work is to stop.
    await pause(0, signal);
  };
  /** Documents that were found by their id: when they are not in this range their place was altered, and that was told. */
  const elsewhere = new Set<string>();
  const records = await recordsOf(reader, manifest);
  const chosen = choose(records.length, mostRecords, seed);
  for (const [number, record] of records.entries()) {
    for (const document of documentsOfSealed(record, place)) {
      expected.add(document.id);
      if (!chosen.has(number)) continue;
      elsewhere.add(document.id);
      portion.push(document);
      // A record may have thousands of events.
      if (portion.length >= PORTION_DOCUMENTS) await compare();
    }
    bytes += record.bytes.length;
    if (bytes >= PORTION_BYTES) await compare();
  }
  await compare();
  const documents = expected.size;
  const seen = new Set<string>();
  for await (const { id } of index.held(manifest.chain, from, orderOf(BigInt(manifest.next), 0, ''))) {
    if (expected.has(id)) seen.add(id);
    else findings.add('INDEX_DOCUMENT_EXTRA', where, `The index holds ${id}, and nothing of that id is sealed in this segment.`, { id });
  }
  for (const id of expected) if (!seen.has(id) && !elsewhere.has(id)) missing(id);
  return { documents, compared };
}
