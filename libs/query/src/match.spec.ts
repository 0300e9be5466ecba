import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KeywordField, Query, TextField } from './ast.js';
import type { SearchableDocument } from './document.js';
import { matches } from './match.js';

const EMPTY: SearchableDocument = {
  id: '',
  sentAt: 0,
  capture: '',
  kind: '',
  platform: '',
  workspace: '',
  conversation: '',
  thread: '',
  sender: [],
  participants: [],
  has: [],
  is: [],
  fileNames: [],
  body: [],
  subject: [],
  conversationName: [],
};

const word = fc.constantFrom('a', 'b', 'c');
const words = fc.array(word, { maxLength: 6 });
const textField = fc.constantFrom<TextField>('body', 'subject', 'conversationName');
const keywordField = fc.constantFrom<KeywordField>('id', 'kind', 'thread', 'sender', 'has', 'fileNames');

const document: fc.Arbitrary<SearchableDocument> = fc
  .record({ id: word, kind: word, thread: fc.constantFrom('', 'a'), sender: words, has: words, fileNames: words, body: words, subject: words })
  .chain((fields) => fc.nat(5).map((sentAt) => ({ ...EMPTY, ...fields, sentAt })));

const { query } = fc.letrec<{ query: Query; leaf: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), items: fc.array(tie('query'), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('not' as const), item: tie('query') }),
  ),
  leaf: fc.oneof(
    fc.record({ kind: fc.constantFrom('all' as const, 'none' as const) }),
    fc.record({
      kind: fc.constant('phrase' as const),
      fields: fc.array(textField, { minLength: 1, maxLength: 2 }),
      tokens: fc.array(word, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('keyword' as const), field: keywordField, value: word }),
    fc.record({ kind: fc.constant('sent' as const), from: fc.nat(5), to: fc.nat(5) }, { requiredKeys: ['kind'] }),
  ),
}));

/** Another way to the same answer: sets and joined strings. */
function bruteForce(asked: Query, { ...fields }: SearchableDocument): boolean {
  switch (asked.kind) {
    case 'all':
    case 'none':
      return asked.kind === 'all';
    case 'and':
      return asked.items.filter((item) => bruteForce(item, fields)).length === asked.items.length;
    case 'or':
      return asked.items.filter((item) => bruteForce(item, fields)).length > 0;
    case 'not':
      return !bruteForce(asked.item, fields);
    case 'phrase':
      return asked.fields.some((field) => ` ${fields[field].join(' ')} `.includes(` ${asked.tokens.join(' ')} `));
    case 'keyword':
      return new Set([fields[asked.field]].flat()).has(asked.value);
    case 'sent':
      return fields.sentAt >= (asked.from ?? -Infinity) && fields.sentAt < (asked.to ?? Infinity);
  }
}

describe('matches', () => {
  it('agrees with brute force on any query and document', () => {
    fc.assert(
      fc.property(query, document, (asked, record) => {
        expect(matches(asked, record)).toBe(bruteForce(asked, record));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a phrase at the start and the end of a field, never across two fields', () => {
    const record = { ...EMPTY, subject: ['a', 'b'], body: ['c', 'd'] };
    const phrase = (...tokens: string[]): Query => ({ kind: 'phrase', fields: ['subject', 'body'], tokens });
    expect(matches(phrase('a', 'b'), record)).toBe(true);
    expect(matches(phrase('d'), record)).toBe(true);
    expect(matches(phrase('b', 'c'), record)).toBe(false);
  });

  it('never equals a value that a document does not have', () => {
    expect(matches({ kind: 'keyword', field: 'thread', value: '' }, EMPTY)).toBe(false);
    expect(matches({ kind: 'keyword', field: 'sender', value: '' }, EMPTY)).toBe(false);
  });
});
