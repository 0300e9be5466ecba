import { HoldfastError } from '@holdfast/record';
import { CLAIM_TYP, LOG_CHAIN, claimKey, encodeDocument, utf8 } from '@holdfast/seal';
import type { Archive } from './archive.js';
import { committedPath } from './committed-path.js';
import { GOVERNANCE_CHAIN } from './governance-log.js';
import type { GovernanceLog } from './governance-log.js';
import { logPath } from './log-path.js';
import type { KeyLookup } from './manifests.js';

/** What a rebuild did and what it could not decide. */
export interface ClaimsRebuilt {
  readonly chains: number;
  readonly made: number;
  readonly kept: number;
  /** Chains whose last number has several candidates or none that verifies: `holdfast claims repair`. */
  readonly undecided: readonly { readonly chain: string; readonly seq: number; readonly candidates: readonly string[] }[];
}

/**
 * Makes every claim that is missing from the manifests alone (claims are no truth, invariant I1). All writers must be
 * stopped. Existing claims are left as they are.
 */
export async function rebuildClaims(
  archive: Archive,
  governance: GovernanceLog,
  onProgress?: (chain: string, made: number) => void,
): Promise<ClaimsRebuilt> {
  let made = 0;
  let kept = 0;
  let chains = 0;
  const undecided: { chain: string; seq: number; candidates: string[] }[] = [];
  const rebuild = async (chain: string, keys: KeyLookup): Promise<void> => {
    chains++;
    let expected = 0;
    for await (const level of committedPath(archive, chain, keys)) {
      if (level.seq !== expected || level.committed === undefined) {
        undecided.push({ chain, seq: level.seq, candidates: level.candidates.map(({ hash }) => hash) });
        return;
      }
      expected++;
      if ((await writeClaim(archive, chain, level.seq, level.committed)) === 'made') made++;
      else kept++;
      onProgress?.(chain, made);
    }
  };
  // gov first: it says which chains and keys there are. Its own keys are known as far as it has been folded.
  for (let before = -1; before !== governance.head.next;) {
    before = governance.head.next;
    chains = 0;
    kept = 0;
    await rebuild(GOVERNANCE_CHAIN, governance.keys);
    await governance.refresh();
  }
  for (const chain of governance.state.chains.keys()) await rebuild(chain, governance.keys);
  let expected = 0;
  for await (const { no, committed, candidates } of logPath(archive, governance)) {
    if (expected === 0) chains++;
    if (no !== expected || committed === undefined) {
      undecided.push({ chain: LOG_CHAIN, seq: no, candidates: candidates.map(({ hash }) => hash) });
      break;
    }
    expected++;
    if ((await writeClaim(archive, LOG_CHAIN, no, committed)) === 'made') made++;
    else kept++;
    onProgress?.(LOG_CHAIN, made);
  }
  return { chains, made, kept, undecided };
}

async function writeClaim(
  archive: Archive,
  chain: string,
  seq: number,
  { hash, version }: { readonly hash: string; readonly version: string },
): Promise<'made' | 'kept'> {
  const key = claimKey(chain, seq);
  if ((await archive.claims.read(key)) !== undefined) return 'kept';
  const claim = { format: 'holdfast.claim/1' as const, archive: archive.idHex, chain, seq, manifest: hash, version };
  const outcome = await archive.claims.create(key, utf8(await archive.keys.sign(encodeDocument(claim), CLAIM_TYP)));
  if (outcome === 'unsure') throw new HoldfastError('store_unavailable', `the claim ${key} could not be made for sure; run the command again.`);
  return outcome === 'created' ? 'made' : 'kept';
}
