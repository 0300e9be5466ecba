import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Query } from './ast.js';
import { highlights } from './highlight.js';
import { hostileText } from '../test/hostile-text.js';
import { parseQuery } from './parse-query.js';
import { tokenTexts } from './tokenize.js';

function parsed(text: string): Query {
  const result = parseQuery(text, { timeZone: 'UTC', now: 0 });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.query;
}

function marked(query: string, text: string, field?: 'body' | 'subject'): string[] {
  return highlights(parsed(query), text, field).map(({ start, end }) => text.slice(start, end));
}

describe('highlights', () => {
  it.each([
    ['budget', 'The Budget, the BUDGET.', ['Budget', 'BUDGET']],
    ['"annual report" OR plan', 'annual—Report; plan', ['annual—Report', 'plan']],
    ['東京', '東京都と東京', ['東京', '東京']],
    ['👍', '👍👍🏽', ['👍']],
    ['👩\u200d🚀', 'x👩\u200d🚀👩', ['👩\u200d🚀']],
    ['𠀋', 'a𠀋b', ['𠀋']],
    ['שלום', 'x שלום!', ['שלום']],
    ['"a a"', 'a a a b a', ['a a a']],
    ['a "b c" "a b"', 'a b c', ['a b c']],
    ['"b c" c', 'b c', ['b c']],
    ['a NOT b', 'a b', ['a']],
    ['a NOT (NOT b)', 'a b', ['a', 'b']],
    ['from:bob has:link sent:2024', 'bob link 2024', []],
    ['subject:plan', 'plan', []],
  ])('marks %s in %j', (query, text, expected) => {
    expect(marked(query, text)).toEqual(expected);
  });

  it('marks the field that it is told', () => {
    expect(marked('subject:plan body:x', 'plan x', 'subject')).toEqual(['plan']);
  });

  it('marks nothing for all and none', () => {
    expect(highlights({ kind: 'or', items: [{ kind: 'all' }, { kind: 'none' }] }, 'x')).toEqual([]);
  });

  it('gives ascending ranges without overlap that hold the tokens asked for', () => {
    fc.assert(
      fc.property(hostileText(), fc.nat(20), fc.integer({ min: 1, max: 3 }), (text, from, count) => {
        const tokens = tokenTexts(text).slice(from, from + count);
        if (tokens.length === 0) return;
        const ranges = highlights({ kind: 'phrase', fields: ['body'], tokens }, text);
        expect(ranges).not.toEqual([]);
        for (const [index, { start, end }] of ranges.entries()) {
          expect(start).toBeGreaterThanOrEqual(ranges[index - 1]?.end ?? 0);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(tokenTexts(text.slice(start, end)).join('')).toContain(tokens.join(''));
        }
      }),
    );
  });
});
