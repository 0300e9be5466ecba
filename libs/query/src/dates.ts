import { asUtc, isReal } from './zone.js';
import type { LocalTime, Zone } from './zone.js';

/** What dates are read with. */
export interface DateContext {
  readonly zone: Zone;
  /** Milliseconds since 1970 UTC; what `today` means. */
  readonly now: number;
}

/** The instants that a date covers: `from` inclusive, `to` exclusive. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

const DATE = /^([1-9]\d{3})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/iu;
const TODAY = /^today(?:([+-])(\d{1,5})([dwmy]))?$/iu;

type Unit = 'year' | 'month' | 'day';

const DAY_MS = 86_400_000;
const START: LocalTime = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };

/** A calendar date some units on; a day that its month does not have becomes the last one. */
function shifted(local: LocalTime, unit: Unit, count: number): LocalTime {
  const month = unit === 'month' ? local.month - 1 + count : local.month - 1;
  const year = unit === 'year' ? local.year + count : local.year;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(local.day, lastDay) + (unit === 'day' ? count : 0);
  const date = new Date(Date.UTC(year, month, day));
  return { ...local, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Why a text is no date: not written like one, not in the calendar, or shown twice by clocks that go back. */
export type NoDate = 'malformed' | 'impossible' | 'ambiguous';

/** From the start of `local` to the start of the next unit: days of 23 or 25 hours come out right. */
function calendarPeriod(local: LocalTime, unit: Unit, zone: Zone): Period | NoDate {
  const from = zone.instant(local);
  const to = zone.instant(shifted(local, unit, 1));
  // A day that a zone left out when it crossed the date line (Samoa, 30 December 2011).
  return from < to ? { from, to } : 'impossible';
}

/** A time of the clock must mean one instant: in evidence nobody may guess which. */
function clockPeriod(local: LocalTime, length: number, zone: Zone): Period | NoDate {
  const [from, second] = zone.instants(local);
  if (from === undefined) return 'impossible';
  return second === undefined ? { from, to: from + length } : 'ambiguous';
}

function today(match: RegExpExecArray, { zone, now }: DateContext): Period | NoDate {
  const [, sign, digits = '0', unit = 'd'] = match;
  const count = Number(digits) * (sign === '-' ? -1 : 1);
  const { year, month, day } = zone.local(now);
  const start = { ...START, year, month, day };
  const letter = unit.toLowerCase();
  const local =
    letter === 'y'
      ? shifted(start, 'year', count)
      : letter === 'm'
        ? shifted(start, 'month', count)
        : shifted(start, 'day', letter === 'w' ? count * 7 : count);
  return local.year < 1000 || local.year > 9999 ? 'impossible' : calendarPeriod(local, 'day', zone);
}

/** Minutes of `Z` or `±hh:mm`; undefined when no clock is set so. */
function offsetMinutes(text: string): number | undefined {
  if (text.toUpperCase() === 'Z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4));
  if (hours > 18 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

// Canonical forms write instants with four digits of year: within these bounds every date has one.
const FIRST = Date.UTC(1000, 0, 3);
const LAST = Date.UTC(9999, 11, 28);

/** A date, unless it lies outside the years 1000 to 9999. */
export function parseDate(text: string, context: DateContext): Period | NoDate {
  const date = readDate(text, context);
  if (typeof date === 'string') return date;
  const slack = date.to - date.from === 1 ? 2 * DAY_MS : 0;
  return date.from < FIRST - slack || date.to > LAST + slack ? 'impossible' : date;
}

/**
 * Reads one date: a year, month, day, minute, second or millisecond, in the zone of the query unless it names an offset; or
 * `today` with a distance. A date covers its whole unit.
 */
function readDate(text: string, context: DateContext): Period | NoDate {
  const relative = TODAY.exec(text);
  if (relative !== null) return today(relative, context);
  const match = DATE.exec(text);
  if (match === null) return 'malformed';
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const local: LocalTime = {
    year: Number(year),
    month: Number(month ?? 1),
    day: Number(day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: Number((fraction ?? '').padEnd(3, '0')),
  };
  if (!isReal(local)) return 'impossible';
  if (hour === undefined) {
    return calendarPeriod(local, month === undefined ? 'year' : day === undefined ? 'month' : 'day', context.zone);
  }
  const length = second === undefined ? 60_000 : fraction === undefined ? 1000 : 1;
  if (offset === undefined) return clockPeriod(local, length, context.zone);
  const minutes = offsetMinutes(offset);
  if (minutes === undefined) return 'impossible';
  const from = asUtc(local) - minutes * 60_000;
  return { from, to: from + length };
}
