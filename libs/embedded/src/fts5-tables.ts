import { HoldfastError } from '@holdfast/record';
import { DatabaseSync } from 'node:sqlite';
import { makePrivate } from './private-file.js';

/** Written to `user_version`; another number is another format. */
const FORMAT = 1;
const FAILURE = 'CREATE TABLE IF NOT EXISTS failure (generation INTEGER PRIMARY KEY, since TEXT NOT NULL, findings INTEGER NOT NULL) STRICT';
const SQLITE_TOOBIG = 18;
const SQLITE_FULL = 13;

/** Of the whole file; tables of a generation are made with it. */
export const SCHEMA = `
  CREATE TABLE generation (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, tokenizer TEXT NOT NULL,
    state TEXT NOT NULL UNIQUE CHECK (state IN ('current', 'building')),
    position TEXT NOT NULL, documents INTEGER NOT NULL DEFAULT 0, unindexed INTEGER NOT NULL DEFAULT 0) STRICT;
  ${FAILURE};`;

/** Table names of one generation. */
export interface Tables {
  readonly chain: string;
  readonly conversation: string;
  readonly document: string;
  readonly text: string;
}

export function tablesOf(generation: number): Tables {
  const n = String(generation);
  return { chain: `chain_${n}`, conversation: `conversation_${n}`, document: `document_${n}`, text: `text_${n}` };
}

/** The error code SQLite gave, or undefined for any other error. */
function errorNumber(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode;
}

export function isTooBig(error: unknown): boolean {
  return errorNumber(error) === SQLITE_TOOBIG;
}

/**
 * Runs `work` and turns an error of SQLite into ours. Message and cause of SQLite's error are left behind on purpose: they
 * can quote the query.
 */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const number = errorNumber(error);
    if (number === undefined) throw error;
    if ((number & 0xff) === SQLITE_FULL) throw new HoldfastError('disk_full', 'no space left for the search index');
    throw new HoldfastError('index_unavailable', `the search index answers with SQLite error ${String(number)}`);
  }
}

/** A connection that may write. WAL: it does not block readers, and they do not block it. */
export function connectWriter(path: string, busyMs: number): DatabaseSync {
  const db = guarded(() => {
    makePrivate(path);
    return new DatabaseSync(path, { timeout: busyMs });
  });
  try {
    guarded(() => {
      // Freed pages are overwritten: what a disposition or a rebuild deletes must not stay readable in the file.
      db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000');
      if (formatOf(db) === 0)
        inTransaction(db, () => {
          create(db, path);
        });
      // Files that were made before there was this table are opened as they are.
      else if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'failure'").get() === undefined) db.exec(FAILURE);
    });
    if (formatOf(db) !== FORMAT) throw new HoldfastError('bad_configuration', `${path} is not a search index of this version: delete it and rebuild`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function connectReader(path: string, busyMs: number): DatabaseSync {
  const db = guarded(() => new DatabaseSync(path, { timeout: busyMs, readOnly: true }));
  // Large sorts go to a file: memory stays bounded whatever a query finds.
  guarded(() => {
    db.exec('PRAGMA temp_store=FILE; PRAGMA cache_size=-65536');
  });
  return db;
}

function formatOf(db: DatabaseSync): unknown {
  return db.prepare('PRAGMA user_version').get()?.['user_version'];
}

function create(db: DatabaseSync, path: string): void {
  // Another process may have been first.
  if (formatOf(db) !== 0) return;
  if (db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) {
    throw new HoldfastError('bad_configuration', `${path} is not a search index of this version: delete it and rebuild`);
  }
  db.exec(`${SCHEMA} PRAGMA user_version=${String(FORMAT)}`);
}

export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have rolled it back already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

export function createTables(db: DatabaseSync, { chain, conversation, document, text }: Tables): void {
  db.exec(`
    CREATE TABLE ${chain} (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE ${conversation} (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE ${document} (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chain INTEGER NOT NULL, seq INTEGER NOT NULL, ord TEXT NOT NULL,
      sentAt INTEGER NOT NULL, conversation INTEGER NOT NULL, cohort TEXT NOT NULL, unindexed INTEGER NOT NULL) STRICT;
    CREATE INDEX ${document}_chain ON ${document} (chain, ord);
    CREATE INDEX ${document}_sent ON ${document} (sentAt);
    CREATE INDEX ${document}_conversation ON ${document} (conversation, sentAt);
    CREATE VIRTUAL TABLE ${text} USING fts5 (
      body, subject, conversationName, keywords, content='', contentless_delete=1, tokenize='ascii');
    INSERT INTO ${text} (${text}, rank) VALUES ('secure-delete', 1);
    INSERT INTO ${text} (${text}, rank) VALUES ('hashsize', 16777216);`);
}

export function dropTables(db: DatabaseSync, { chain, conversation, document, text }: Tables): void {
  db.exec(`DROP TABLE ${text}; DROP TABLE ${document}; DROP TABLE ${conversation}; DROP TABLE ${chain}`);
}
