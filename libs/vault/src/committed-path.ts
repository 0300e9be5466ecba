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
  let current: Level | undefined;
  let previous: string | undefined;
  for await (const next of levels(archive, chain, keys)) {
    if (current !== undefined) {
      const finished = decide(current, next, previous);
      yield finished;
      previous = finished.committed?.hash;
    }
    current = next;
  }
  if (current !== undefined) yield decide(current, undefined, previous);
}

interface Level {
  readonly seq: number;
  readonly candidates: FoundManifest[];
}

/** Manifests that verify, number by number; a number may have none. */
async function* levels(archive: Archive, chain: string, keys: KeyLookup): AsyncGenerator<Level> {
  let level: Level | undefined;
  for await (const version of archive.vault.list(manifestPrefix(chain))) {
    const name = parseManifestKey(version.key);
    if (name?.chain !== chain || version.deleteMarker) continue;
    if (level !== undefined && level.seq !== name.seq) yield level;
    if (level?.seq !== name.seq) level = { seq: name.seq, candidates: [] };
    const { candidates } = level;
    const found = await read(archive, chain, name.seq, version.key, version.version, name.hash, keys);
    if (found !== undefined && !candidates.some(({ hash }) => hash === found.hash)) candidates.push(found);
  }
  if (level !== undefined) yield level;
}

/** The candidate that the next number names; where nobody names one, the only one that follows. */
function decide({ seq, candidates }: Level, next: Level | undefined, previous: string | undefined): FoundLevel {
  const last = next === undefined;
  const named = new Set(next?.seq === seq + 1 ? next.candidates.map(({ manifest }) => manifest.prev) : []);
  const chosen = candidates.filter(({ hash, manifest }) => (named.size > 0 ? named.has(hash) : previous === undefined || manifest.prev === previous));
  return { seq, candidates, last, committed: chosen.length === 1 ? chosen[0] : undefined };
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
