import type { Event } from './event.js';

/** Instant messages are younger than Unix time; later than 2199 is a unit mistake (milliseconds read as seconds), not a date. */
const LATEST = Date.UTC(2200, 0, 1) - 1;

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(?:[Zz]|([+-])(\d\d):(\d\d)))?$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Milliseconds since 1970 UTC of a time as events carry it: RFC 3339 with any number of fraction digits (cut off, never
 * rounded up into the next millisecond), or shortened to the minute or the day. undefined when it is not a date, lies before
 * 1970 or after 2199, or has a time of day without a zone: a guess would put evidence on the wrong day.
 */
export function millisOf(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = match;
  const y = Number(year);
  const m = Number(month);
  const d = Number(day);
  if (m < 1 || m > 12 || d < 1 || d > (DAYS[m - 1] ?? 0)) return undefined;
  if (m === 2 && d === 29 && (y % 4 !== 0 || (y % 100 === 0 && y % 400 !== 0))) return undefined;
  // :60 is a leap second (RFC 3339 §5.7); it reads as the first moment of the next minute.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60 || Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const millis = Date.UTC(y, m - 1, d, Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, '0'))) - zone;
  // Date.UTC reads the years 0 to 99 as 1900 and later.
  return y >= 1969 && millis >= 0 && millis <= LATEST ? millis : undefined;
}

/** When the event happened by its source, or undefined when that cannot be told; callers then use the Kafka timestamp and say so. */
export function occurredAtMillis(event: Pick<Event, 'times'>): number | undefined {
  return millisOf(event.times.occurred_at);
}
