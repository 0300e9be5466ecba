import { describe, expect, it } from '@jest/globals';
import type { Query } from '@holdfast/query';
import { facet, idOf } from './elastic-document.js';
import { failureOf } from './elastic-errors.js';
import { ElasticNames } from './elastic-names.js';
import { toDsl } from './elastic-query.js';

const word = (token: string): Query => ({ kind: 'phrase', fields: ['body'], tokens: [token] });
const term = (token: string): unknown => ({ term: { body: { value: token } } });
const not = (item: Query): Query => ({ kind: 'not', item });

describe('toDsl', () => {
  it('keeps nested groups flat', () => {
    const query: Query = { kind: 'and', items: [word('a'), { kind: 'and', items: [word('b'), not({ kind: 'or', items: [word('c'), word('d')] })] }] };
    expect(toDsl(query)).toEqual({ bool: { filter: [term('a'), term('b')], must_not: [term('c'), term('d')] } });
    expect(toDsl({ kind: 'or', items: [word('a'), { kind: 'or', items: [word('b'), word('c')] }] })).toEqual({
      bool: { should: [term('a'), term('b'), term('c')], minimum_should_match: 1 },
    });
    expect(toDsl(not(not(not(word('a')))))).toEqual({ bool: { must_not: [term('a')] } });
  });

  it('asks for a phrase by its exact positions', () => {
    expect(toDsl({ kind: 'phrase', fields: ['body'], tokens: ['合', '同'] })).toEqual({ match_phrase: { body: { query: '合 同', slop: 0 } } });
  });

  it('asks for nothing that the server would refuse', () => {
    expect(toDsl({ kind: 'sent', from: -1e300, to: 1e300 })).toEqual({ match_all: {} });
    expect(toDsl({ kind: 'sent', from: 1e300 })).toEqual({ match_none: {} });
    expect(toDsl({ kind: 'sent', from: 0.5, to: 2.5 })).toEqual({ range: { sentAt: { gte: 1, lt: 3 } } });
    expect(toDsl({ kind: 'keyword', field: 'thread', value: '' })).toEqual({ match_none: {} });
  });
});

describe('names and facets', () => {
  it('keeps long values apart from each other and from every short one', () => {
    const long = ['x'.repeat(512), 'x'.repeat(513), `${'x'.repeat(513)}y`, '合'.repeat(171), '合'.repeat(170)];
    expect(new Set(long.map(facet)).size).toBe(long.length);
    expect(facet(long[0] ?? '')).toBe(long[0]);
    for (const value of long.slice(1, 4)) expect(Buffer.byteLength(facet(value))).toBeGreaterThan(512);
    expect(Buffer.byteLength(idOf('i'.repeat(600)))).toBeLessThan(512);
  });

  it('names one index per class and year, whatever the class is called', () => {
    const names = new ElasticNames('hf');
    const one = (className: string): string => names.data('g0123456789abcdef', { className, period: '2033-04' });
    expect(one('standard')).toBe('hf-g0123456789abcdef-standard-2033');
    const odd = ['Standard', 'STANDARD', 'a/b', 'a:b', '合规', 'x'.repeat(300)].map(one);
    expect(new Set(odd).size).toBe(odd.length);
    for (const name of odd) expect(name).toMatch(/^[a-z0-9.-]{1,120}$/);
    expect(names.generationOf('hf-g0123456789abcdef-standard-2033')).toBe('g0123456789abcdef');
    expect(names.generationOf('hf-test-g0123456789abcdef-meta')).toBeUndefined();
  });

  it('takes from a failure what is an identifier and nothing else', () => {
    const failure = { name: 'ResponseError', meta: { statusCode: 400, body: { error: { type: 'failed on "secret"' } } } };
    expect(failureOf(failure)).toEqual({ status: 400, type: 'unknown' });
    expect(failureOf({ name: 'ConnectionError', meta: { statusCode: 0 } })).toEqual({ type: 'ConnectionError' });
    expect(failureOf('text')).toEqual({ type: 'unknown' });
  });
});
