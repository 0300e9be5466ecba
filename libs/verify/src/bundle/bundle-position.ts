import { entryName, parseHeadsProof } from '@holdfast/bundle';
import { equalBytes, fromHex, leafHash, toHex } from '@holdfast/seal';
import { Heads, logKeysOf, openCheckpoint, parseEntry, rootFromInclusion } from '@holdfast/tlog';
import type { TickEntry } from '@holdfast/tlog';
import { finding } from '../findings.js';
import type { BundleContext, Position } from './bundle-context.js';

/** The checkpoint with its log signature, the tick that is its last entry, and the heads that the tick commits to. */
export async function readPosition(context: BundleContext): Promise<Position | undefined> {
  const { crypto, entries, index, add } = context;
  const place = entryName({ kind: 'checkpoint' });
  const bytes = await entries.demand(place);
  if (bytes === undefined) return undefined;
  const open = entries.parse(place, () => openCheckpoint(crypto, bytes, logKeysOf(context, context.state)), 'CHECKPOINT_INVALID');
  if (open === undefined) return undefined;
  const { origin, size, root } = open.checkpoint;
  // Whoever has a stolen key signs more than it ever signed for the archive.
  if (!logKeysOf(context, context.state, size).some(({ keyId, key }) => keyId === open.signedBy.keyId && equalBytes(key, open.signedBy.key))) {
    add(finding('CHECKPOINT_INVALID', place, `it is signed by a key of the log that was closed before ${size} entries.`));
    return undefined;
  }
  if (index.log.origin !== origin || index.log.size !== size || index.log.root !== toHex(root))
    add(
      finding('BUNDLE_INDEX_WRONG', 'bundle.json', `it names another checkpoint than the one in the bundle (${size} entries, root ${toHex(root)}).`),
    );
  const name = entryName({ kind: 'heads' });
  const stored = await entries.demand(name);
  const proof = stored === undefined ? undefined : entries.parse(name, () => parseHeadsProof(stored));
  if (proof === undefined) return undefined;
  const tick = entries.parse(name, () => parseEntry(proof.tick), 'BUNDLE_POSITION_INVALID');
  const wrong = (message: string): void => {
    add(finding('BUNDLE_POSITION_INVALID', name, message));
  };
  if (tick === undefined) return undefined;
  if (tick.type !== 'tick') {
    wrong('its entry is no tick: nothing says what else is under the checkpoint.');
    return undefined;
  }
  const reached = rootFromInclusion(crypto, leafHash(crypto, proof.tick), size - 1, size, proof.path);
  if (reached === undefined || !equalBytes(reached, root)) {
    wrong('the tick is not the last entry under the checkpoint.');
    return undefined;
  }
  const heads = new Heads();
  for (const { chain, next, hash } of proof.heads) heads.set(chain, { next, hash: fromHex(hash, 32) });
  if (!equalBytes(heads.root(crypto), tick.headsRoot) || proof.heads.length !== tick.chains) {
    wrong('the list of heads is not the one that the tick commits to.');
    return undefined;
  }
  if (new Date(index.time).getTime() !== tick.time)
    add(finding('BUNDLE_INDEX_WRONG', 'bundle.json', `it says ${index.time} as the position in time, the tick says ${timeText(tick.time)}.`));
  const position = { bytes, open, time: tick.time, heads: new Map(proof.heads.map(({ chain, next, hash }) => [chain, { next, hash }])) };
  checkGovernance(context, position, tick, wrong);
  return position;
}

/** `gov` in the bundle is exactly `gov` under the checkpoint: so no key, class or chain of that moment is missing. */
function checkGovernance(context: BundleContext, { heads }: Position, tick: TickEntry, wrong: (message: string) => void): void {
  const { state, add } = context;
  const governance = heads.get('gov');
  // Heads are numbered from 0 without a gap.
  const last = context.heads.size - 1;
  if (governance === undefined) wrong('gov is not among the heads.');
  else if (last !== governance.next) {
    add(finding('MANIFEST_MISSING', 'gov', `the bundle has ${last} good manifests of gov, under the checkpoint are ${governance.next}.`));
  } else if (context.heads.get(last) !== governance.hash)
    add(finding('LOG_DIFFERS', `gov ${last - 1}`, 'the last manifest of gov in the bundle is not the one under the checkpoint.'));
  if (tick.registered !== state.chains.size)
    wrong(`gov in the bundle registers ${state.chains.size} chains, under the checkpoint are ${tick.registered}.`);
  for (const chain of heads.keys())
    if (chain !== 'gov' && !state.chains.has(chain))
      add(finding('CHAIN_UNREGISTERED', chain, 'it has a head under the checkpoint, and gov has not registered it.'));
}

/** A moment as RFC 3339, or the number that it is. */
export function timeText(millis: number): string {
  const date = new Date(millis);
  return Number.isNaN(date.getTime()) ? String(millis) : date.toISOString();
}
