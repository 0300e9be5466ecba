import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDate } from './dates.js';
import { Zone } from './zone.js';

function read(text: string, zone: string): string[] | string {
  const date = parseDate(text, { zone: new Zone(zone), now: Date.UTC(2024, 2, 31, 12) });
  return typeof date === 'string' ? date : [new Date(date.from).toISOString(), new Date(date.to).toISOString()];
}

describe('dates in a zone', () => {
  it.each([
    ['a day of 23 hours', '2024-03-31', 'Europe/Berlin', ['2024-03-30T23:00:00.000Z', '2024-03-31T22:00:00.000Z']],
    ['a day of 25 hours', '2024-10-27', 'Europe/Berlin', ['2024-10-26T22:00:00.000Z', '2024-10-27T23:00:00.000Z']],
    ['a day without midnight', '2024-03-31', 'Asia/Beirut', ['2024-03-30T22:00:00.000Z', '2024-03-31T21:00:00.000Z']],
    ['a day with midnight twice', '2024-11-03', 'America/Havana', ['2024-11-03T04:00:00.000Z', '2024-11-04T05:00:00.000Z']],
    ['half an hour of summer time', '2024-04-07', 'Australia/Lord_Howe', ['2024-04-06T13:00:00.000Z', '2024-04-07T13:30:00.000Z']],
    ['a day that a zone left out', '2011-12-30', 'Pacific/Apia', 'impossible'],
    ['the day after it', '2011-12-31', 'Pacific/Apia', ['2011-12-30T10:00:00.000Z', '2011-12-31T10:00:00.000Z']],
    ['a time that clocks jump over', '2024-03-31T02:30', 'Europe/Berlin', 'impossible'],
    ['a time that clocks show twice', '2024-10-27T02:30', 'Europe/Berlin', 'ambiguous'],
    ['the same time with its offset', '2024-10-27T02:30+01:00', 'Europe/Berlin', ['2024-10-27T01:30:00.000Z', '2024-10-27T01:31:00.000Z']],
    ['the end of a shorter month', 'today-1m', 'Europe/Berlin', ['2024-02-28T23:00:00.000Z', '2024-02-29T23:00:00.000Z']],
  ])('reads %s', (_, text, zone, expected) => {
    expect(read(text, zone)).toEqual(expected);
  });

  it('finds every instant again by what clocks show at it', () => {
    const zones = ['Europe/Berlin', 'Asia/Shanghai', 'Pacific/Apia', 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Casablanca'].map(
      (name) => new Zone(name),
    );
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) }), (zone, instant) => {
        expect(zone.instants(zone.local(instant))).toContain(instant);
      }),
    );
  });

  it('names offsets', () => {
    expect(new Zone('America/St_Johns').offsetName(0)).toBe('UTC-03:30');
    expect(new Zone('UTC').offsetName(-1)).toBe('UTC+00:00');
  });
});
