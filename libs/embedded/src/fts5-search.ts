import type { IndexStatus, SearchHit } from '@holdfast/ports';
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import type { DatabaseSync } from 'node:sqlite';
import { planQuery, type Param, type QueryPlan } from './fts5-query.js';
import { tablesOf } from './fts5-tables.js';

export type Place = Pick<SearchHit, 'sentAt' | 'order'>;

export interface Selection {
  readonly newest: boolean;
  readonly limit?: number;
  readonly after?: Place;
}

const COLUMNS = 'd.id, d.chain, d.seq, d.sentAt, d.ord';

/** Rows of documents as hits; few chains have many documents, so their names are read once. */
class Hits {
  readonly #names = new Map<unknown, string>();

  constructor(db: DatabaseSync, generation: number) {
    for (const { number, name } of db.prepare(`SELECT number, name FROM ${tablesOf(generation).chain}`).all()) {
      if (typeof name === 'string') this.#names.set(number, name);
    }
  }

  parse(row: Record<string, unknown>): SearchHit {
    const { id, seq, sentAt, ord } = row;
    const chain = this.#names.get(row['chain']);
    if (typeof id !== 'string' || typeof seq !== 'number' || typeof sentAt !== 'number' || typeof ord !== 'string' || chain === undefined) {
      throw new HoldfastError('index_unavailable', 'a row of the search index is damaged');
    }
    return { id, chain, seq, sentAt, order: ord };
  }
}

/** FROM and WHERE of a plan. CROSS JOIN keeps the order: text first, one document per match, never the reverse. */
function source(generation: number, plan: QueryPlan): { readonly from: string; readonly where: string[]; readonly params: Param[] } {
  const { document, text } = tablesOf(generation);
  const condition = plan.sql === undefined ? [] : [plan.sql];
  if (plan.match === undefined) return { from: `${document} d`, where: ['d.unindexed = 0', ...condition], params: [...plan.params] };
  return {
    from: `${text} CROSS JOIN ${document} d ON d.number = ${text}.rowid`,
    where: [`${text} MATCH ?`, ...condition],
    params: [plan.match, ...plan.params],
  };
}

/** The hits of `query` in order. The iterable reads as it goes: keep the transaction open. */
export function* selectHits(db: DatabaseSync, generation: number, query: Query, { newest, limit, after }: Selection): Generator<SearchHit> {
  const plan = planQuery(query, tablesOf(generation).text);
  if (plan === undefined) return;
  const { from, where, params } = source(generation, plan);
  const [direction, beyond] = newest ? ['DESC', '<'] : ['ASC', '>'];
  if (after !== undefined) {
    // The first condition is what an index on sentAt can use.
    where.push(`d.sentAt ${beyond}= ? AND (d.sentAt ${beyond} ? OR d.ord ${beyond} ?)`);
    params.push(after.sentAt, after.sentAt, after.order);
  }
  const hits = new Hits(db, generation);
  const order = `ORDER BY d.sentAt ${direction}, d.ord ${direction} LIMIT ${String(limit ?? -1)}`;
  const rows = db.prepare(`SELECT ${COLUMNS} FROM ${from} WHERE ${where.join(' AND ')} ${order}`).iterate(...params);
  for (const row of rows) yield hits.parse(row);
}

export function countHits(db: DatabaseSync, generation: number, query: Query, status: IndexStatus): number {
  const { text } = tablesOf(generation);
  const plan = planQuery(query, text);
  if (plan === undefined) return 0;
  if (plan.match === undefined && plan.sql === undefined) return status.documents - status.unindexed;
  const { from, where, params } = source(generation, plan);
  // Only complete documents are in the text table: without a condition on documents it alone knows the number.
  const counted = plan.match !== undefined && plan.sql === undefined ? text : from;
  return Number(db.prepare(`SELECT count(*) AS n FROM ${counted} WHERE ${where.join(' AND ')}`).get(...params)?.['n']);
}

/** Nearest first. */
export function neighbours(
  db: DatabaseSync,
  generation: number,
  conversation: string,
  at: Place,
  side: 'before' | 'after',
  limit: number,
): SearchHit[] {
  const tables = tablesOf(generation);
  const [direction, beyond] = side === 'before' ? ['DESC', '<'] : ['ASC', '>'];
  const hits = new Hits(db, generation);
  return db
    .prepare(
      `SELECT ${COLUMNS} FROM ${tables.document} d WHERE d.conversation = (SELECT number FROM ${tables.conversation} WHERE name = ?)
       AND d.sentAt ${beyond}= ? AND (d.sentAt ${beyond} ? OR d.ord ${beyond} ?)
       ORDER BY d.sentAt ${direction}, d.ord ${direction} LIMIT ?`,
    )
    .all(conversation, at.sentAt, at.sentAt, at.order, limit)
    .map((row) => hits.parse(row));
}

/** A whole chain in log order. */
export function* selectChain(db: DatabaseSync, generation: number, chain: string): Generator<SearchHit> {
  const tables = tablesOf(generation);
  const hits = new Hits(db, generation);
  const rows = db
    .prepare(`SELECT ${COLUMNS} FROM ${tables.document} d WHERE d.chain = (SELECT number FROM ${tables.chain} WHERE name = ?) ORDER BY d.ord`)
    .iterate(chain);
  for (const row of rows) yield hits.parse(row);
}

/** Whatever stands under a chain's name between two places of log order. */
export function* selectHeld(db: DatabaseSync, generation: number, chain: string, from: string, to: string | undefined): Generator<SearchHit> {
  const tables = tablesOf(generation);
  const hits = new Hits(db, generation);
  const rows = db
    .prepare(
      `SELECT ${COLUMNS} FROM ${tables.document} d WHERE d.chain = (SELECT number FROM ${tables.chain} WHERE name = ?)
       AND d.ord >= ? ${to === undefined ? '' : 'AND d.ord < ?'} ORDER BY d.ord`,
    )
    .iterate(chain, from, ...(to === undefined ? [] : [to]));
  for (const row of rows) yield hits.parse(row);
}

/** Names of chains that documents bear. */
export function chainNames(db: DatabaseSync, generation: number): string[] {
  const { chain, document } = tablesOf(generation);
  const rows = db.prepare(`SELECT name FROM ${chain} c WHERE EXISTS (SELECT 1 FROM ${document} d WHERE d.chain = c.number) ORDER BY name`).all();
  return rows.map(({ name }) => String(name));
}
