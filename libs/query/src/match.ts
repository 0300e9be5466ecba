import type { Query } from './ast.js';
import type { SearchableDocument } from './document.js';

function isAt(stream: readonly string[], index: number, tokens: readonly string[]): boolean {
  for (let offset = 0; offset < tokens.length; offset++) if (stream[index + offset] !== tokens[offset]) return false;
  return true;
}

/** Places where `tokens` stand side by side in `stream`, in order; places may overlap. */
export function phrasePlaces(stream: readonly string[], tokens: readonly string[]): number[] {
  const places: number[] = [];
  for (let index = 0; index + tokens.length <= stream.length; index++) if (isAt(stream, index, tokens)) places.push(index);
  return places;
}

function hasPhrase(stream: readonly string[], tokens: readonly string[]): boolean {
  for (let index = 0; index + tokens.length <= stream.length; index++) if (isAt(stream, index, tokens)) return true;
  return false;
}

/**
 * Whether a document matches: the definition of what every index engine must answer. An `and` of nothing matches all, an
 * `or` of nothing matches none; a phrase lies within one field.
 */
export function matches(query: Query, document: SearchableDocument): boolean {
  switch (query.kind) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return query.items.every((item) => matches(item, document));
    case 'or':
      return query.items.some((item) => matches(item, document));
    case 'not':
      return !matches(query.item, document);
    case 'phrase':
      return query.fields.some((field) => hasPhrase(document[field], query.tokens));
    case 'keyword': {
      const value = document[query.field];
      // An empty string in a document means "has none", which no value equals.
      return typeof value === 'string' ? value !== '' && value === query.value : value.includes(query.value);
    }
    case 'sent':
      return (query.from === undefined || document.sentAt >= query.from) && (query.to === undefined || document.sentAt < query.to);
  }
}
