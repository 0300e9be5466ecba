import { boundedSentAt, refusal } from '@holdfast/ports';
import type { DocumentDifference, IndexDocument } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { KEYWORD_FIELDS, columnsOf, tokensOf } from './fts5-columns.js';
import type { TextColumns } from './fts5-columns.js';
import { keywordToken } from './fts5-query.js';
import { tablesOf } from './fts5-tables.js';

/** Tokens of one phrase of a probe; the next phrase begins with the last token of this one, so that they cannot move apart. */
const PHRASE = 1024;
const TOGETHER = 8;
const COLUMNS = ['body', 'subject', 'conversationName', 'keywords'] as const;
type Column = (typeof COLUMNS)[number];

/** FTS5 varints: seven bits a byte, the highest bit says that more follow. */
export function columnSizes(size: Uint8Array): number[] {
  const sizes: number[] = [];
  let value = 0;
  for (const byte of size) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      sizes.push(value);
      value = 0;
    }
  }
  return sizes;
}

/** The whole stream of a column as phrases, the first one anchored at the column's beginning. */
function* phrases(column: Column, tokens: readonly string[]): Generator<string> {
  for (let from = 0; from < tokens.length; from += PHRASE - 1) {
    const part = tokens.slice(from, from + PHRASE);
    if (from > 0 && part.length === 1) return;
    // Encoded tokens are [a-z0-9]: nothing in the quotes can end them.
    yield `{${column}} : ${from === 0 ? '^' : ''} "${part.join(' ')}"`;
  }
}

/**
 * Compares documents with the file. The postings themselves are asked, as a search asks them: a column holds exactly the
 * expected stream when it has that many tokens and the stream, as one phrase, begins at its first position.
 */
export class Fts5Comparison {
  readonly #db: DatabaseSync;
  readonly #text: string;
  readonly #row: StatementSync;
  readonly #size: StatementSync;
  readonly #match: StatementSync;

