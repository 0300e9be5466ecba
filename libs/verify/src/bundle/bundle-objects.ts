import { entryName, parseBlockEntry, parseEntryName, parseLeaf, parseObjectProof } from '@holdfast/bundle';
import type { BlockFacts, LeafProof, ObjectProof } from '@holdfast/bundle';
import { equalBytes, fromHex, leafHash, objectEntry, periodCode, rootFromPath, toHex } from '@holdfast/seal';
import type { ManifestObject } from '@holdfast/seal';
import { finding } from '../findings.js';
import type { BundleContext, BundleManifest, ProvenLeaf } from './bundle-context.js';
import { manifestKeyOf, recordKey } from './bundle-context.js';

/** The proof of one object, its leaves checked up to the manifest. */
export interface CheckedObject {
  readonly name: string;
  readonly proof: ObjectProof;
  readonly object: ManifestObject;
  /** In the order of their indexes; those that hold. */
  readonly leaves: readonly ProvenLeaf[];
}

/** Every `proofs/<chain>/…` by the manifest's key and object number, every path in them checked. */
export async function checkObjects(context: BundleContext, manifests: ReadonlyMap<string, BundleManifest>): Promise<Map<string, CheckedObject>> {
  const objects = new Map<string, CheckedObject>();
  for (const name of context.entries.names) {
    const place = parseEntryName(name);
    if (place?.kind !== 'object-proof') continue;
    const bytes = await context.entries.read(name);
    const proof = bytes === undefined ? undefined : context.entries.parse(name, () => parseObjectProof(bytes));
    if (proof === undefined) continue;
    const wrong = (message: string): void => context.add(finding('BUNDLE_PROOF_INVALID', name, message));
    if (entryName({ kind: 'object-proof', chain: proof.chain, seq: proof.seq, no: proof.no }) !== name) {
      wrong('it is the proof of another object than its name says.');
      continue;
    }
    const manifest = manifests.get(manifestKeyOf(proof.chain, proof.seq));
    const object = manifest?.manifest.objects[proof.no];
    if (manifest === undefined || object === undefined) {
      const manifestName = entryName({ kind: 'manifest', chain: proof.chain, seq: proof.seq });
      if (manifest === undefined)
        context.add(finding('MANIFEST_MISSING', manifestName, `the proof ${name} needs this manifest, and it is not there or does not verify.`));
      else wrong('its manifest has no object of this number.');
      continue;
    }
    const checked = checkObject(context, proof, manifest, object, wrong);
    // Without a way from the checkpoint to the manifest nothing in it is proven; that was reported.
    if (checked !== undefined && manifest.proven)
      objects.set(`${manifestKeyOf(proof.chain, proof.seq)} ${proof.no}`, { name, proof, object, leaves: checked });
  }
  return objects;
}

function checkObject(
  { crypto }: BundleContext,
  proof: ObjectProof,
  { manifest }: BundleManifest,
  object: ManifestObject,
  wrong: (message: string) => void,
): ProvenLeaf[] | undefined {
  const entry = objectEntry({ no: object.no, records: object.records, root: fromHex(object.root, 32) });
  const root = rootFromPath(crypto, leafHash(crypto, entry), proof.no, manifest.objects.length, proof.path);
  if (proof.objects !== manifest.objects.length || root === undefined || toHex(root) !== manifest.root) {
    wrong('its path does not lead from the object to the segment root of the manifest.');
    return undefined;
  }
  const blocks = new Map<number, BlockFacts>();
  for (const block of proof.blocks) {
    const reached = rootFromPath(crypto, leafHash(crypto, block.entry), block.no, object.blocks, block.path);
    if (reached === undefined || toHex(reached) !== object.root) wrong(`the path of block ${block.no} does not lead to the object root.`);
    else blocks.set(block.no, parseBlockEntry(block.entry));
  }
  const leaves: ProvenLeaf[] = [];
  const used = new Set<number>();
  for (const leaf of proof.leaves) {
    used.add(leaf.block);
    const problem = leafProblem(leaf, blocks.get(leaf.block));
    if (problem !== undefined) {
      wrong(`record ${leaf.index}: ${problem}`);
      continue;
    }
    leaves.push({ proof: leaf, manifest, object, ...parseLeaf(leaf.leaf) });
  }
  for (const { no } of proof.blocks) if (!used.has(no)) wrong(`no record of block ${no} is proven: it does not belong here.`);
  return leaves;

  function leafProblem(leaf: LeafProof, block: BlockFacts | undefined): string | undefined {
    if (block === undefined) return 'its block is not proven.';
    const reached = rootFromPath(crypto, leafHash(crypto, leaf.leaf), leaf.index - block.firstIndex, block.count, leaf.path);
    if (reached === undefined || !equalBytes(reached, block.root)) return 'its path does not lead to the root of its block.';
    // What follows was sealed like that, or is no leaf at all.
    if (leaf.leaf[0] !== 1 || (leaf.leaf[1] ?? 2) > 1) return 'it is no leaf of version 1.';
    const { classNumber, periodCode: code, offset } = parseLeaf(leaf.leaf);
    if (classNumber !== object.cohort.number || code !== cohortCode(object)) return 'its cohort is not that of the object.';
    if (offset < BigInt(manifest.first) || offset >= BigInt(manifest.next)) return 'its offset does not lie in the segment.';
    return undefined;
  }
}

/** -1 for a period that no cohort has: the manifest was reported for it. */
function cohortCode({ cohort }: ManifestObject): number {
  const shape = cohort.number === 0 ? /^\d{4}$/ : /^\d{4}-\d{2}$/;
  const year = Number(cohort.period.slice(0, 4));
  return shape.test(cohort.period) && year >= 2000 && year <= 7000 ? periodCode({ classNumber: cohort.number, period: cohort.period }) : -1;
}

/** All proven leaves by record; one that is proven twice is a finding. */
export function leavesByRecord(context: BundleContext, objects: ReadonlyMap<string, CheckedObject>): Map<string, ProvenLeaf> {
  const leaves = new Map<string, ProvenLeaf>();
  for (const { name, leaves: mine } of objects.values()) {
    for (const leaf of mine) {
      const key = recordKey(leaf.manifest.chain, leaf.offset);
      if (leaves.has(key)) context.add(finding('BUNDLE_PROOF_INVALID', name, `the record ${key} was sealed twice.`));
      leaves.set(key, leaf);
    }
  }
  return leaves;
}
