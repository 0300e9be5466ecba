import { standing } from '@holdfast/governance';
import type { PublicKey } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';
import { disputed } from './read-candidates.js';
import type { Candidate } from './read-candidates.js';

/** The manifest key that may stand under a claim of this place; undefined when `gov` has not introduced it, or has closed it. */
export function signerOf(
  { genesis, state }: Pick<VerifyContext, 'genesis' | 'state'>,
  kid: string,
  { chain, seq }: { readonly chain: string; readonly seq: number },
): PublicKey | undefined {
  const entry = state.manifestKeys.get(kid);
  if (entry !== undefined && standing(entry, chain, seq) === 'closed') return undefined;
  return kid === genesis.manifestKey.kid ? genesis.manifestKey : entry?.jwk;
}

/** Notes who has signed a committed manifest. */
export function noteSigner({ signed }: Pick<VerifyContext, 'signed'>, { manifest, kid }: Candidate): void {
  const { chain, seq } = manifest;
  const keys = signed.get(chain) ?? new Map<string, number>();
  signed.set(chain, keys.set(kid, seq));
}

/**
 * Keys that `gov` closed after a chain was walked, `gov` itself above all: its manifests are judged before what lies behind
 * them is folded.
 */
export function checkClosedKeys(context: VerifyContext): void {
  for (const [chain, keys] of context.signed) {
    for (const [kid, last] of keys) {
      const entry = context.state.manifestKeys.get(kid);
      if (entry === undefined) continue;
      const how = standing(entry, chain, last);
      if (how === 'closed')
        context.add(finding('KEY_CLOSED', `${chain} ${last}`, `it is signed by the key ${kid}, which was closed before this number of the chain.`));
      else if (how === 'disputed' && chain === 'gov') context.add(finding('KEY_DISPUTED', `${chain} ${last}`, disputed(kid)));
    }
  }
}
