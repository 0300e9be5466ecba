import { describe, expect, it } from '@jest/globals';
import { withDates } from './search.js';

describe('--from and --to', () => {
  it('put a date clause behind the query', () => {
    expect(withDates('a OR b', {})).toBe('a OR b');
    expect(withDates('a OR b', { from: '2026-01-01' })).toBe('(a OR b) sent:2026-01-01..*');
    expect(withDates('"a b"', { from: '2026-01-01', to: 'today-7d' })).toBe('("a b") sent:2026-01-01..today-7d');
  });

  it('never make a query of a text that is none', () => {
    for (const text of ['a) OR (b', 'a"', '(a', '']) expect(withDates(text, { from: '2026-01-01' })).toBe(text);
  });

  it('refuse what is more than a date', () => {
    for (const from of ['2026 OR a', '2026)', '2026..2027', '"2026"', ''])
      expect(() => withDates('a', { from })).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});
