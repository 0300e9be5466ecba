import type { ClaimStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { claimKey, manifestPrefix, paddedSeq, parseManifestKey } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { Committed, KeyLookup } from './manifests.js';
import { readCommitted } from './manifests.js';

/**
 * The number of committed segments of a chain: the first seq without a claim. Doubles from `hint` and halves, so that
 * start-up asks O(log n) claims and never lists everything.
 */
export async function countClaims(archive: { readonly claims: Pick<ClaimStore, 'read'> }, chain: string, hint = 0): Promise<number> {
  const claimed = async (seq: number): Promise<boolean> => (await archive.claims.read(claimKey(chain, seq))) !== undefined;
  let low = hint > 0 && (await claimed(hint - 1)) ? hint : 0;
  let step = 1;
  while (await claimed(low + step - 1)) {
    low += step;
    step *= 2;
  }
  // Invariant: everything below low is claimed, low + step - 1 is not.
  let high = low + step - 1;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (await claimed(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a chain stands. */
export interface ChainHead {
  /** Number of committed segments = seq of the next one. */
  readonly seqs: number;
  /** The last committed segment; undefined for an empty chain. */
  readonly last: Committed | undefined;
}

/** How far the transparency log has a chain. */
export interface LoggedHeads {
  /** Number of manifests of `chain` that the log holds; 0 while there is no log. @throws HoldfastError `store_unavailable` */
  loggedNext(chain: string): Promise<number>;
}

/**
 * The head of a chain, checked before anybody writes (design: claims rules). A writer stores manifest m only after it has
 * read claim m−1; so a manifest m beyond the next number whose claim m−1 is absent, also on a second look, means that
 * claims were lost or rolled back: everybody stops. So does a log that holds more of the chain than is claimed.
 * @throws HoldfastError `claims_rolled_back`, `claim_unreadable`
 */
export async function readHead(archive: Archive, chain: string, keys: KeyLookup, hint = 0, log?: LoggedHeads): Promise<ChainHead> {
  const seqs = await countClaims(archive, chain, hint);
  const logged = (await log?.loggedNext(chain)) ?? 0;
  if (logged > seqs) {
    // Second look: the chain may have gone on, into the log as well, since its claims were counted.
    if ((await archive.claims.read(claimKey(chain, seqs))) === undefined) {
      throw new HoldfastError(
        'claims_rolled_back',
        `the log holds ${logged} manifests of the chain ${chain}, but claim ${seqs} is absent: claims were lost or rolled back; nobody writes until "holdfast claims rebuild".`,
      );
    }
    return readHead(archive, chain, keys, seqs + 1, log);
  }
  const after = `${manifestPrefix(chain)}${paddedSeq(seqs)}0`;
  for await (const version of archive.vault.list(manifestPrefix(chain), { after })) {
    const name = parseManifestKey(version.key);
    if (name?.chain !== chain || name.seq <= seqs) continue;
    // Second look, at the first claim that was absent: another writer may have gone on while we looked. (A later one that is
    // there while this one is not would send us round for ever.)
    if ((await archive.claims.read(claimKey(chain, seqs))) === undefined) {
      throw new HoldfastError(
        'claims_rolled_back',
        `the chain ${chain} has a manifest ${name.seq} but no claim ${seqs}: claims were lost or rolled back; nobody writes until "holdfast claims rebuild".`,
      );
    }
    return readHead(archive, chain, keys, seqs + 1, log);
  }
  return { seqs, last: seqs === 0 ? undefined : await readCommitted(archive, chain, seqs - 1, keys) };
}
