import type { Query } from './ast.js';
import type { Bilingual } from './diagnostics.js';

/** A condition on one field: what it asks for, how it is written in canonical form, how it reads. */
export interface Leaf {
  readonly type: 'leaf';
  readonly query: Query;
  readonly canonical: string;
  readonly reading: Bilingual;
}

/** A query whose names, dates and words are looked up. AND in AND and OR in OR are flattened. */
export type Resolved =
  Leaf | { readonly type: 'and' | 'or'; readonly items: readonly Resolved[] } | { readonly type: 'not'; readonly item: Resolved };

/** Joins what could be resolved; undefined when nothing could. */
export function joined(type: 'and' | 'or', items: readonly (Resolved | undefined)[]): Resolved | undefined {
  const flat = items.filter((item) => item !== undefined).flatMap((item) => (item.type === type ? item.items : [item]));
  return flat.length > 1 ? { type, items: flat } : flat[0];
}

export function toQuery(resolved: Resolved): Query {
  switch (resolved.type) {
    case 'leaf':
      return resolved.query;
    case 'not':
      return { kind: 'not', item: toQuery(resolved.item) };
    case 'and':
    case 'or':
      return { kind: resolved.type, items: resolved.items.map(toQuery) };
  }
}

/** Levels of AND, OR and NOT, a leaf being one. */
export function depthOf(resolved: Resolved): number {
  switch (resolved.type) {
    case 'leaf':
      return 1;
    case 'not':
      return 1 + depthOf(resolved.item);
    case 'and':
    case 'or':
      return 1 + Math.max(...resolved.items.map(depthOf));
  }
}

/** True when a record matches that holds nothing of what the query names: it only excludes. */
export function onlyExcludes(resolved: Resolved): boolean {
  switch (resolved.type) {
    case 'leaf':
      return false;
    case 'not':
      return !onlyExcludes(resolved.item);
    case 'and':
      return resolved.items.every(onlyExcludes);
    case 'or':
      return resolved.items.some(onlyExcludes);
  }
}

/** The form that is stored with a search: operators and brackets written out, dates as instants, words folded. */
export function toCanonical(resolved: Resolved): string {
  switch (resolved.type) {
    case 'leaf':
      return resolved.canonical;
    case 'not':
      return `NOT ${bracketed(resolved.item)}`;
    case 'and':
    case 'or':
      return resolved.items.map(bracketed).join(resolved.type === 'and' ? ' AND ' : ' OR ');
  }
}

function bracketed(item: Resolved): string {
  return item.type === 'and' || item.type === 'or' ? `(${toCanonical(item)})` : toCanonical(item);
}

const WORDS = {
  en: { and: ' and ', or: ' or ', not: 'not ', open: '(', close: ')' },
  zh: { and: '，且', or: '，或', not: '不满足', open: '（', close: '）' },
} as const;

function read(resolved: Resolved, language: keyof Bilingual): string {
  const words = WORDS[language];
  const inner = (item: Resolved): string =>
    item.type === 'and' || item.type === 'or' ? words.open + read(item, language) + words.close : read(item, language);
  switch (resolved.type) {
    case 'leaf':
      return resolved.reading[language];
    case 'not':
      return words.not + words.open + read(resolved.item, language) + words.close;
    case 'and':
    case 'or':
      return resolved.items.map(inner).join(words[resolved.type]);
  }
}

/** The query in plain words. */
export function toReading(resolved: Resolved): Bilingual {
  return { en: `Records where ${read(resolved, 'en')}.`, zh: `符合以下条件的记录：${read(resolved, 'zh')}。` };
}
