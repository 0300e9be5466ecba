import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { millisOf } from './occurred-at.js';

describe('millisOf', () => {
  it('agrees with Date on every millisecond from 1970 to 2199, in every zone', () => {
    const zone = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2199-12-31T23:59:59.999Z'), noInvalidDate: true }), zone, (date, minutes) => {
        expect(millisOf(date.toISOString())).toBe(date.getTime());
        const local = new Date(date.getTime() + minutes * 60_000);
        fc.pre(local.getTime() >= 0 && local.getUTCFullYear() < 2200);
        const two = (n: number) => String(n).padStart(2, '0');
        const offset = `${minutes < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
        expect(millisOf(local.toISOString().replace('Z', offset))).toBe(date.getTime());
      }),
    );
  });

  it('cuts finer fractions off and never rounds into the next millisecond', () => {
    expect(millisOf('2023-11-14T22:13:20.999999999Z')).toBe(Date.UTC(2023, 10, 14, 22, 13, 20, 999));
    expect(millisOf('2023-11-14T22:13:20.0002Z')).toBe(Date.UTC(2023, 10, 14, 22, 13, 20));
    expect(millisOf('2023-11-14T22:13:20.5Z')).toBe(Date.UTC(2023, 10, 14, 22, 13, 20, 500));
  });

  it('reads times cut off at the minute or the day, leap days and leap seconds', () => {
    expect(millisOf('2020-12-09T23:55Z')).toBe(Date.UTC(2020, 11, 9, 23, 55));
    expect(millisOf('2020-12-09')).toBe(Date.UTC(2020, 11, 9));
    expect(millisOf('2000-02-29')).toBe(Date.UTC(2000, 1, 29));
    expect(millisOf('2016-12-31t23:59:60z')).toBe(Date.UTC(2017, 0, 1));
    expect(millisOf('2024-05-01 08:00:00+08:00')).toBe(Date.UTC(2024, 4, 1));
  });

  it.each([
    ['', '1970', 'yesterday', '1700000000', '2024-01-01T', '2024-01-01T10', '2024-01-01T10:00', '2024-01-01T10:00:00', '2024-01-01T10:00:00.Z'],
    ['2023-02-29', '2100-02-29', '2024-13-01', '2024-00-10', '2024-04-31', '2024-01-01T24:00Z', '2024-01-01T10:60Z', '2024-01-01T10:00:61Z'],
    ['2024-01-01T10:00Z ', '2024-01-01T10:00+0800', '2024-01-01T10:00+24:00', '2024-01-01T10:00+08:60', '2024-01-01Z', '٢٠٢٤-01-01'],
    [
      '1969-12-31',
      '2200-01-01',
      '0024-01-01',
      '+55870-01-01T00:00:00Z',
      '55870-01-01',
      '2024/01/01',
      '2024-01/01',
      '2024-01-01X10:00Z',
      '2024-01-01T10.00Z',
    ],
  ])('refuses what is no date, no zone or absurd: %s …', (...texts) => {
    for (const text of texts) expect([text, millisOf(text)]).toEqual([text, undefined]);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0123456789-:.TZ+ x')), maxLength: 40 }), (text) => void millisOf(text)));
  });
});
