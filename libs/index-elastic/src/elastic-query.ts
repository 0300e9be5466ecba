import type { estypes } from '@elastic/elasticsearch';
import type { KeywordField, Query, TextField } from '@holdfast/query';
import { facet } from './elastic-document.js';

type Dsl = estypes.QueryDslQueryContainer;

const NONE: Dsl = { match_none: {} };
const MAX_DATE_MS = 8.64e15;
const LISTS: ReadonlySet<KeywordField> = new Set<KeywordField>(['sender', 'participants', 'has', 'is', 'fileNames']);

function phrase(field: TextField, tokens: readonly string[]): Dsl {
  const [first] = tokens;
  if (tokens.length === 1 && first !== undefined) return { term: { [field]: { value: first } } };
  // Tokens hold no white space, so the analyzer gives back exactly these, one position each; slop 0 is adjacency.
  return { match_phrase: { [field]: { query: tokens.join(' '), slop: 0 } } };
}

function any(items: readonly Dsl[]): Dsl {
  const [first] = items;
  if (first === undefined) return NONE;
  return items.length === 1 ? first : { bool: { should: [...items], minimum_should_match: 1 } };
}

function sent(from: number | undefined, to: number | undefined): Dsl {
  // Beyond the range of Date nothing was ever said, and Elasticsearch refuses the number.
  if ((from ?? 0) > MAX_DATE_MS || (to ?? 0) < -MAX_DATE_MS) return NONE;
  const range: { gte?: number; lt?: number } = {};
  if (from !== undefined && from > -MAX_DATE_MS) range.gte = Math.ceil(from);
  if (to !== undefined && to <= MAX_DATE_MS) range.lt = Math.ceil(to);
  return Object.keys(range).length === 0 ? { match_all: {} } : { range: { sentAt: range } };
}

/** The operands of nested groups of one kind as one list: the server allows 30 levels of bool. */
function flat(query: Query, kind: 'and' | 'or'): readonly Query[] {
  return query.kind === kind ? query.items.flatMap((item) => flat(item, kind)) : [query];
}

function and(items: readonly Query[]): Dsl {
  const filter: Dsl[] = [];
  const mustNot: Dsl[] = [];
  for (const item of items) {
    // NOT (a OR b) is NOT a AND NOT b: one level less.
    if (item.kind === 'not') mustNot.push(...flat(item.item, 'or').map(toDsl));
    else if (item.kind !== 'all') filter.push(toDsl(item));
  }
  const [first] = filter;
  if (mustNot.length === 0 && filter.length <= 1) return first ?? { match_all: {} };
  // A bool of must_not alone matches everything else; nothing is ever scored.
  return { bool: { ...(filter.length > 0 ? { filter } : {}), ...(mustNot.length > 0 ? { must_not: mustNot } : {}) } };
}

/** `query` for Elasticsearch. It belongs in a filter: no part of it scores. */
export function toDsl(query: Query): Dsl {
  switch (query.kind) {
    case 'all':
      return { match_all: {} };
    case 'none':
      return NONE;
    case 'and':
      return and(flat(query, 'and'));
    case 'or':
      return any(flat(query, 'or').map(toDsl));
    case 'not':
      return query.item.kind === 'not' ? toDsl(query.item.item) : and([query]);
    case 'phrase':
      return any(query.fields.map((field) => phrase(field, query.tokens)));
    case 'keyword':
      // An empty string says that a document has none: no value equals it.
      if (query.value === '' && !LISTS.has(query.field)) return NONE;
      return { term: { [query.field]: { value: query.field === 'id' ? query.value : facet(query.value) } } };
    case 'sent':
      return sent(query.from, query.to);
  }
}
