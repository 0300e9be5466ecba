import { nodeCrypto as crypto, randomBytes } from '@holdfast/crypto-node';
import type { RawRecord } from '@holdfast/record';
import type { Cohort } from '../src/cohort.js';
import type { ManifestObject } from '../src/documents.js';
import { toHex } from '../src/bytes.js';
import type { SealedObject } from '../src/object-builder.js';
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
  const { secret } = object;
  return {
    no: object.no,
    cohort: { class: object.cohort.className, number: object.cohort.classNumber, period: object.cohort.period },
    enc: object.enc,
    records: object.records,
    root: toHex(object.root),
    blocks: object.blocks,
    size: object.bytes.length,
    sha256: toHex(object.sha256),
    trailer: object.trailer,
    directory: {
      root: toHex(object.directory.root),
      entries: object.directory.entries,
      unattributed: { count: object.directory.unattributed.count, root: toHex(object.directory.unattributed.root) },
      ...(secret !== null && { labelCommitment: toHex(secret.labelCommitment) }),
    },
    retainUntil: '2033-05-31T23:59:59Z',
    ...(secret !== null && { dataKey: secret.dataKeyId, random: toHex(secret.random), commitment: toHex(secret.commitment), wraps: secret.wraps }),
  };
}
