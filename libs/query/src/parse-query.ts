import type { Query } from './ast.js';
import { Diagnostics } from './diagnostics.js';
import type { Bilingual, Diagnostic } from './diagnostics.js';
import { Lexer } from './lexer.js';
import { MAX_DEPTH, MAX_QUERY_LENGTH } from './limits.js';
import { Parser } from './parser.js';
import { Resolver } from './resolve.js';
import { depthOf, onlyExcludes, toCanonical, toQuery, toReading } from './resolved.js';
import { Zone } from './zone.js';

export interface ParseOptions {
  /** Name of a zone of the tz database: what dates without an offset mean. Stored with every search. */
  readonly timeZone: string;
  /** Milliseconds since 1970 UTC: what `today` means. */
  readonly now: number;
  /** Default 8,000; a canonical form can be longer than the query that it came from. */
  readonly maxLength?: number;
}

export interface ParsedQuery {
  readonly ok: true;
  readonly query: Query;
  /** Stored with the search: reads back, in any zone and at any time, as an equal query (pass `maxLength`). */
  readonly canonical: string;
  readonly reading: Bilingual;
  /** Warnings and information. */
  readonly warnings: readonly Diagnostic[];
}

export interface RefusedQuery {
  readonly ok: false;
  /** At least one, in the order of the text. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

// Copied with text from mail and word processors; between the letters of AND they would make it a word.
const HIDDEN = /[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/u;

/** Takes invisible characters out; `offsets` lead from what is left to what was submitted. */
function withoutHidden(text: string): { readonly clean: string; readonly offsets: readonly number[]; readonly hidden: readonly number[] } {
  let clean = '';
  const offsets: number[] = [];
  const hidden: number[] = [];
  for (let index = 0; index < text.length; index++) {
    if (HIDDEN.test(text.charAt(index))) hidden.push(index);
    else {
      clean += text.charAt(index);
      offsets.push(index);
    }
  }
  return { clean, offsets, hidden };
}

/**
 * Reads a query of the language of `docs/query-language.md`. What cannot mean what it says is refused, with every
 * independent mistake and where it is; what other tools read differently is a warning. Never throws because of `text`.
 * @throws HoldfastError `bad_request` when the runtime does not know the time zone
 */
export function parseQuery(text: string, options: ParseOptions): ParsedQuery | RefusedQuery {
  const zone = new Zone(options.timeZone);
  const limit = options.maxLength ?? MAX_QUERY_LENGTH;
  const { clean, offsets, hidden } = withoutHidden(text.length > limit ? '' : text.toWellFormed());
  const diagnostics = new Diagnostics((index) => offsets[index] ?? text.length);
  if (text.length > limit) {
    const details = { length: String(text.length), limit: String(limit) };
    diagnostics.reportOriginal('tooLong', { start: limit, end: text.length }, details);
    diagnostics.close();
  }
  for (const index of hidden) {
    const code = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0');
    diagnostics.reportOriginal('hiddenChar', { start: index, end: index + 1 }, { value: `U+${code}` });
  }
  const node = new Parser(new Lexer(clean, diagnostics.report).lexemes(), clean.length, diagnostics).parse();
  const resolved = node === undefined ? undefined : new Resolver({ zone, now: options.now }, diagnostics).resolve(node);
  const whole = { start: 0, end: clean.length };
  if (resolved !== undefined && depthOf(resolved) > MAX_DEPTH) diagnostics.report('tooDeep', whole, { limit: String(MAX_DEPTH) });
  if (resolved !== undefined && onlyExcludes(resolved)) diagnostics.report('onlyNot', whole);
  const all = diagnostics.list(text);
  const errors = all.filter(({ severity }) => severity === 'error');
  const warnings = all.filter(({ severity }) => severity !== 'error');
  if (resolved === undefined || errors.length > 0) return { ok: false, errors, warnings };
  return { ok: true, query: toQuery(resolved), canonical: toCanonical(resolved), reading: toReading(resolved), warnings };
}
