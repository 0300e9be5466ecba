import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LINEAR, growth } from '../test/growth.js';
import { hostileText } from '../test/hostile-text.js';
import { parseQuery } from './parse-query.js';

const OPTIONS = { timeZone: 'Europe/Berlin', now: Date.UTC(2024, 9, 27, 1), maxLength: 100_000 };

const leaf = fc.constantFrom(
  ...['budget', 'AT&T', '"Annual Report"', '東京', '“a \\” b”', 'ﬁ½', '"and"', "l'été", '👩\u200d🚀', 'x'.repeat(70), 'a\\(b', '"\\\\ a"'],
  ...['from:Bob', 'from:(a "B C" or d)', 'participant:"x, y"', 'conversation:slack:T:C', 'conversation="\\“q\\”"', 'id:"a\\\\b"', 'thread:*'],
  ...['sent:2024', 'sent:>=2024-10-27', 'sent:<today-3m', 'sent:[2024-03 TO *]', 'sent:2024-03-31', 'sent:..2024-10-27T02:30+01:00'],
  ...['kind:message', 'has:link', 'is:(bot edited)', 'filename:"Ä.PDF"', 'subject:plan', 'body:"a\u200b-b"', 'platform:Slack', 'workspace:W'],
);

const { query } = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.tuple(tie('query'), fc.constantFrom(' ', ' AND ', ' OR ', ' or ', '  and not '), tie('query')).map((parts) => parts.join('')),
    tie('query').map((inner) => `(${inner})`),
    tie('query').map((inner) => `-(${inner})`),
  ),
}));

describe('parseQuery, for any text', () => {
  it('answers with a query or with errors whose ranges lie in the text', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const result = parseQuery(text, OPTIONS);
        if (!result.ok) expect(result.errors.length).toBeGreaterThan(0);
        for (const { start, end, line, column } of [...(result.ok ? [] : result.errors), ...result.warnings]) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(
            text
              .split('\n')
              .slice(0, line - 1)
              .join('\n').length +
              (line > 1 ? 1 : 0) +
              column -
              1,
          ).toBe(start);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('writes a canonical form that reads back as an equal query, in any zone and at any time', () => {
    fc.assert(
      fc.property(fc.oneof(query, hostileText()), (text) => {
        const result = parseQuery(text, OPTIONS);
        if (!result.ok) return;
        const again = parseQuery(result.canonical, { timeZone: 'Pacific/Apia', now: 0, maxLength: Infinity });
        expect(again).toMatchObject({ ok: true, query: result.query, canonical: result.canonical });
      }),
      { numRuns: 300 },
    );
  });

  it('accepts what the grammar allows', () => {
    fc.assert(
      fc.property(query, (text) => {
        const result = parseQuery(text, OPTIONS);
        expect(result.ok ? [] : result.errors.map(({ code }) => code).filter((code) => code !== 'E_TOO_DEEP')).toEqual([]);
      }),
    );
  });

  it.each(['a ', '( ', 'x:y ', '"a" ', '-', '[', 'sent:[', 'a~1', '\\', 'a OR ', 'from:(', '\u0301', ')', '“', '🏽', 'near(', ','])(
    'takes time proportional to the length of %j repeated',
    (part) => {
      expect(growth(part, 500, (text) => parseQuery(text, OPTIONS))).toBeLessThan(LINEAR);
    },
  );
});
