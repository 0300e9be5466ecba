import { HoldfastError } from '@holdfast/record';

/** Class number and name of governance and access logs. */
export const LEDGER_CLASS = { name: 'ledger', number: 0 } as const;

/** Retention class × period: expiry month `YYYY-MM`, for `ledger` the year of sealing `YYYY`. */
export interface Cohort {
  readonly className: string;
  readonly classNumber: number;
  readonly period: string;
}

/** The `u16` that stands in leaves. @throws HoldfastError `format_malformed` */
export function periodCode(cohort: Pick<Cohort, 'classNumber' | 'period'>): number {
  const shape = cohort.classNumber === LEDGER_CLASS.number ? /^(\d{4})$/ : /^(\d{4})-(0[1-9]|1[0-2])$/;
  const match = shape.exec(cohort.period);
  const year = Number(match?.[1]);
  if (match === null || year < 2000 || year > 7000)
    throw new HoldfastError('format_malformed', `${JSON.stringify(cohort.period)} is not a period of class number ${cohort.classNumber}`);
  return (year - 2000) * 12 + Number(match[2] ?? 0);
}

/** Last second of the month `YYYY-MM` (UTC), or of the December of a year. */
export function endOfPeriod(period: string): Date {
  const [year = '', month = '12'] = period.split('-');
  return new Date(Date.UTC(Number(year), Number(month), 1) - 1000);
}

/** `at` plus months: same day, or the month's last day. */
export function addMonths(at: Date, months: number): Date {
  const first = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1));
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return new Date(first.getTime() + (Math.min(at.getUTCDate(), lastDay) - 1) * 86_400_000 + (at.getTime() % 86_400_000));
}

/** Month `YYYY-MM` of `at`. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** The last second of the month that lies `months` after `clock`: what section 12 of the format calls retain-until. */
export function retainUntil(clock: Date, months: number): Date {
  return endOfPeriod(monthOf(addMonths(clock, months)));
}

/** `YYYY-MM-DDTHH:MM:SSZ`, the spelling of lock dates. */
export function lockDate(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
