import { HoldfastError } from '@holdfast/record';
import type { OpenedArchive } from '@holdfast/assembly';
import type { ManifestObject } from '@holdfast/seal';
import type { Evidence, StoredState, StoredVersion } from '@holdfast/verify';

/** What the verifier may ask an opened archive: reads only. */
export function evidenceOf(opened: OpenedArchive): Evidence {
  const { vault, wraps, claims } = opened.archive;
  return {
    claims: true,
    list: (prefix): AsyncIterable<StoredVersion> => vault.list(prefix),
    get: (key, version) => unlessMissing(() => vault.get(key, version)),
    head: (key, version) => unlessMissing((): Promise<StoredState> => vault.head(key, version)),
    claim: (key) => claims.read(key),
    wraps: (prefix): AsyncIterable<StoredVersion> => wraps.list(prefix),
    wrapState: (key, version) => unlessMissing((): Promise<StoredState> => wraps.head(key, version)),
    async dataKey(chain: string, object: ManifestObject) {
      try {
        return { key: await opened.dataKeys.open(chain, object) };
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        if (error.code === 'key_missing') return { absent: true };
        if (error.code === 'key_malformed' || error.code === 'format_malformed') return { refused: error.message };
        throw error;
      }
    },
    strays: () => opened.strays(),
  };
}

/** A thing that is not there, or cannot be what it claims to be, is for the verifier to judge; an unreachable store is not. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'object_missing' || error.code === 'content_damaged')) return undefined;
    throw error;
  }
}
