import { HoldfastError } from '@holdfast/record';
import { entryName, parseEntryName } from '@holdfast/bundle';
import { ObjectReader, coverageProblem, decodeRecord, fromBase64Url, toHex } from '@holdfast/seal';
import type { Manifest, ManifestObject, WalkedObject } from '@holdfast/seal';
import { checkManifest } from '../check-manifest.js';
import type { CommittedManifest } from '../check-manifest.js';
import { checkObjectList } from '../check-object-list.js';
import { finding } from '../findings.js';
import { foldGovernance } from '../fold-governance.js';
import { judgeManifest } from '../judge-manifest.js';
import type { BundleContext } from './bundle-context.js';

/**
 * Walks `gov` from 0 as far as it lies in the bundle, and folds it: keys, classes and chains that everything else is judged by.
 * That its last manifest is the head under the checkpoint is checked with the position.
 */
export async function walkGovernance(context: BundleContext): Promise<void> {
  const { crypto, entries, state, add } = context;
  const named = new Set<string>();
  const hooks = foldGovernance(state, context.heads, add, () => undefined);
  let previous: CommittedManifest | undefined;
  const signers = { genesis: context.genesis.manifestKey, introduced: (kid: string) => state.manifestKeys.get(kid) };
  for (let seq = 0; ; seq++) {
    const name = entryName({ kind: 'gov-manifest', seq });
    if (!entries.names.has(name)) break;
    named.add(name);
    const bytes = await entries.read(name);
    if (bytes === undefined) break;
    const judged = judgeManifest(crypto, bytes, { archive: context.archiveHex, chain: 'gov', seq }, signers);
    if (!('manifest' in judged)) {
      add(finding(judged.code, name, judged.problem));
      break;
    }
    const committed = { manifest: judged.manifest, hash: toHex(crypto.sha256(bytes)) };
    for (const found of checkManifest(committed, previous, context.archiveHex, state, context.heads)) add(found);
    for (const found of checkObjectList(crypto, committed.manifest)) add(found);
    for (const object of committed.manifest.objects)
      if (object.enc === 'none' && object.inline === undefined) named.add(entryName({ kind: 'gov-object', seq, no: object.no }));
    await walkObjects(context, committed.manifest, hooks.onRecord);
    hooks.onSegment(committed);
    previous = committed;
  }
  for (const name of entries.names) {
    const place = parseEntryName(name);
    if (place?.kind === 'gov-manifest' && !named.has(name))
      add(finding('MANIFEST_MISSING', name, 'the manifests of gov before this one are not all there, or do not verify.'));
    if (place?.kind === 'gov-object' && !named.has(name))
      add(finding('BUNDLE_ENTRY_UNKNOWN', name, 'no manifest of gov in the bundle has this object.'));
  }
}

/** Reads the clear objects of a segment; encrypted ones (matters, holds, people) are not part of a bundle. */
async function walkObjects(
  context: BundleContext,
  manifest: Manifest,
  visit: (record: ReturnType<typeof decodeRecord>['record'], object: ManifestObject) => void,
): Promise<void> {
  const { crypto, add } = context;
  const walked: WalkedObject[] = [];
  for (const object of manifest.objects) {
    if (object.enc !== 'none') continue;
    const place = entryName({ kind: 'gov-object', seq: manifest.seq, no: object.no });
    try {
      const bytes = object.inline === undefined ? await context.entries.demand(place, 'OBJECT_MISSING') : fromBase64Url(object.inline);
      if (bytes === undefined) continue;
      if (toHex(crypto.sha256(bytes)) !== object.sha256) {
        add(finding('OBJECT_DIFFERS', place, 'its bytes are not those that its manifest names.'));
        continue;
      }
      const reader = new ObjectReader(crypto, { archive: context.archive, chain: 'gov', seq: manifest.seq }, object, null);
      walked.push(reader.walk(bytes, (plain, start, end) => visit(decodeRecord(plain.slice(start, end)).record, object)));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      add(finding(error.code === 'format_malformed' ? 'OBJECT_MALFORMED' : 'CONTENT_DAMAGED', place, `${error.message}.`));
    }
  }
  if (walked.length !== manifest.objects.length) return;
  const problem = coverageProblem(manifest, walked);
  if (problem !== undefined) add(finding('OFFSETS_NOT_COVERED', `gov ${manifest.seq}`, `${problem}.`));
}
