import type { Query, TextField } from './ast.js';
import { phrasePlaces } from './match.js';
import { tokenize } from './tokenize.js';

/** UTF-16 offsets into a text, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Phrases that a match can rest on: those under an even number of NOTs. */
function positivePhrases(query: Query, field: TextField, negated: boolean): readonly (readonly string[])[] {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.items.flatMap((item) => positivePhrases(item, field, negated));
    case 'not':
      return positivePhrases(query.item, field, !negated);
    case 'phrase':
      return !negated && query.fields.includes(field) ? [query.tokens] : [];
    case 'all':
    case 'none':
    case 'keyword':
    case 'sent':
      return [];
  }
}

/**
 * Where a text holds what the query asks for: ranges in ascending order, overlapping ones joined, never through a character
 * or an emoji sequence. Positive text conditions only; `field` says which field of the record the text is.
 */
export function highlights(query: Query, text: string, field: TextField = 'body'): Range[] {
  const phrases = positivePhrases(query, field, false);
  if (phrases.length === 0) return [];
  const tokens = tokenize(text);
  const stream = tokens.map((token) => token.text);
  const starts = tokens.map((token) => token.start);
  const ends = tokens.map((token) => token.end);
  const found = phrases
    .flatMap((phrase) =>
      phrasePlaces(stream, phrase).map((place) => ({
        start: Number(starts[place]),
        end: Number(ends[place + phrase.length - 1]),
      })),
    )
    .sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  for (const range of found) {
    const last = joined.at(-1);
    if (last !== undefined && range.start < last.end) last.end = Math.max(last.end, range.end);
    else joined.push({ ...range });
  }
  return joined;
}
