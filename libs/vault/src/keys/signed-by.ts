import { HoldfastError } from '@holdfast/record';
import type { GovernanceState } from '@holdfast/governance';
import { LOG_CHAIN } from '@holdfast/tlog';
import { claimKey, manifestPrefix, paddedSeq, parseJws, parseManifestKey, toHex } from '@holdfast/seal';
import type { Archive } from '../archive.js';
import { GOVERNANCE_CHAIN } from '../governance-log.js';
import type { GovernanceLog } from '../governance-log.js';
import { countClaims } from '../head.js';
import { parseManifest, readPlaced } from '../manifests.js';
import type { PlacedManifest } from '../manifests.js';
import { unlessMissing } from '../relocated.js';

/** What one key has signed in a chain. */
export interface SignedChain {
  readonly chain: string;
  /** Committed segments. */
  readonly segments: number;
  /** The number behind the last one that the key has signed; 0 when it has signed none. */
  readonly next: number;
  /** The key is still the one that signs this chain: nobody has committed under another since. */
  readonly atHead: boolean;
  /** It ended with a closing segment: nobody writes there any more. */
  readonly ended: boolean;
}

/** Every chain that manifest keys sign: `gov`, the registered ones, and the log, whose claims they sign. */
export function signedChains(state: GovernanceState): string[] {
  return [GOVERNANCE_CHAIN, LOG_CHAIN, ...state.chains.keys()].sort();
}

/**
 * How far the manifest key `kid` has signed `chain`, attempts that lost their claim included: they are honest, and a key must not
 * be closed before them. Reads what was committed since the youngest key was introduced; nothing older can be under that one.
 */
export async function signedBy(archive: Archive, governance: GovernanceLog, kid: string, chain: string): Promise<SignedChain> {
  return chain === LOG_CHAIN ? batchesSignedBy(archive, governance, kid) : manifestsSignedBy(archive, governance, kid, chain);
}

async function manifestsSignedBy(archive: Archive, governance: GovernanceLog, kid: string, chain: string): Promise<SignedChain> {
  const segments = await countClaims(archive, chain);
  if (segments === 0) return { chain, segments, next: 0, atHead: false, ended: false };
  const head = await committed(archive, governance, chain, segments - 1);
  const ended = head.manifest.closing !== undefined;
  const youngest = Math.max(...[...governance.state.manifestKeys].filter(([other]) => other !== kid).map(([, { from }]) => from), 0);
  const begin = await firstObeying(archive, governance, chain, segments, youngest);
  let next = begin;
  // A key that came first has signed everything before; the others nothing that obeys an older head than their introduction.
  const own = governance.state.manifestKeys.get(kid)?.from ?? 0;
  if (begin > 0 && (await committed(archive, governance, chain, begin - 1)).manifest.governance.next < own) next = 0;
  for await (const { key, version, deleteMarker } of archive.vault.list(manifestPrefix(chain), {
    after: `${manifestPrefix(chain)}${paddedSeq(begin)}`,
  })) {
    const name = parseManifestKey(key);
    if (deleteMarker || name?.chain !== chain || name.seq < next) continue;
    const bytes = await unlessMissing(archive.vault.get(key, version));
    if (bytes !== undefined && toHex(archive.crypto.sha256(bytes)) === name.hash && isSigned(archive, governance, bytes, chain, name.seq, kid))
      next = name.seq + 1;
  }
  return { chain, segments, next, atHead: head.kid === kid, ended };
}

/** Whoever may write to the store can put anything there: only what verifies was signed by the key. */
function isSigned(archive: Archive, governance: GovernanceLog, bytes: Uint8Array, chain: string, seq: number, kid: string): boolean {
  try {
    if (parseJws(bytes).kid !== kid) return false;
    parseManifest(archive, bytes, chain, seq, governance.keys);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'manifest_invalid' || error.code === 'format_malformed')) return false;
    throw error;
  }
}

/** The first committed number that obeys at least `from` segments of `gov`, which never fall along a chain. */
async function firstObeying(archive: Archive, governance: GovernanceLog, chain: string, segments: number, from: number): Promise<number> {
  let low = 0;
  let high = segments;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await committed(archive, governance, chain, middle)).manifest.governance.next < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function committed(archive: Archive, governance: GovernanceLog, chain: string, seq: number): Promise<PlacedManifest> {
  return present(await readPlaced(archive, chain, seq, governance.keys), chain, seq);
}

function present<T>(found: T | undefined, chain: string, seq: number): T {
  if (found === undefined) throw new HoldfastError('claims_rolled_back', `the claim of ${chain} ${seq} was there and is gone.`);
  return found;
}

/** Claims of batches back to the last one under the key. */
async function batchesSignedBy(archive: Archive, governance: GovernanceLog, kid: string): Promise<SignedChain> {
  await governance.log.refresh();
  const segments = await countClaims(archive, LOG_CHAIN, governance.log.fold.end.no);
  const signer = async (no: number): Promise<string> => parseJws(present(await archive.claims.read(claimKey(LOG_CHAIN, no)), LOG_CHAIN, no)).kid;
  let next = segments;
  while (next > 0 && (await signer(next - 1)) !== kid) next--;
  return { chain: LOG_CHAIN, segments, next, atHead: segments > 0 && next === segments, ended: false };
}
