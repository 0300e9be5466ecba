import type { RetentionClass } from '@holdfast/governance';
import type { CohortName } from '@holdfast/ports';
import { KEY_MONTHS_AHEAD, cohortsNeeded } from '@holdfast/vault';

/** A cohort without keys, and the first day on which sealing can need it. */
export interface MissingKeys {
  readonly cohort: CohortName;
  readonly neededFrom: Date;
}

/** The cohort without keys that sealing can need first, within two years. */
export function firstMissingKeys(classes: readonly RetentionClass[], present: readonly CohortName[], now: Date): MissingKeys | undefined {
  const has = new Set(present.map(nameOf));
  const missing = cohortsNeeded(classes, now)
    .filter((cohort) => !has.has(nameOf(cohort)))
    .map((cohort) => ({ cohort, neededFrom: neededFrom(cohort, classes, now) }));
  return missing.sort((a, b) => a.neededFrom.getTime() - b.neededFrom.getTime())[0];
}

/** A class reaches its longest cohort first: a record's own time may lengthen its period up to the bound. */
function neededFrom(cohort: CohortName, classes: readonly RetentionClass[], now: Date): Date {
  const rule = classes.find(({ name }) => name === cohort.className);
  const [year = 0, month] = cohort.period.split('-').map(Number);
  const first =
    month === undefined ? Date.UTC(year, 0) : Date.UTC(year, month - 1 - (rule?.months ?? KEY_MONTHS_AHEAD) - (rule?.lengthenMonths ?? 0));
  return new Date(Math.max(first, now.getTime()));
}

function nameOf({ className, period }: CohortName): string {
  return `${className}/${period}`;
}
