import { fromBase64Url } from '@holdfast/seal';
import { LOG_SIGNATURE, logKeyOf, verifierKey } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import type { VerifyContext } from '../context.js';

/** Keys that may sign checkpoints: that of the genesis and those that `gov` has introduced since. */
export function logKeysOf({ crypto, genesis, state }: Pick<VerifyContext, 'crypto' | 'genesis' | 'state'>): VerifierKey[] {
  const { origin } = genesis.log;
  return [logKeyOf(crypto, genesis.log), ...[...state.logKeys.values()].map(({ x }) => verifierKey(crypto, origin, LOG_SIGNATURE, fromBase64Url(x)))];
}
