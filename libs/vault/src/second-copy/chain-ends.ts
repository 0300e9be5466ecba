import { parseContentKey, parseManifestKey } from '@holdfast/seal';
import { GOVERNANCE_CHAIN } from '../governance-log.js';
import type { ReadableStore } from './paired-keys.js';

/** Content of this many numbers behind the last manifest can belong to writers at work; no verifier calls it an orphan. */
const CONTENT_AHEAD = 16;

/** The last number of every chain that has a manifest, at one moment. */
export type ChainEnds = ReadonlyMap<string, number>;

/**
 * Where every chain ends now. A copy of a vault that goes on ends there too: everything that these manifests need lies in
 * the vault before they do, and so is met by listings that begin after this one.
 */
export async function chainEnds(vault: ReadableStore): Promise<ChainEnds> {
  const ends = new Map<string, number>();
  const follow = async (prefix: string): Promise<void> => {
    for await (const { key, deleteMarker } of vault.list(prefix)) {
      const name = deleteMarker ? undefined : parseManifestKey(key);
      if (name !== undefined) ends.set(name.chain, Math.max(name.seq, ends.get(name.chain) ?? 0));
    }
  };
  await follow('m/');
  // Once more and last: a manifest that was listed may obey a head of gov that was stored since gov was listed.
  await follow(`m/${GOVERNANCE_CHAIN}/`);
  return ends;
}

/** Whether a key belongs to what was sealed after `ends` was read; `young` = it was stored since. */
export function isBehind(ends: ChainEnds, key: string, young: boolean): boolean {
  const manifest = parseManifestKey(key);
  if (manifest !== undefined) return manifest.seq > (ends.get(manifest.chain) ?? -1);
  const content = parseContentKey(key);
  return content !== undefined && young && content.seq > (ends.get(content.chain) ?? -1) + CONTENT_AHEAD;
}
