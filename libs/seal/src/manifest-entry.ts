import { toHex } from './bytes.js';
import { lockDate } from './cohort.js';
import type { ManifestObject } from './documents.js';
import type { SealedObject } from './object-builder.js';

/** What a manifest says of a sealed object, all but where it is stored (format section 8). */
export function manifestEntry(object: SealedObject, until: Date): Omit<ManifestObject, 'key' | 'version' | 'inline'> {
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
      ...(object.secret === null ? {} : { labelCommitment: toHex(object.secret.labelCommitment) }),
    },
    retainUntil: lockDate(until),
    ...(object.secret === null
      ? {}
      : {
          dataKey: object.secret.dataKeyId,
          wraps: object.secret.wraps,
          random: toHex(object.secret.random),
          commitment: toHex(object.secret.commitment),
        }),
  };
}
