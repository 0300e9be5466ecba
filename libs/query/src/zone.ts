import { HoldfastError } from '@holdfast/record';

/** Local date and time; months count from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const DAY_MS = 86_400_000;

/** The number that the local time would be if it were UTC. */
export function asUtc({ year, month, day, hour, minute, second, millisecond }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
}

/** True when such a date is in the calendar and such a time on the clock. */
export function isReal(local: LocalTime): boolean {
  const date = new Date(asUtc(local));
  return (
    date.getUTCFullYear() === local.year &&
    date.getUTCMonth() === local.month - 1 &&
    date.getUTCDate() === local.day &&
    date.getUTCHours() === local.hour &&
    date.getUTCMinutes() === local.minute &&
    date.getUTCSeconds() === local.second
  );
}

/** A time zone of the tz database, by the rules that the runtime knows. */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  /** @throws HoldfastError `bad_request` when the runtime knows no such zone */
  constructor(name: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (cause) {
      throw new HoldfastError('bad_request', `unknown time zone ${JSON.stringify(name)}`, { cause });
    }
    this.name = name;
  }

  /** What clocks show at an instant. */
  local(instant: number): LocalTime {
    const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(instant)) if (type in fields) Object.assign(fields, { [type]: Number(value) });
    return { ...fields, millisecond: ((instant % 1000) + 1000) % 1000 };
  }

  #offset(instant: number): number {
    return asUtc(this.local(instant)) - instant;
  }

  /** `UTC+08:00`: what clocks are ahead by at an instant. */
  offsetName(instant: number): string {
    const minutes = Math.round(this.#offset(instant) / 60_000);
    const size = Math.abs(minutes);
    const two = (part: number): string => String(part).padStart(2, '0');
    return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  }

  /** Every instant at which clocks show this time, in order: none in a gap, two where clocks go back. */
  instants(local: LocalTime): number[] {
    const utc = asUtc(local);
    const candidates = new Set([this.#before(utc), utc - this.#offset(utc + DAY_MS)]);
    return [...candidates].filter((candidate) => candidate + this.#offset(candidate) === utc).sort((a, b) => a - b);
  }

  /**
   * The first instant at which clocks show this time or, when they jump over it, as counted on from before the jump:
   * a midnight skipped by summer time is the moment of the jump.
   */
  instant(local: LocalTime): number {
    return this.instants(local)[0] ?? this.#before(asUtc(local));
  }

  /** By the offset that was in force a day earlier: no zone is more than a day off, and none changes twice within two days. */
  #before(utc: number): number {
    return utc - this.#offset(utc - DAY_MS);
  }
}
