import { ListObjectVersionsCommand, type DeleteMarkerEntry, type ObjectVersion as S3Version } from '@aws-sdk/client-s3';
import type { ObjectKey, ObjectVersion } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { S3Calls } from './s3-calls.js';
import { toHoldfastError } from './s3-fault.js';

/** All versions and delete markers, page by page; at most one page and one key's versions are in memory. */
export async function* listVersions(
  calls: S3Calls,
  bucket: string,
  pageSize: number,
  prefix: string,
  after: ObjectKey | undefined,
  /** Told of every row as the server sent it, repeats included. */
  onRow?: (version: string) => void,
): AsyncIterable<ObjectVersion> {
  let keyMarker = after;
  let versionMarker: string | undefined;
  let current: ObjectKey | undefined;
  // Versions of the current key that were given out: some servers repeat rows at page ends.
  let given = new Set<string>();
  for (;;) {
    const command = new ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: pageSize,
      ...(keyMarker === undefined ? {} : { KeyMarker: keyMarker }),
      ...(versionMarker === undefined ? {} : { VersionIdMarker: versionMarker }),
    });
    let page;
    try {
      page = await calls.retried((client) => client.send(command));
    } catch (error) {
      throw toHoldfastError(error, `list ${prefix}`, bucket);
    }
    for (const row of rowsOf(page.Versions ?? [], page.DeleteMarkers ?? [])) {
      onRow?.(row.version);
      if (after !== undefined && row.key <= after) continue;
      if (current !== undefined && row.key < current) throw new HoldfastError('store_refused', `the object store lists ${row.key} after ${current}`);
      if (row.key !== current) {
        current = row.key;
        given = new Set();
      }
      if (given.has(row.version)) continue;
      given.add(row.version);
      yield row;
    }
    if (page.IsTruncated !== true) return;
    if (page.NextKeyMarker === undefined || (page.NextKeyMarker === keyMarker && page.NextVersionIdMarker === versionMarker)) {
      throw new HoldfastError('store_refused', `the object store does not say where the next page of ${prefix} starts`);
    }
    keyMarker = page.NextKeyMarker;
    versionMarker = page.NextVersionIdMarker;
  }
}

/** The SDK hands out versions and markers apart, each in order: put back together by key, then newest first. */
function rowsOf(versions: readonly S3Version[], markers: readonly DeleteMarkerEntry[]): ObjectVersion[] {
  const rows = [...versions.map((row) => toRow(row, false, row.Size ?? 0)), ...markers.map((row) => toRow(row, true, 0))];
  // The sort is stable: versions made in one second keep the server's order; a marker among them only says whether it is the latest.
  return rows.sort((a, b) => {
    if (a.key !== b.key) return a.key < b.key ? -1 : 1;
    if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1;
    return a.deleteMarker === b.deleteMarker ? 0 : b.lastModified.getTime() - a.lastModified.getTime();
  });
}

function toRow(row: S3Version | DeleteMarkerEntry, deleteMarker: boolean, size: number): ObjectVersion {
  return {
    key: row.Key ?? '',
    version: row.VersionId ?? 'null',
    deleteMarker,
    isLatest: row.IsLatest === true,
    size,
    lastModified: row.LastModified ?? new Date(0),
  };
}
