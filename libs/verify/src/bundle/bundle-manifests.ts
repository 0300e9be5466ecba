import { entryName, parseEntryName, parseLogProofs } from '@holdfast/bundle';
import type { LogProof } from '@holdfast/bundle';
import { equalBytes, fromHex, leafHash, toHex } from '@holdfast/seal';
import { encodeEntry, rootFromInclusion } from '@holdfast/tlog';
import { checkManifest } from '../check-manifest.js';
import { checkObjectList } from '../check-object-list.js';
import { finding } from '../findings.js';
import { judgeManifest } from '../judge-manifest.js';
import type { BundleContext, BundleManifest, Position } from './bundle-context.js';
import { manifestKeyOf } from './bundle-context.js';

/** Manifests of message chains in the bundle by chain and seq: signed by the archive, standing where they say, under the checkpoint. */
export async function readManifests(context: BundleContext, position: Position | undefined): Promise<Map<string, BundleManifest>> {
  const proofs = await readLogProofs(context);
  const manifests = new Map<string, BundleManifest>();
  const places = [...context.entries.names].flatMap((name) => {
    const place = parseEntryName(name);
    return place?.kind === 'manifest' ? [{ name, chain: place.chain, seq: place.seq }] : [];
  });
  // From the end of each chain: a proven manifest proves the one before it.
  places.sort((a, b) => (a.chain === b.chain ? b.seq - a.seq : a.chain < b.chain ? -1 : 1));
  const signers = { genesis: context.genesis.manifestKey, introduced: (kid: string) => context.state.manifestKeys.get(kid) };
  for (const { name, chain, seq } of places) {
    const bytes = await context.entries.read(name);
    if (bytes === undefined) continue;
    const judged = judgeManifest(context.crypto, bytes, { archive: context.archiveHex, chain, seq }, signers);
    if (!('manifest' in judged)) {
      context.add(finding(judged.code, name, judged.problem));
      continue;
    }
    const hash = toHex(context.crypto.sha256(bytes));
    const key = manifestKeyOf(chain, seq);
    const byLog = provenByLog(context, position, proofs.get(key), hash);
    proofs.delete(key);
    const head = position?.heads.get(chain);
    const isHead = head?.next === seq + 1;
    if (isHead && head.hash !== hash)
      context.add(finding('LOG_DIFFERS', name, 'it is not the manifest of this number that is under the checkpoint.'));
    const next = manifests.get(manifestKeyOf(chain, seq + 1));
    const proven = byLog || (isHead && head.hash === hash) || (next?.proven === true && next.manifest.prev === hash);
    if (!proven) context.add(finding('BUNDLE_MANIFEST_UNPROVEN', name, 'nothing leads from the checkpoint to this manifest.'));
    manifests.set(key, { manifest: judged.manifest, hash, proven });
  }
  for (const { manifest, hash } of manifests.values()) {
    const previous = manifest.seq === 0 ? undefined : (manifests.get(manifestKeyOf(manifest.chain, manifest.seq - 1)) ?? 'unread');
    for (const found of checkManifest({ manifest, hash }, previous, context.archiveHex, context.state, context.heads)) context.add(found);
    for (const found of checkObjectList(context.crypto, manifest)) context.add(found);
    for (const object of manifest.objects)
      if (object.enc === 'none')
        context.add(
          finding(
            'CONTENT_DAMAGED',
            `${manifest.chain} ${manifest.seq} object ${object.no}`,
            'content lies in the clear where it must be encrypted.',
          ),
        );
  }
  for (const key of proofs.keys()) checkGovernanceProof(context, position, key, proofs.get(key));
  return manifests;
}

async function readLogProofs(context: BundleContext): Promise<Map<string, LogProof>> {
  const name = entryName({ kind: 'log-proofs' });
  const bytes = await context.entries.demand(name);
  const proofs = bytes === undefined ? undefined : context.entries.parse(name, () => parseLogProofs(bytes));
  return new Map(proofs?.map((proof) => [manifestKeyOf(proof.chain, proof.seq), proof]));
}

function provenByLog(context: BundleContext, position: Position | undefined, proof: LogProof | undefined, hash: string): boolean {
  if (proof === undefined || position === undefined) return false;
  const { chain, seq, index, path } = proof;
  const { size, root } = position.open.checkpoint;
  const entry = encodeEntry({ type: 'manifest', chain, seq, hash: fromHex(hash, 32) });
  const reached = rootFromInclusion(context.crypto, leafHash(context.crypto, entry), index, size, path);
  if (reached !== undefined && equalBytes(reached, root)) return true;
  context.add(finding('BUNDLE_PROOF_INVALID', `proofs/log.json ${chain} ${seq}`, 'its path does not lead from the manifest to the checkpoint.'));
  return false;
}

/** A path of a manifest of `gov` is allowed, and must hold; any other is one of a manifest that is not there. */
function checkGovernanceProof(context: BundleContext, position: Position | undefined, key: string, proof: LogProof | undefined): void {
  const hash = proof?.chain === 'gov' ? context.heads.get(proof.seq + 1) : undefined;
  if (hash !== undefined) provenByLog(context, position, proof, hash);
  else context.add(finding('MANIFEST_MISSING', `proofs/log.json ${key}`, 'there is a path of this manifest, and the manifest is not in the bundle.'));
}
