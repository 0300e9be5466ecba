import type { IndexFailure, IndexStatus, Position } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { DatabaseSync } from 'node:sqlite';

/** One build of the index, as its row says. */
export interface Generation {
  readonly number: number;
  readonly state: 'current' | 'building';
  readonly status: IndexStatus;
}

const COLUMNS = 'number, name, tokenizer, state, position, documents, unindexed, since, findings';
const TABLE = 'generation LEFT JOIN failure ON failure.generation = number';

function parse(row: Record<string, unknown>): Generation {
  const { number, name, tokenizer, state, position, documents, unindexed, since, findings } = row;
  if (
    typeof number !== 'number' ||
    typeof name !== 'string' ||
    typeof tokenizer !== 'string' ||
    typeof position !== 'string' ||
    typeof documents !== 'number' ||
    typeof unindexed !== 'number' ||
    (state !== 'current' && state !== 'building')
  ) {
    throw new HoldfastError('index_unavailable', 'the table of generations is damaged');
  }
  // Written by this module only, from a Position.
  const { chains, governance } = JSON.parse(position) as Pick<Position, 'chains' | 'governance'>;
  const failure = typeof since === 'string' && typeof findings === 'number' ? { since, findings } : undefined;
  const status = { position: { chains, governance, generation: name }, documents, unindexed, tokenizer, ...(failure !== undefined && { failure }) };
  return { number, state, status };
}

export function findGeneration(db: DatabaseSync, where: 'current' | 'building' | number): Generation | undefined {
  const row =
    typeof where === 'number'
      ? db.prepare(`SELECT ${COLUMNS} FROM ${TABLE} WHERE number = ?`).get(where)
      : db.prepare(`SELECT ${COLUMNS} FROM ${TABLE} WHERE state = ?`).get(where);
  return row === undefined ? undefined : parse(row);
}

export function insertGeneration(db: DatabaseSync, name: string, tokenizer: string, state: 'current' | 'building'): number {
  const position = JSON.stringify({ chains: {}, governance: 0 });
  const { lastInsertRowid } = db
    .prepare('INSERT INTO generation (name, tokenizer, state, position) VALUES (?, ?, ?, ?)')
    .run(name, tokenizer, state, position);
  return Number(lastInsertRowid);
}

/** Stores a position, and counts what became visible with it. */
export function storePosition(db: DatabaseSync, number: number, position: Position, written: number, unindexed: number): void {
  db.prepare('UPDATE generation SET position = ?, documents = documents + ?, unindexed = unindexed + ? WHERE number = ?').run(
    JSON.stringify({ chains: position.chains, governance: position.governance }),
    written + unindexed,
    unindexed,
    number,
  );
}

/** Stores that a generation failed its attestation, or that it does not any more. */
export function storeFailure(db: DatabaseSync, number: number, failure: IndexFailure | undefined): void {
  if (failure === undefined) db.prepare('DELETE FROM failure WHERE generation = ?').run(number);
  else db.prepare('INSERT OR REPLACE INTO failure (generation, since, findings) VALUES (?, ?, ?)').run(number, failure.since, failure.findings);
}
