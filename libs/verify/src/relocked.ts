import { retainUntil } from '@holdfast/seal';
import type { VerifyContext } from './context.js';

/**
 * To when something must be locked that everything else depends on: to `least`, its horizon when it was stored, and since the last
 * relocking (vault format, section 12) to the longest period of any class counted from then.
 */
export function demandedLock({ state }: Pick<VerifyContext, 'state'>, least: Date): Date {
  if (state.relocked === undefined) return least;
  const since = retainUntil(new Date(state.relocked.time), Math.max(0, state.relocked.months - 12));
  return since > least ? since : least;
}
