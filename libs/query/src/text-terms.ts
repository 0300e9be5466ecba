import type { Report, Span } from './diagnostics.js';
import { fold } from './fold.js';
import { tokenize } from './tokenize.js';

/** Text cut as the index cuts it. */
export interface TextTerm {
  readonly tokens: readonly string[];
  /** The folded text without anything that is not indexed: gives the same tokens again. */
  readonly searched: string;
}

/** Cuts query text into tokens. Reports text without any, and punctuation that the index ignores. */
export function textTerm(text: string, span: Span, report: Report): TextTerm | undefined {
  const folded = fold(text);
  const tokens = tokenize(folded);
  if (tokens.length === 0) {
    report('nothingSearchable', span, { value: text });
    return undefined;
  }
  let searched = '';
  let end = 0;
  for (const token of tokens) {
    if (token.start > end && searched !== '') searched += ' ';
    // Pieces of a token that was cut have the offsets of the whole; only the first piece shows it.
    if (token.end > end) searched += folded.slice(Math.max(token.start, end), token.end);
    end = Math.max(end, token.end);
  }
  if (searched.replaceAll(' ', '') !== folded.replace(/\s+/gu, '')) report('punctuationIgnored', span, { searched: quoted(searched) });
  return { tokens: tokens.map((token) => token.text), searched };
}

/** A value in quotation marks that reads back as it is. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\\u201c\u201d\u201e\u201f\uff02]/g, '\\$&')}"`;
}

const OPERATOR = /^(?:and|or|not|near)$/u;
const SIMPLE = /^[\p{L}\p{M}\p{N}]+$/u;

/** Text as a word where that reads back the same, else as a phrase. */
export function wordOrPhrase({ tokens, searched }: TextTerm): string {
  return tokens.length === 1 && SIMPLE.test(searched) && !OPERATOR.test(searched) ? searched : quoted(searched);
}
