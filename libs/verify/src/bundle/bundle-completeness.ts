import { parseMessageChain } from '@holdfast/record';
import { entryName, parseDirectoryEntry } from '@holdfast/bundle';
import type { BundleIndex, DirectoryEntryProof, DirectoryProof } from '@holdfast/bundle';
import { compareBytes, equalBytes, fromHex, labelCommitment, leafHash, rootFromPath, rootOf, toHex } from '@holdfast/seal';
import type { Crypto, ManifestObject } from '@holdfast/seal';
import { finding } from '../findings.js';
import type { BundleContext, BundleManifest, Position } from './bundle-context.js';
import { manifestKeyOf } from './bundle-context.js';
import type { CheckedObject } from './bundle-objects.js';

type ConversationScope = Extract<BundleIndex['scope'], { readonly kind: 'conversation' }>;

/** An object of which the bundle cannot say whether it holds the conversation. */
export interface CompletenessException {
  readonly chain: string;
  readonly seq: number;
  readonly no: number;
  /** `class/period`. */
  readonly cohort: string;
  readonly reason: string;
}

export interface Completeness {
  readonly complete: 'yes' | 'no' | 'with exceptions';
  readonly exceptions: readonly CompletenessException[];
  /** What was covered. */
  readonly chains: number;
  readonly segments: number;
  readonly objects: number;
  /** Records without a key in the objects covered: they cannot be attributed to any conversation. */
  readonly unattributed: number;
}

const CLOSED = 'the bundle does not open its directory';

/**
 * Whether nothing of the conversation was left out under the checkpoint: every message chain that `gov` registers, every
 * number of it, every object of each, by its directory (bundle format section 5.1).
 */
export function judgeCompleteness(
  context: BundleContext,
  scope: ConversationScope,
  position: Position | undefined,
  manifests: ReadonlyMap<string, BundleManifest>,
  objects: ReadonlyMap<string, CheckedObject>,
): Completeness {
  let whole = position !== undefined;
  const covered = { chains: 0, segments: 0, objects: 0, unattributed: 0 };
  const exceptions: CompletenessException[] = [];
  const missing = (place: string, message: string): void => {
    whole = false;
    context.add(finding('BUNDLE_INCOMPLETE', place, message));
  };
  if (position === undefined) missing('bundle.json', 'without a checkpoint nothing says which segments there are.');
  const key = fromHex(scope.key, scope.key.length / 2);
  const chains = [...context.state.chains.keys()].filter((chain) => parseMessageChain(chain) !== undefined);
  for (const chain of chains) {
    covered.chains++;
    const next = position?.heads.get(chain)?.next ?? 0;
    let expected = 0;
    // Holes are told as ranges: the heads of a hostile log may count to any number.
    const hole = (before: number): void => {
      if (expected < before)
        missing(
          `${chain} ${expected}`,
          `the segments ${expected} to ${before - 1} are under the checkpoint, and their manifests are not proven in the bundle.`,
        );
    };
    for (const { manifest } of present(chain, manifests, next)) {
      hole(manifest.seq);
      expected = manifest.seq + 1;
      covered.segments++;
      for (const object of manifest.objects) judgeObject(chain, manifest.seq, object);
    }
    hole(next);
  }
  return { complete: whole ? (exceptions.length > 0 ? 'with exceptions' : 'yes') : 'no', exceptions, ...covered };

  function judgeObject(chain: string, seq: number, object: ManifestObject): void {
    const where = `${chain} ${seq} object ${object.no}`;
    const checked = objects.get(`${manifestKeyOf(chain, seq)} ${object.no}`);
    if (checked === undefined) {
      missing(where, 'nothing in the bundle says whether this object holds a part of the conversation.');
      return;
    }
    covered.objects++;
    covered.unattributed += object.directory.unattributed.count;
    const { directory } = checked.proof;
    if (directory === undefined) {
      exceptions.push({ chain, seq, no: object.no, cohort: `${object.cohort.class}/${object.cohort.period}`, reason: CLOSED });
      // No event of gov of this version certifies the destruction of keys, so nothing excuses the gap.
      context.add(finding('BUNDLE_OBJECT_CLOSED', where, `${CLOSED}, and gov has no certificate that its keys were destroyed.`));
      return;
    }
    const problem = directoryProblem(context.crypto, object, directory, key) ?? leavesProblem(context.crypto, object, directory, key, checked);
    if (problem !== undefined) missing(where, problem);
  }
}

