import { encodeToken } from '@holdfast/query';
import type { KeywordField, Query } from '@holdfast/query';
import { createHash } from 'node:crypto';

export type Param = string | number;

/**
 * A query as FTS5 and SQL: documents that `match` finds (absent: all) and for which `sql` over the alias `d` is true
 * (absent: always). Undefined instead of a plan: nothing can match.
 */
export interface QueryPlan {
  readonly match?: string;
  readonly sql?: string;
  readonly params: readonly Param[];
}

/**
 * What a part of a query compiles to. FTS5 has no NOT without a left side, so a negation of text stays a flag until a
 * positive part (`a NOT b`) or, at the very top, a set difference in SQL takes it up.
 */
type Part =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'text'; readonly match: string; readonly negated: boolean }
  | { readonly kind: 'sql'; readonly match?: string; readonly sql: string; readonly params: readonly Param[] };

const TRUE: Part = { kind: 'constant', value: true };
const FALSE: Part = { kind: 'constant', value: false };

const FIELD_CODES: Readonly<Record<Exclude<KeywordField, 'id'>, string>> = {
  capture: 'e',
  kind: 'k',
  platform: 'p',
  workspace: 'w',
  conversation: 'c',
  thread: 't',
  sender: 's',
  participants: 'a',
  has: 'h',
  is: 'i',
  fileNames: 'f',
};

// FTS5 cuts tokens at 32,768 bytes; long values are hashed far before, so that a lookup key stays small.
const MAX_KEYWORD = 256;

/** A facet value as one token of the column `keywords`. Codes `0` and `1` keep values and hashes of values apart. */
export function keywordToken(field: Exclude<KeywordField, 'id'>, value: string): string {
  const encoded = encodeToken(value);
  const code = FIELD_CODES[field];
  return encoded.length <= MAX_KEYWORD ? `${code}0${encoded}` : `${code}1${createHash('sha256').update(encoded).digest('hex')}`;
}

const joined = (parts: readonly string[], operator: 'AND' | 'OR'): string =>
  parts.length === 1 ? (parts[0] ?? '') : parts.map((part) => `(${part})`).join(` ${operator} `);

function without(match: string, excluded: readonly string[]): string {
  return excluded.length === 0 ? match : `(${match}) NOT (${joined(excluded, 'OR')})`;
}

class Compiler {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  compile(query: Query): Part {
    switch (query.kind) {
      case 'all':
        return TRUE;
      case 'none':
        return FALSE;
      case 'and':
        return this.#and(query.items.map((item) => this.compile(item)));
      case 'or':
        return this.#or(query.items.map((item) => this.compile(item)));
      case 'not':
        return this.#not(this.compile(query.item));
      case 'phrase':
        // Encoded tokens are [a-z0-9]: nothing in the quotes can end them.
        return query.fields.length === 0
          ? FALSE
          : { kind: 'text', match: `{${query.fields.join(' ')}} : "${query.tokens.map(encodeToken).join(' ')}"`, negated: false };
      case 'keyword':
        if (query.field === 'id') return { kind: 'sql', sql: 'd.id = ?', params: [query.value] };
        return { kind: 'text', match: `{keywords} : "${keywordToken(query.field, query.value)}"`, negated: false };
      case 'sent': {
        const { from, to } = query;
        const bounds = [...(from === undefined ? [] : ['d.sentAt >= ?']), ...(to === undefined ? [] : ['d.sentAt < ?'])];
        if (bounds.length === 0) return TRUE;
        return { kind: 'sql', sql: `(${bounds.join(' AND ')})`, params: [from, to].filter((bound) => bound !== undefined) };
      }
    }
  }

  /** `part` as a condition on `d`. */
  asSql(part: Part): { readonly sql: string; readonly params: readonly Param[] } {
    switch (part.kind) {
      case 'constant':
        return { sql: part.value ? 'TRUE' : 'FALSE', params: [] };
      case 'text':
        return { sql: `d.number ${part.negated ? 'NOT IN' : 'IN'} ${this.#found()}`, params: [part.match] };
      case 'sql':
        if (part.match === undefined) return part;
        return { sql: `(d.number IN ${this.#found()} AND ${part.sql})`, params: [part.match, ...part.params] };
    }
  }

  #found(): string {
    return `(SELECT rowid FROM ${this.#text} WHERE ${this.#text} MATCH ?)`;
  }

  #not(part: Part): Part {
    switch (part.kind) {
      case 'constant':
        return part.value ? FALSE : TRUE;
      case 'text':
        return { ...part, negated: !part.negated };
      case 'sql': {
        const { sql, params } = this.asSql(part);
        return { kind: 'sql', sql: `NOT ${sql}`, params };
      }
    }
  }

  #and(parts: readonly Part[]): Part {
    if (parts.some((part) => part.kind === 'constant' && !part.value)) return FALSE;
    const wanted: string[] = [];
    const excluded: string[] = [];
    const conditions: string[] = [];
    const params: Param[] = [];
    for (const part of parts) {
      if (part.kind === 'text') (part.negated ? excluded : wanted).push(part.match);
      if (part.kind === 'sql') {
        if (part.match !== undefined) wanted.push(part.match);
        conditions.push(part.sql);
        params.push(...part.params);
      }
    }
    if (conditions.length === 0) {
      if (wanted.length > 0) return { kind: 'text', match: without(joined(wanted, 'AND'), excluded), negated: false };
      return excluded.length > 0 ? { kind: 'text', match: joined(excluded, 'OR'), negated: true } : TRUE;
    }
    if (wanted.length > 0) {
      return { kind: 'sql', match: without(joined(wanted, 'AND'), excluded), sql: `(${conditions.join(' AND ')})`, params };
    }
    if (excluded.length > 0) {
      const difference = this.asSql({ kind: 'text', match: joined(excluded, 'OR'), negated: true });
      conditions.push(difference.sql);
      params.push(...difference.params);
    }
    return { kind: 'sql', sql: `(${conditions.join(' AND ')})`, params };
  }

  /** By De Morgan: a OR NOT b is NOT (b NOT a). */
  #or(parts: readonly Part[]): Part {
    if (parts.some((part) => part.kind === 'constant' && part.value)) return TRUE;
    const texts = parts.filter((part) => part.kind === 'text');
    const wanted = texts.filter(({ negated }) => !negated).map(({ match }) => match);
    const excluded = texts.filter(({ negated }) => negated).map(({ match }) => match);
    const text: Part =
      excluded.length > 0
        ? { kind: 'text', match: without(joined(excluded, 'AND'), wanted), negated: true }
        : wanted.length > 0
          ? { kind: 'text', match: joined(wanted, 'OR'), negated: false }
          : FALSE;
    const conditions = parts.filter((part) => part.kind === 'sql').map((part) => this.asSql(part));
    if (conditions.length === 0) return text;
    if (text.kind === 'text') conditions.push(this.asSql(text));
    return { kind: 'sql', sql: `(${conditions.map(({ sql }) => sql).join(' OR ')})`, params: conditions.flatMap(({ params }) => [...params]) };
  }
}

/** Compiles `query` for the FTS5 table `text`. Undefined: nothing can match. */
export function planQuery(query: Query, text: string): QueryPlan | undefined {
  const compiler = new Compiler(text);
  const part = compiler.compile(query);
  switch (part.kind) {
    case 'constant':
      return part.value ? { params: [] } : undefined;
    case 'text':
      return part.negated ? compiler.asSql(part) : { match: part.match, params: [] };
    case 'sql':
      return part;
  }
}
