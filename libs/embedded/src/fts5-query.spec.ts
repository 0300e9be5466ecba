import { describe, expect, it } from '@jest/globals';
import type { Query } from '@holdfast/query';
import { keywordToken, planQuery } from './fts5-query.js';

const word = (token: string): Query => ({ kind: 'phrase', fields: ['body'], tokens: [token] });
const not = (item: Query): Query => ({ kind: 'not', item });

describe('planQuery', () => {
  it('hands whole groups of text to FTS5, negations with a left side included', () => {
    expect(planQuery({ kind: 'and', items: [word('a'), not(word('b')), word('c')] }, 't')).toMatchObject({
      match: '(({body} : "a") AND ({body} : "c")) NOT ({body} : "b")',
      params: [],
    });
    expect(planQuery({ kind: 'or', items: [word('a'), not(word('b'))] }, 't')).toEqual({
      sql: 'd.number NOT IN (SELECT rowid FROM t WHERE t MATCH ?)',
      params: ['({body} : "b") NOT ({body} : "a")'],
    });
  });

  it('keeps what only a document knows in SQL beside the text', () => {
    expect(planQuery({ kind: 'and', items: [word('a'), { kind: 'sent', from: 1, to: 5 }] }, 't')).toEqual({
      kind: 'sql',
      match: '{body} : "a"',
      sql: '((d.sentAt >= ? AND d.sentAt < ?))',
      params: [1, 5],
    });
  });

  it('knows what can match nothing', () => {
    expect(planQuery({ kind: 'and', items: [word('a'), { kind: 'none' }] }, 't')).toBeUndefined();
    expect(planQuery(not({ kind: 'or', items: [{ kind: 'all' }, word('a')] }), 't')).toBeUndefined();
    expect(planQuery({ kind: 'sent' }, 't')).toEqual({ params: [] });
  });

  it('lets no value end its quotes or meet another one', () => {
    const values = ['', 'a', 'A', 'a"', '" OR 1', 'z', 'zz', 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(258), '👍', '\ud800'];
    const tokens = values.map((value) => keywordToken('sender', value));
    expect(new Set(tokens).size).toBe(values.length);
    for (const token of tokens) expect(token).toMatch(/^[a-z0-9]{1,300}$/);
    expect(keywordToken('has', 'a')).not.toBe(keywordToken('is', 'a'));
  });
});
