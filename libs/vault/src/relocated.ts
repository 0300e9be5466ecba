import type { ObjectKey, ObjectStore, VersionId } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';

/** What a manifest or a claim says of an object whose version is not where it says. */
export interface WantedBytes {
  readonly key: ObjectKey;
  /** SHA-256, hex. */
  readonly sha256: string;
  /** Known of content objects. */
  readonly size?: number;
}

/**
 * The newest version of a key that holds these very bytes. A copied or restored object lies under another version id than
 * its manifest names (finding RELOCATED); what counts is its hash, never that it is the latest: anybody who may write to the
 * store can add a version.
 */
export async function findRelocated(
  store: Pick<ObjectStore, 'get' | 'list'>,
  crypto: Crypto,
  { key, sha256, size }: WantedBytes,
): Promise<{ readonly version: VersionId; readonly bytes: Uint8Array } | undefined> {
  for await (const version of store.list(key)) {
    if (version.key !== key) break;
    if (version.deleteMarker || (size !== undefined && version.size !== size)) continue;
    const bytes = await unlessMissing(store.get(key, version.version));
    if (bytes !== undefined && toHex(crypto.sha256(bytes)) === sha256) return { version: version.version, bytes };
  }
  return undefined;
}

/** Undefined for what is not there; everything else that goes wrong is thrown. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object_missing') return undefined;
    throw error;
  }
}
