import { throwIfStopped } from './context.js';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';

/** Chain, class, period, day, data key, and what should be the name of a wrap (format section 2). */
const PLACE = /^(.+)\/[a-z][a-z0-9-]*\/\d{4}(?:-\d{2})?\/(\d{4}-\d{2}-\d{2}\/[0-9a-f]{32})\/([^/]+)$/;
const NAME = /^(?:kek|escrow)\.jwe$/;

/** Notes, for each data key that is used, what manifests pin of it. */
export function usedKeys(context: VerifyContext, chain: string): Set<string> {
  let used = context.dataKeys.get(chain);
  if (used === undefined) context.dataKeys.set(chain, (used = new Set()));
  return used;
}

/**
 * Wraps of a chain under data keys that no manifest of it names: of a writer that was killed between the key and its first
 * segment, or that has only just made it. Listed, so that nobody has to wonder what they are. Ends what is known of the chain's keys.
 */
export async function checkUnusedWraps(context: VerifyContext, chain: string): Promise<void> {
  const used = new Set([...usedKeys(context, chain)].map((pin) => pin.slice(0, pin.indexOf(' '))));
  context.dataKeys.delete(chain);
  let last = '';
  for await (const { key, deleteMarker } of context.evidence.wraps(`${chain}/`)) {
    throwIfStopped(context);
    const [, its, dataKey, name] = PLACE.exec(key) ?? [];
    // Other chains have their turn; what lies beside the wraps of a used key was reported with them.
    if (its !== chain || dataKey === undefined || name === undefined || used.has(dataKey)) continue;
    const place = key.slice(0, -name.length);
    if (deleteMarker) context.add(finding('DELETE_MARKER', key, 'a delete marker hides a wrap of a data key.'));
    else if (!NAME.test(name)) context.add(finding('ORPHAN', key, 'this is not the name of a wrap.'));
    else if (place !== last) {
      last = place;
      context.add(finding('ABANDONED_ATTEMPT', place, 'wraps of a data key that no manifest names.'));
    }
  }
}

/** What lies among the wraps and belongs to no chain. */
export async function checkWrapNames(context: VerifyContext): Promise<void> {
  const known = (chain: string): boolean => context.ends.has(chain) || context.state.chains.has(chain);
  let last = '';
  for await (const { key } of context.evidence.wraps('')) {
    throwIfStopped(context);
    const [, chain] = PLACE.exec(key) ?? [];
    if (chain !== undefined && (chain === last || known(chain))) continue;
    // The archive may go on meanwhile: a chain that was registered since is one.
    if (chain !== undefined) await context.followGovernance();
    if (chain !== undefined && known(chain)) last = chain;
    else context.add(finding('ORPHAN', key, chain === undefined ? 'this is not the name of a wrap.' : `gov knows no chain ${chain}.`));
  }
}
