import { HoldfastError } from '@holdfast/record';
import { manifestPrefix, parseManifestKey, toHex } from '@holdfast/seal';
import type { Manifest } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { KeyLookup } from './manifests.js';
import { parseManifest } from './manifests.js';

/** A manifest that verifies by itself, found by listing and not by its claim. */
export interface FoundManifest {
  readonly manifest: Manifest;
  readonly hash: string;
  readonly version: string;
}

/** What the manifests of one number say about who is committed. */
export interface FoundLevel {
  readonly seq: number;
  /** The one that the next number names; for the last number the only one that follows its predecessor. */
  readonly committed: FoundManifest | undefined;
  readonly candidates: readonly FoundManifest[];
  /** True when nothing lies behind it. */
  readonly last: boolean;
}

/**
 * Walks a chain by its manifests alone, without claims: every honest writer stores manifest n+1 only after claim n, so what
 * n+1 names is committed. Streams; holds two numbers.
 */
export async function* committedPath(archive: Archive, chain: string, keys: KeyLookup): AsyncGenerator<FoundLevel> {
  let current: { seq: number; candidates: FoundManifest[] } | undefined;
  let previous: string | undefined;
  for await (const version of archive.vault.list(manifestPrefix(chain))) {
    const name = parseManifestKey(version.key);
    if (name?.chain !== chain || version.deleteMarker) continue;
    if (name.seq !== current?.seq) {
      if (current !== undefined) {
        const next = await read(archive, chain, name.seq, version.key, version.version, name.hash, keys);
        const finished = levelOf(current, next?.manifest.prev, previous, false);
        yield finished;
        previous = finished.committed?.hash;
        current = { seq: name.seq, candidates: next === undefined ? [] : [next] };
        continue;
      }
      current = { seq: name.seq, candidates: [] };
    }
    const found = await read(archive, chain, name.seq, version.key, version.version, name.hash, keys);
    if (found !== undefined && !current.candidates.some(({ hash }) => hash === found.hash)) current.candidates.push(found);
  }
  if (current !== undefined) yield levelOf(current, undefined, previous, true);
}

function levelOf(
  { seq, candidates }: { seq: number; candidates: readonly FoundManifest[] },
  named: string | undefined,
  previous: string | undefined,
  last: boolean,
): FoundLevel {
  if (named !== undefined) return { seq, candidates, last, committed: candidates.find(({ hash }) => hash === named) };
  const following = candidates.filter(({ manifest }) => previous === undefined || manifest.prev === previous);
  return { seq, candidates, last, committed: following.length === 1 ? following[0] : undefined };
}

async function read(
  archive: Archive,
  chain: string,
  seq: number,
  key: string,
  version: string,
  hash: string,
  keys: KeyLookup,
): Promise<FoundManifest | undefined> {
  try {
    const bytes = await archive.vault.get(key, version);
    if (toHex(archive.crypto.sha256(bytes)) !== hash) return undefined;
    return { manifest: parseManifest(archive, bytes, chain, seq, keys), hash, version };
  } catch (error) {
    // What does not verify is no candidate; `verify` reports it. A store that cannot be read now is another matter.
    if (error instanceof HoldfastError && (error.code === 'manifest_invalid' || error.code === 'format_malformed' || error.code === 'object_missing'))
      return undefined;
    throw error;
  }
}
