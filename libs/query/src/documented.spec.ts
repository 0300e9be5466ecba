import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { CATALOGUE } from './catalogue.js';
import { FIELD_NAMES, HAS_VALUES, IS_VALUES } from './fields.js';
import { parseQuery } from './parse-query.js';

const DOCUMENT = readFileSync(new URL('../../../docs/query-language.md', import.meta.url), 'utf8');

describe('docs/query-language.md', () => {
  it('lists every diagnostic in both languages, every field and every value', () => {
    for (const { code, en, zh } of Object.values(CATALOGUE)) expect(DOCUMENT).toContain(`| \`${code}\` | ${en} | ${zh} |`);
    for (const name of [...FIELD_NAMES, ...HAS_VALUES, ...IS_VALUES]) expect(DOCUMENT).toContain(`\`${name}\``);
  });

  it('shows examples that are accepted', () => {
    const cells = [...DOCUMENT.matchAll(/^\| (`[^|]*`) \|/gmu)].map((match) => String(match[1]));
    const examples = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/gu)].map((match) => String(match[1])));
    expect(examples.length).toBeGreaterThan(40);
    for (const text of examples.filter((example) => !/^[EWI]_|…/.test(example))) {
      expect([text, parseQuery(text, { timeZone: 'UTC', now: 0 }).ok]).toEqual([text, true]);
    }
  });
});
