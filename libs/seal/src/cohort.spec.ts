import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addMonths, endOfPeriod, lockDate, monthOf, periodCode, retainUntil } from './cohort.js';

const moment = fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2100-12-31T23:59:59.999Z'), noInvalidDate: true });

describe('months', () => {
  it.each([
    ['2024-01-31T10:20:30.400Z', 1, '2024-02-29T10:20:30.400Z'],
    ['2023-01-31T00:00:00.000Z', 1, '2023-02-28T00:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 12, '2025-02-28T23:59:59.999Z'],
    ['2024-02-29T23:59:59.999Z', 48, '2028-02-29T23:59:59.999Z'],
    ['2026-12-31T23:59:59.999Z', 1, '2027-01-31T23:59:59.999Z'],
    ['2026-08-31T00:00:00.000Z', 6, '2027-02-28T00:00:00.000Z'],
    ['2099-12-31T00:00:00.000Z', 2, '2100-02-28T00:00:00.000Z'],
    ['2026-03-29T01:30:00.000Z', 0, '2026-03-29T01:30:00.000Z'],
  ])('%s plus %i is %s', (from, months, to) => {
    expect(addMonths(new Date(from), months).toISOString()).toBe(to);
  });

  it('keep the time of day and land in the right month, whatever the clocks of the world do then', () => {
    fc.assert(
      fc.property(moment, fc.nat(1200), (from, months) => {
        const to = addMonths(from, months);
        expect(to.toISOString().slice(11)).toBe(from.toISOString().slice(11));
        expect(to.getUTCFullYear() * 12 + to.getUTCMonth()).toBe(from.getUTCFullYear() * 12 + from.getUTCMonth() + months);
        expect(to.getUTCDate()).toBeLessThanOrEqual(from.getUTCDate());
      }),
    );
  });

  it('add up: two steps end in the month of one', () => {
    fc.assert(
      fc.property(moment, fc.nat(600), fc.nat(600), (from, a, b) =>
        expect(monthOf(addMonths(addMonths(from, a), b))).toBe(monthOf(addMonths(from, a + b))),
      ),
    );
  });
});

describe('the end of a period', () => {
  it.each([
    ['2024-02', '2024-02-29T23:59:59Z'],
    ['2023-02', '2023-02-28T23:59:59Z'],
    ['2026-12', '2026-12-31T23:59:59Z'],
    ['2026', '2026-12-31T23:59:59Z'],
  ])('of %s is %s', (period, end) => {
    expect(lockDate(endOfPeriod(period))).toBe(end);
  });

  it('is the last second of a month that holds the retention, never a second less', () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 1200 }), (clock, months) => {
        const until = retainUntil(clock, months);
        expect(new Date(until.getTime() + 1000).getUTCDate()).toBe(1);
        expect(until.getTime() + 999).toBeGreaterThanOrEqual(addMonths(clock, months).getTime());
        expect(lockDate(until)).toMatch(/^\d{4}-\d\d-\d\dT23:59:59Z$/);
      }),
    );
  });
});

describe('period codes', () => {
  it('number months from the year 2000, and years by month 0', () => {
    expect(periodCode({ classNumber: 1, period: '2000-01' })).toBe(1);
    expect(periodCode({ classNumber: 1, period: '2026-12' })).toBe(26 * 12 + 12);
    expect(periodCode({ classNumber: 0, period: '2026' })).toBe(26 * 12);
    expect(periodCode({ classNumber: 1, period: '7000-12' })).toBeLessThan(0x10000);
  });

  it.each([
    [1, '2026'],
    [0, '2026-01'],
    [1, '2026-00'],
    [1, '2026-13'],
    [1, '1999-12'],
    [1, '7001-01'],
    [1, ''],
    [1, '2026-1'],
    [0, '26'],
  ])('of class %i refuse %j', (classNumber, period) => {
    expect(() => periodCode({ classNumber, period })).toThrow(expect.objectContaining({ code: 'format_malformed' }));
  });
});
