import type { ZoneOffset } from './bundle-index.js';

const LEAST = -62_135_596_800_000n;
const MOST = 253_402_300_799_999n;

/** A moment that a date can be made of (years 1 to 9999); others are shown as the number they are. */
export function isDate(millis: bigint): boolean {
  return millis >= LEAST && millis <= MOST;
}

/**
 * UTC offsets of a time zone at the given moments, as the machine's time-zone data has them: each holds from its moment to the
 * next. They are part of the bundle, because another machine may have other data, and the transcript must be the same there.
 * undefined for a zone that this machine does not know.
 */
export function zoneOffsets(timeZone: string, moments: Iterable<bigint>): ZoneOffset[] | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    // RangeError for an unknown zone, and nothing else is thrown here.
    return undefined;
  }
  const sorted = [...new Set(moments)].filter(isDate).sort((a, b) => (a < b ? -1 : 1));
  const offsets: ZoneOffset[] = [];
  for (const moment of sorted) {
    const at = new Date(Number(moment));
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const offset = name === 'GMT' ? '+00:00' : name.replace(/^GMT/, '').replace('\u2212', '-');
    if (offsets.at(-1)?.offset !== offset) offsets.push({ from: at.toISOString(), offset });
  }
  return offsets;
}

/** `2026-03-01 10:15:30.123 +08:00`. Before the first offset the first one holds; without any it is UTC. */
export function localTime(millis: bigint, offsets: readonly ZoneOffset[]): string {
  const at = Number(millis);
  let offset = offsets[0]?.offset ?? '+00:00';
  for (const each of offsets) if (Date.parse(each.from) <= at) offset = each.offset;
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const shift = (offset.startsWith('-') ? -1000 : 1000) * (hours * 3600 + minutes * 60 + seconds);
  const local = new Date(at + shift).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 23)} ${offset}`;
}
