import { nodeCrypto as crypto, randomBytes } from '@holdfast/crypto-node';
import type { RawRecord } from '@holdfast/record';
import type { Cohort } from '../src/cohort.js';
import type { ManifestObject } from '../src/documents.js';
import type { SealedObject } from '../src/object-builder.js';
import { manifestEntry } from '../src/manifest-entry.js';
import { SegmentBuilder } from '../src/segment-builder.js';
import type { SealedSegment } from '../src/segment-builder.js';

export const PLACE = { archive: new Uint8Array(32).fill(7), chain: 'msg/a/b/0/0', seq: 3 };
export const COHORT: Cohort = { className: 'standard', classNumber: 1, period: '2033-05' };
export const DATA_KEY = new Uint8Array(32).fill(9);

export function sealRecords(
  first: bigint,
  records: readonly RawRecord[],
  cohortOf: (record: RawRecord, i: number) => Cohort | null = () => COHORT,
): SealedSegment {
  const builder = new SegmentBuilder(crypto, PLACE, first);
  records.forEach((record, i) => {
    const cohort = cohortOf(record, i);
    const secret = {
      dataKeyId: `2026-01-01/${'0'.repeat(32)}`,
      dataKey: DATA_KEY,
      wraps: { kek: '0'.repeat(64), escrow: '0'.repeat(64) },
      random: randomBytes(32),
    };
    builder.add(record, cohort ?? { className: 'ledger', classNumber: 0, period: '2026' }, cohort === null ? null : () => secret);
  });
  return builder.finish();
}

/** What a manifest says of a sealed object. */
export function entryOf(object: SealedObject): ManifestObject {
  return manifestEntry(object, new Date('2033-05-31T23:59:59Z'));
}
