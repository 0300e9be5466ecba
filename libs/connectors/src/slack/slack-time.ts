/** Latest second that reads as a date before 2200. */
const LAST_SECOND = 7_258_118_399;

/**
 * RFC 3339 of a Slack `ts` (`1700000000.000200`), digit for digit: it is an id and a time, and a float would lose its end.
 * undefined when it is no such time.
 */
export function timeOfTs(ts: string): string | undefined {
  const match = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(ts);
  if (match === null) return undefined;
  const [, seconds = '', fraction] = match;
  const base = timeOfSeconds(Number(seconds));
  return base === undefined || fraction === undefined ? base : `${base.slice(0, -1)}.${fraction}Z`;
}

/** RFC 3339 of whole seconds since 1970. */
export function timeOfSeconds(seconds: unknown): string | undefined {
  const number = typeof seconds === 'string' && /^\d{1,10}$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0 || number > LAST_SECOND) return undefined;
  return new Date(number * 1000).toISOString().replace('.000Z', 'Z');
}
