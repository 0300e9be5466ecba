import { HoldfastError } from '@holdfast/record';
import type { Alarms } from '@holdfast/ports';
import { LEDGER_CLASS } from '@holdfast/seal';
import type { Cohort } from '@holdfast/seal';
import type { DataKey, DataKeys } from './data-keys.js';

/** The cohort of ledger content that is sealed in a year. */
export function ledgerCohort(year: number): Cohort {
  return { className: LEDGER_CLASS.name, classNumber: LEDGER_CLASS.number, period: String(year) };
}

/**
 * Key of the year for an encrypted ledger chain, or where nobody has made it in time of the year before, with an alarm: an access
 * must always be sealed, since nothing is shown before. Not of older years: whoever ignores the alarm for a whole year is stopped.
 */
export async function ledgerKey(
  dataKeys: DataKeys,
  chain: string,
  year: number,
  alarms: Pick<Alarms, 'raise' | 'clear'> | undefined,
): Promise<{ readonly cohort: Cohort; readonly key: DataKey }> {
  const cohort = ledgerCohort(year);
  try {
    const key = await dataKeys.current(chain, cohort);
    alarms?.clear('KEYS_RUNNING_OUT', chain);
    return { cohort, key };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'key_missing') throw error;
    const before = ledgerCohort(year - 1);
    const key = await dataKeys.current(chain, before).catch((cause: unknown) => {
      // What is missing is the key of this year; that the one before is not there either helps nobody.
      throw cause instanceof HoldfastError && cause.code === 'key_missing' ? error : cause;
    });
    alarms?.raise(
      'KEYS_RUNNING_OUT',
      chain,
      'warning',
      `There are no keys for ${cohort.className}/${cohort.period}: ${chain} is sealed under those of ${before.period}.`,
    );
    return { cohort: before, key };
  }
}
