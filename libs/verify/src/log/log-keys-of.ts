import { fromBase64Url } from '@holdfast/seal';
import { LOG_SIGNATURE, logKeyOf, verifierKey } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import type { VerifyContext } from '../context.js';

/** Keys that may sign checkpoints of `size` entries: that of the genesis and those that `gov` has introduced since; a closed one ends at a size. */
export function logKeysOf({ crypto, genesis, state }: Pick<VerifyContext, 'crypto' | 'genesis' | 'state'>, size = 0): VerifierKey[] {
  const { origin, key } = genesis.log;
  const open = (kid: string): boolean => size <= (state.closedLogKeys.get(kid)?.size ?? Number.POSITIVE_INFINITY);
  const later = [...state.logKeys.values()].filter(({ kid }) => kid !== key.kid && open(kid));
  return [
    ...(open(key.kid) ? [logKeyOf(crypto, genesis.log)] : []),
    ...later.map(({ x }) => verifierKey(crypto, origin, LOG_SIGNATURE, fromBase64Url(x))),
  ];
}
