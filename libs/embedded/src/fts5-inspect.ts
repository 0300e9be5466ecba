import { DatabaseSync } from 'node:sqlite';
import { columnSizes } from './fts5-compare.js';
import type { Generation } from './fts5-generation.js';
import { createTables, SCHEMA, tablesOf } from './fts5-tables.js';

const SHOWN = 5;

/** Every table, index, trigger and view of a file with the text that made it. */
function schemaOf(db: DatabaseSync): Map<string, string> {
  const rows = db.prepare('SELECT type, name, sql FROM main.sqlite_schema').all();
  return new Map(rows.map(({ type, name, sql }) => [`${String(type)} ${String(name)}`, String(sql)]));
}

/** The same of a file as this release makes it with these generations. */
function expectedSchema(generations: readonly number[]): Map<string, string> {
  const db = new DatabaseSync(':memory:');
  try {
    db.exec(SCHEMA);
    for (const generation of generations) createTables(db, tablesOf(generation));
    return schemaOf(db);
  } finally {
    db.close();
  }
}

const countOf = (db: DatabaseSync, sql: string): number => Number(db.prepare(sql).get()?.['n']);

/** What is wrong with the file itself: a trigger, another tokenizer or a count that was changed alter answers without altering a document. */
export function* inspectFile(db: DatabaseSync, current: Generation, deep: boolean): Generator<string> {
  const numbers = db.prepare('SELECT number FROM generation').all();
  const expected = expectedSchema(numbers.map(({ number }) => Number(number)));
  const found = schemaOf(db);
  const wrong = [...new Set([...expected.keys(), ...found.keys()])].filter((name) => expected.get(name) !== found.get(name));
  if (wrong.length > 0) yield `The file has another schema than it was made with: ${wrong.slice(0, SHOWN).join(', ')}.`;
  const { chain, conversation, document, text } = tablesOf(current.number);
  // Without these tables nothing below could be asked.
  if (wrong.some((name) => [chain, conversation, document, text].some((table) => name === `table ${table}`))) return;

  const { status } = current;
  const documents = countOf(db, `SELECT count(*) AS n FROM ${document}`);
  const stubs = countOf(db, `SELECT count(*) AS n FROM ${document} WHERE unindexed <> 0`);
  if (documents !== status.documents || stubs !== status.unindexed)
    yield `It counts ${status.documents} documents (${status.unindexed} unindexed) and holds ${documents} (${stubs}): totals of searches are wrong.`;
  const nameless = countOf(
    db,
    `SELECT count(*) AS n FROM ${document} WHERE chain NOT IN (SELECT number FROM ${chain}) OR conversation NOT IN (SELECT number FROM ${conversation})`,
  );
  if (nameless > 0) yield `${nameless} documents name a chain or a conversation that is not there.`;
  const orphans = countOf(db, `SELECT count(*) AS n FROM ${text}_docsize WHERE id NOT IN (SELECT number FROM ${document} WHERE unindexed = 0)`);
  if (orphans > 0) yield `${orphans} texts are indexed that belong to no document.`;
  if (!deep) return;

  const problems = db.prepare(`PRAGMA main.integrity_check(${SHOWN})`).all();
  const messages = problems.map((row) => String(row['integrity_check'])).filter((message) => message !== 'ok');
  // Its messages name pages and tables, never what stands in them.
  if (messages.length > 0) yield `SQLite finds the file damaged: ${messages.join('; ')}.`;
  // Every expected posting is looked for document by document; one that nobody expects makes the sum larger.
  db.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS temp.${text}_words USING fts5vocab(main, '${text}', instance)`);
  const postings = countOf(db, `SELECT count(*) AS n FROM temp.${text}_words`);
  let tokens = 0;
  for (const { sz } of db.prepare(`SELECT sz FROM ${text}_docsize`).iterate()) {
    if (sz instanceof Uint8Array) for (const size of columnSizes(sz)) tokens += size;
  }
  if (postings !== tokens)
    yield `The index has ${postings} postings for ${tokens} tokens: words can be found where they were never said, or not where they were.`;
}
