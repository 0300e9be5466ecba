import type { IndexDocument } from '@holdfast/ports';
import type { Query } from '@holdfast/query';

function hasPhrase(stream: readonly string[], tokens: readonly string[]): boolean {
  return stream.some((_, start) => tokens.every((token, index) => stream[start + index] === token));
}

/** Whether `document` answers `query`, read straight off the AST. */
export function matches(query: Query, document: IndexDocument): boolean {
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
      return typeof value === 'string' ? value === query.value : value.includes(query.value);
    }
    case 'sent':
      return document.sentAt >= (query.from ?? -Infinity) && document.sentAt < (query.to ?? Infinity);
  }
}