/** Proven manifests of a chain under the checkpoint, ascending. */
function present(chain: string, manifests: ReadonlyMap<string, BundleManifest>, next: number): BundleManifest[] {
  const mine = [...manifests.values()].filter(({ manifest, proven }) => manifest.chain === chain && proven && manifest.seq < next);
  return mine.sort((a, b) => a.manifest.seq - b.manifest.seq);
}

/** What is wrong with the directory's answer, whatever it is: its key, and the way of its entries to the root. */
function directoryProblem(crypto: Crypto, object: ManifestObject, { labelKey, entries }: DirectoryProof, key: Uint8Array): string | undefined {
  const { labelCommitment: commitment } = object.directory;
  const committed = labelKey === undefined ? undefined : toHex(labelCommitment(crypto, labelKey));
  if (committed !== commitment) return 'the label key is not the one that the manifest commits to.';
  for (const { index, entry, path } of entries) {
    const reached = rootFromPath(crypto, leafHash(crypto, entry), index, object.directory.entries, path);
    if (reached === undefined || toHex(reached) !== object.directory.root)
      return `directory entry ${index} does not lead to the root of the manifest.`;
  }
  return isPresent(crypto, labelKey, entries, key) ? undefined : absenceProblem(labelOf(crypto, labelKey, key), object, entries);
}

function labelOf(crypto: Crypto, labelKey: Uint8Array | undefined, key: Uint8Array): Uint8Array {
  return crypto.hmacSha256(labelKey ?? new Uint8Array(32), key);
}

function isPresent(crypto: Crypto, labelKey: Uint8Array | undefined, entries: readonly DirectoryEntryProof[], key: Uint8Array): boolean {
  const [only] = entries;
  return entries.length === 1 && only !== undefined && equalBytes(parseDirectoryEntry(only.entry).label, labelOf(crypto, labelKey, key));
}

/** Neighbours that stand side by side around the label, or one at an end, or a directory without entries. */
function absenceProblem(label: Uint8Array, object: ManifestObject, entries: readonly DirectoryEntryProof[]): string | undefined {
  const [first, second] = entries;
  const last = object.directory.entries - 1;
  if (first === undefined) return object.directory.entries === 0 ? undefined : 'its directory has entries, and the bundle shows none.';
  const below = compareBytes(parseDirectoryEntry(first.entry).label, label) < 0;
  const above = compareBytes(parseDirectoryEntry((second ?? first).entry).label, label) > 0;
  if (second !== undefined)
    return second.index === first.index + 1 && below && above ? undefined : 'the two directory entries are not the neighbours of the label.';
  return (first.index === 0 && above) || (first.index === last && below)
    ? undefined
    : 'one directory entry proves absence only as the first above or the last below the label.';
}

/** The leaves are exactly those that the directory counts for the conversation. */
function leavesProblem(
  crypto: Crypto,
  object: ManifestObject,
  { labelKey, entries }: DirectoryProof,
  key: Uint8Array,
  checked: CheckedObject,
): string | undefined {
  const [only] = entries;
  if (only === undefined || !isPresent(crypto, labelKey, entries, key))
    return checked.proof.leaves.length === 0 ? undefined : 'records are proven, and the directory says that there are none.';
  const { count, root } = parseDirectoryEntry(only.entry);
  if (checked.leaves.length !== checked.proof.leaves.length) return 'records of it are not proven.';
  if (checked.leaves.length !== count) return `the directory counts ${count} records of the conversation, the bundle has ${checked.leaves.length}.`;
  const leaves = checked.leaves.map(({ proof }) => proof.leaf);
  return equalBytes(rootOf(crypto, leaves), root) ? undefined : 'the records are not those of the conversation.';
}

/** Manifests and proofs of a bundle of a whole conversation that lie behind the checkpoint, or in no registered chain. */
export function superfluousManifests(context: BundleContext, position: Position | undefined, manifests: ReadonlyMap<string, BundleManifest>): void {
  for (const { manifest } of manifests.values()) {
    if (manifest.seq < (position?.heads.get(manifest.chain)?.next ?? 0)) continue;
    const name = entryName({ kind: 'manifest', chain: manifest.chain, seq: manifest.seq });
    context.add(finding('BUNDLE_SCOPE_DIFFERS', name, 'it is not under the checkpoint.'));
  }
}
