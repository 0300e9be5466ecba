import type { Event } from './event.js';

/** Instant messages are younger than Unix time; later than 2199 is a unit mistake (milliseconds read as seconds), not a date. */
const LATEST = Date.UTC(2200, 0, 1) - 1;

const DAY = 86_400_000;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const NOT_DIGITS = -1;

/**
 * Milliseconds since 1970 UTC of a time as events carry it: RFC 3339 with any number of fraction digits (cut off, never
 * rounded up into the next millisecond), or shortened to the minute or the day. undefined when it is not a date, lies before
 * 1970 or after 2199, or has a time of day without a zone: a guess would put evidence on the wrong day.
 * Read by hand: a regular expression and Date cost five times as much, and sealing does this for every record.
 */
export function millisOf(text: string): number | undefined {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (text[4] !== '-' || text[7] !== '-' || year < 1969 || year > 2200 || !isDate(year, month, day)) return undefined;
  const midnight = daysSince1970(year, month, day) * DAY;
  if (text.length === 10) return within(midnight);
  const separator = text[10];
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  if ((separator !== 'T' && separator !== 't' && separator !== ' ') || text[13] !== ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return undefined;
  let at = 16;
  let second = 0;
  let millis = 0;
  if (text[at] === ':') {
    second = digits(text, 17, 2);
    // :60 is a leap second (RFC 3339 §5.7); it reads as the first moment of the next minute.
    if (second < 0 || second > 60) return undefined;
    at = 19;
    if (text[at] === '.') {
      const from = ++at;
      for (let scale = 100; digits(text, at, 1) >= 0; at++, scale = Math.trunc(scale / 10)) millis += digits(text, at, 1) * scale;
      if (at === from) return undefined;
    }
  }
  const zone = zoneMinutes(text, at);
  return zone === undefined ? undefined : within(midnight + (hour * 60 + minute - zone) * 60_000 + second * 1000 + millis);
}

/** When the event happened by its source, or undefined when that cannot be told; callers then use the Kafka timestamp and say so. */
export function occurredAtMillis(event: Pick<Event, 'times'>): number | undefined {
  return millisOf(event.times.occurred_at);
}

function within(millis: number): number | undefined {
  return millis >= 0 && millis <= LATEST ? millis : undefined;
}

function zoneMinutes(text: string, at: number): number | undefined {
  const sign = text[at];
  if ((sign === 'Z' || sign === 'z') && text.length === at + 1) return 0;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** Days of the Gregorian calendar, counted from March so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

/** The number that stands in `count` decimal digits, or -1. */
function digits(text: string, from: number, count: number): number {
  let number = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    // Beyond the end charCodeAt is NaN, which fails this test too.
    if (!(digit >= 0 && digit <= 9)) return NOT_DIGITS;
    number = number * 10 + digit;
  }
  return number;
}
