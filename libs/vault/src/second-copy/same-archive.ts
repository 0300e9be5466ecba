import { HoldfastError } from '@holdfast/record';
import { GENESIS_CLAIM, GENESIS_KEY, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import type { ClaimStore, ObjectStore } from '@holdfast/ports';
import { parseGenesis } from '../genesis.js';
import type { ReadableStore } from './paired-keys.js';

/** The stores of an archive that is read. */
export interface SourceStores {
  readonly vault: ReadableStore;
  readonly wraps: ReadableStore;
  readonly claims?: Pick<ClaimStore, 'read' | 'list'> | undefined;
}

/** The stores that hold the copy. */
export interface CopyStores {
  readonly vault: ObjectStore;
  readonly wraps: ObjectStore;
  readonly claims?: ClaimStore | undefined;
}

/** Probes of `store-check` belong to no archive (format section 2). */
export const PROBE_PREFIX = 'store-check/';

/**
 * The id of the archive in the source; the copy must hold the same one or nothing at all, because what is locked in the
 * wrong place stays there for years.
 * @throws HoldfastError `bad_configuration`
 */
export async function sameArchive(source: SourceStores, copy: Pick<SourceStores, 'vault' | 'wraps'>, crypto: Crypto): Promise<string> {
  const here = await genesisIds(source.vault, crypto);
  const claim = await source.claims?.read(GENESIS_CLAIM);
  const claimed = claim === undefined ? undefined : new TextDecoder().decode(claim);
  const id = here.find((one) => one === claimed) ?? here[0];
  if (id === undefined) throw new HoldfastError('bad_configuration', 'There is no archive in the source: it has no genesis.');
  const there = await genesisIds(copy.vault, crypto);
  const other = there.find((one) => !here.includes(one));
  if (other !== undefined)
    throw new HoldfastError('bad_configuration', `The destination holds another archive (${other}); name an empty place, or the copy of ${id}.`);
  if (there.length > 0) return id;
  const strange = (await firstKey(copy.vault)) ?? (await firstKey(copy.wraps));
  // The genesis is the first thing that a copy stores: whatever else lies there without it is none.
  if (strange !== undefined)
    throw new HoldfastError('bad_configuration', `The destination is not empty and holds no copy of an archive (${strange} lies there).`);
  return id;
}

async function genesisIds(vault: ReadableStore, crypto: Crypto): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key, version, deleteMarker } of vault.list(GENESIS_KEY)) {
    if (key !== GENESIS_KEY || deleteMarker) continue;
    const bytes = await vault.get(key, version);
    try {
      parseGenesis(crypto, bytes);
      ids.push(toHex(crypto.sha256(bytes)));
    } catch (error) {
      // Bytes that are no genesis name no archive; `verify` reports them.
      if (!(error instanceof HoldfastError)) throw error;
    }
  }
  return ids;
}

async function firstKey(store: ReadableStore): Promise<string | undefined> {
  for await (const { key } of store.list('')) if (!key.startsWith(PROBE_PREFIX)) return key;
  return undefined;
}
