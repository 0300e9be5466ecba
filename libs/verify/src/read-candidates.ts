import { MAX_JWS, parseManifestKey, toHex } from '@holdfast/seal';
import { checkLock } from './check-lock.js';
import type { CommittedManifest } from './check-manifest.js';
import { manifestLock } from './check-manifest.js';
import type { VerifyContext } from './context.js';
import type { StoredVersion } from './evidence.js';
import { finding } from './findings.js';
import type { SeqGroup } from './group-by-seq.js';
import { judgeManifest } from './judge-manifest.js';
import { demandedLock } from './relocked.js';

/** A manifest that verifies, one of possibly several under its number. */
export interface Candidate extends CommittedManifest {
  /** The key that signed it. */
  readonly kid: string;
  readonly key: string;
  /** Every version that holds these very bytes, newest first. */
  readonly versions: readonly string[];
}

/** Manifest keys that the segment before introduces, kid → key; only `gov` can be signed by a key so new. */
export type NewKeys = VerifyContext['state']['manifestKeys'];

/**
 * The manifests of one number that verify by themselves: name, bytes, format, place, signature. Everything else under that
 * number is a finding: nobody but a holder of the key can leave an honest attempt behind.
 */
export async function readCandidates(context: VerifyContext, chain: string, group: SeqGroup, newKeys: NewKeys): Promise<Candidate[]> {
  const candidates: (Candidate & { readonly versions: string[] })[] = [];
  for (const version of group.versions) {
    const read = await readCandidate(context, chain, group.seq, version, newKeys);
    if (read === undefined) continue;
    const known = candidates.find((other) => other.hash === read.hash);
    if (known === undefined) candidates.push({ ...read, key: version.key, versions: [version.version] });
    else {
      context.add(finding('EQUAL_COPY', version.key, 'a second version with the same bytes.'));
      known.versions.push(version.version);
    }
  }
  return candidates;
}

async function readCandidate(
  context: VerifyContext,
  chain: string,
  seq: number,
  { key, version, deleteMarker }: StoredVersion,
  newKeys: NewKeys,
): Promise<Omit<Candidate, 'key' | 'versions'> | undefined> {
  const { evidence, crypto, add } = context;
  if (deleteMarker) {
    add(finding('DELETE_MARKER', key, 'a delete marker hides this manifest from readers that do not name a version.'));
    return undefined;
  }
  const name = parseManifestKey(key);
  if (name?.chain !== chain || name.seq !== seq) {
    add(finding('ORPHAN', key, 'this is not the name of a manifest.'));
    return undefined;
  }
  const bytes = await evidence.get(key, version, MAX_JWS);
  if (bytes === undefined) {
    add(finding('MANIFEST_MISSING', key, 'the manifest was listed and cannot be read.'));
    return undefined;
  }
  context.collector.bytes += bytes.length;
  const hash = toHex(crypto.sha256(bytes));
  if (hash !== name.hash) {
    add(
      finding(
        'MANIFEST_HASH_MISMATCH',
        key,
        bytes.length > MAX_JWS ? `it is longer than ${MAX_JWS} bytes.` : `its bytes hash to ${hash}: it was changed, swapped or cut.`,
      ),
    );
    return undefined;
  }
  const place = { archive: context.archiveHex, chain, seq };
  const signers = { genesis: context.genesis.manifestKey, introduced: (kid: string) => context.state.manifestKeys.get(kid) ?? newKeys.get(kid) };
  let judged = judgeManifest(crypto, bytes, place, signers);
  // The key may have been introduced since gov was walked.
  if ('signerUnknown' in judged && chain !== 'gov') {
    await context.followGovernance();
    judged = judgeManifest(crypto, bytes, place, signers);
  }
  if ('manifest' in judged) {
    if (judged.disputed === true) add(finding('KEY_DISPUTED', key, disputed(judged.kid)));
    return { manifest: judged.manifest, hash, kid: judged.kid };
  }
  add(finding(judged.code, key, judged.problem));
  return undefined;
}

export function disputed(kid: string): string {
  return `it was sealed under the key ${kid} after the last head that people vouch for: the key was stolen, and this may be the work of whoever has it.`;
}

/** The lock of a manifest: COMPLIANCE, at least to the horizon; one of `versions`, which hold the same bytes, must have it. */
export async function checkManifestLock(context: VerifyContext, { manifest, key }: Candidate, versions: readonly string[]): Promise<void> {
  await checkLock(context, key, versions, demandedLock(context, manifestLock(manifest, context.state)), 'the manifest');
}