  constructor(db: DatabaseSync, generation: number) {
    const { chain, conversation, document, text } = tablesOf(generation);
    this.#db = db;
    this.#text = text;
    this.#row = db.prepare(
      `SELECT d.number, d.seq, d.ord, d.sentAt, d.cohort, d.unindexed, c.name AS chain, v.name AS conversation FROM ${document} d
       LEFT JOIN ${chain} c ON c.number = d.chain LEFT JOIN ${conversation} v ON v.number = d.conversation WHERE d.id = ?`,
    );
    this.#size = db.prepare(`SELECT sz FROM ${text}_docsize WHERE id = ?`);
    this.#match = db.prepare(`SELECT 1 FROM ${text} WHERE ${text} MATCH ? AND rowid = ?`);
  }

  compare(documents: readonly IndexDocument[]): DocumentDifference[] {
    const differences: { readonly id: string; readonly kind: 'missing' | 'altered'; readonly members: Set<string> }[] = [];
    /** Documents whose facets say something more: what it is only a walk over all facets can tell. */
    const unexplained = new Map<number, { readonly document: IndexDocument; readonly members: Set<string> }>();
    for (const document of documents) {
      const row = this.#row.get(document.id);
      if (row === undefined) {
        differences.push({ id: document.id, kind: 'missing', members: new Set() });
        continue;
      }
      const members = this.#facets(document, row);
      const number = Number(row['number']);
      if (this.#streams(document, number, row['unindexed'], members)) unexplained.set(number, { document, members });
      if (members.size > 0 || unexplained.has(number)) differences.push({ id: document.id, kind: 'altered', members });
    }
    if (unexplained.size > 0) this.#explain(unexplained);
    return differences.map(({ id, kind, members }) => ({ id, kind, members: [...members].sort() }));
  }

  /** Members that the table of documents holds. */
  #facets(document: IndexDocument, row: Record<string, unknown>): Set<string> {
    const expected: readonly (readonly [member: string, value: unknown])[] = [
      ['chain', document.chain],
      ['seq', document.seq],
      ['order', document.order],
      ['sentAt', boundedSentAt(document)],
      ['conversation', document.conversation],
      ['cohort', `${document.cohort.className}/${document.cohort.period}`],
    ];
    return new Set(expected.flatMap(([member, value]) => (row[member === 'order' ? 'ord' : member] === value ? [] : [member])));
  }

  /** Adds members whose postings differ; true when there are facets more than expected and it is not known which. */
  #streams(document: IndexDocument, number: number, unindexed: unknown, members: Set<string>): boolean {
    const may = refusal(document);
    const stored = this.#size.get(number)?.['sz'];
    const stub = unindexed !== 0;
    if (stub || may === 'certain') {
      // A stub that has postings would be found all the same.
      if (stub === (may === 'never') || stored !== undefined) members.add('unindexed');
      return false;
    }
    if (!(stored instanceof Uint8Array)) {
      for (const column of COLUMNS.slice(0, 3)) members.add(column);
      return false;
    }
    const sizes = columnSizes(stored);
    const columns = columnsOf(document);
    const whole = COLUMNS.every((column, i) => sizes[i] === columns[column].length);
    // What is right, as nearly everything is, takes one look.
    if (
      whole &&
      this.#holds(
        COLUMNS.flatMap((column) => [...phrases(column, columns[column])]),
        number,
      )
    )
      return false;
    for (const [i, column] of COLUMNS.entries()) {
      if (column === 'keywords') continue;
      if (sizes[i] !== columns[column].length || [...phrases(column, columns[column])].some((one) => !this.#finds(one, number))) members.add(column);
    }
    return this.#keywords(document, columns, sizes[3], number, members);
  }

  #keywords(document: IndexDocument, { keywords }: TextColumns, size: number | undefined, number: number, members: Set<string>): boolean {
    if (size === keywords.length && [...phrases('keywords', keywords)].every((one) => this.#finds(one, number))) return false;
    const before = members.size;
    for (const field of KEYWORD_FIELDS) {
      if (tokensOf(document, field).some((token) => !this.#finds(`{keywords} : "${token}"`, number))) members.add(field);
    }
    return members.size === before;
  }

  #holds(all: readonly string[], number: number): boolean {
    if (all.length === 0) return true;
    // Each token of a query holds memory of its own: a long text is asked for phrase by phrase.
    return all.length > TOGETHER ? all.every((one) => this.#finds(one, number)) : this.#finds(all.map((one) => `(${one})`).join(' AND '), number);
  }

  #finds(match: string, number: number): boolean {
    // As an integer: FTS5 takes a rowid that comes as a REAL, as every JavaScript number does, for no condition at all.
    return this.#match.get(match, BigInt(number)) !== undefined;
  }

  /** One walk over every facet of the index, for documents that have more of them than they should. */
  #explain(documents: ReadonlyMap<number, { readonly document: IndexDocument; readonly members: Set<string> }>): void {
    this.#db.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS temp.${this.#text}_words USING fts5vocab(main, '${this.#text}', instance)`);
    const found = new Map<number, string[]>();
    const rows = this.#db
      .prepare(`SELECT doc, term FROM temp.${this.#text}_words WHERE col = 'keywords' AND doc IN (SELECT value FROM json_each(?))`)
      .iterate(JSON.stringify([...documents.keys()]));
    for (const { doc, term } of rows) {
      if (typeof doc !== 'number' || typeof term !== 'string') throw new HoldfastError('index_unavailable', 'a row of the search index is damaged');
      found.set(doc, [...(found.get(doc) ?? []), term]);
    }
    for (const [number, { document, members }] of documents) {
      const left = found.get(number) ?? [];
      for (const field of KEYWORD_FIELDS) {
        const expected = tokensOf(document, field).sort();
        const code = keywordToken(field, '').charAt(0);
        const stored = left.filter((term) => term.startsWith(code)).sort();
        if (stored.join(' ') !== expected.join(' ')) members.add(field);
      }
      // Every field has what it should and they stand in another order, or a facet belongs to no field.
      if (members.size === 0) members.add('facets');
    }
  }
}
