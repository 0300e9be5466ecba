import { boundedSentAt, checkPublishable, refusal } from '@holdfast/ports';
import type { IndexDocument, Position } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { columnsOf } from './fts5-columns.js';
import { findGeneration, storePosition, type Generation } from './fts5-generation.js';
import { isTooBig, tablesOf } from './fts5-tables.js';

/** Numbers for names that come again and again. */
class Names {
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #numbers = new Map<string, number>();

  constructor(db: DatabaseSync, table: string) {
    this.#insert = db.prepare(`INSERT OR IGNORE INTO ${table} (name) VALUES (?)`);
    this.#find = db.prepare(`SELECT number FROM ${table} WHERE name = ?`);
  }

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#insert.run(name);
    const number = Number(this.#find.get(name)?.['number']);
    // An archive has any number of conversations; the names of this hour are enough.
    if (this.#numbers.size >= 10_000) this.#numbers.clear();
    this.#numbers.set(name, number);
    return number;
  }

  /** After a rollback the numbers may be gone. */
  forget(): void {
    this.#numbers.clear();
  }
}

/**
 * Writes one generation. Everything between two publishes is one transaction, so a crash leaves nothing behind and nobody
 * sees documents before the position that covers them. Other writers wait for its end and then fail as busy.
 */
export class Fts5Writer {
  readonly #db: DatabaseSync;
  readonly #generation: number;
  readonly #chains: Names;
  readonly #conversations: Names;
  readonly #document: StatementSync;
  readonly #text: StatementSync;
  readonly #stub: StatementSync;
  readonly #highest = new Map<string, number>();
  #written = 0;
  #unindexed = 0;
  #lost = false;

  constructor(db: DatabaseSync, generation: number) {
    this.#db = db;
    this.#generation = generation;
    const tables = tablesOf(generation);
    this.#chains = new Names(db, tables.chain);
    this.#conversations = new Names(db, tables.conversation);
    this.#document = db.prepare(
      `INSERT OR IGNORE INTO ${tables.document} (id, chain, seq, ord, sentAt, conversation, cohort, unindexed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#text = db.prepare(`INSERT INTO ${tables.text} (rowid, body, subject, conversationName, keywords) VALUES (?, ?, ?, ?, ?)`);
    this.#stub = db.prepare(`UPDATE ${tables.document} SET unindexed = 1 WHERE number = ?`);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Whether something was written that no publish covers yet. */
  get pending(): boolean {
    return this.#highest.size > 0;
  }

  write(documents: readonly IndexDocument[]): { readonly written: number; readonly unindexed: number } {
    this.#begin();
    // A savepoint: when this batch fails, the batches before it in the same transaction stay.
    this.#db.exec('SAVEPOINT batch');
    try {
      let written = 0;
      let unindexed = 0;
      for (const document of documents) {
        const kind = this.#add(document);
        if (kind === 'written') written += 1;
        if (kind === 'stub') unindexed += 1;
      }
      this.#db.exec('RELEASE batch');
      for (const { chain, seq } of documents) this.#highest.set(chain, Math.max(this.#highest.get(chain) ?? -1, seq));
      this.#written += written;
      this.#unindexed += unindexed;
      return { written, unindexed };
    } catch (error) {
      this.#chains.forget();
      this.#conversations.forget();
      // A full disk can end the whole transaction: then batches that the caller counts as written are gone.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK TO batch; RELEASE batch');
      else this.#lost = true;
      throw error;
    }
  }

  /** One commit makes documents and position durable and visible together: a restart finds both or neither. */
  publish(position: Position): void {
    const generation = this.#begin();
    checkPublishable(generation.status.position, position, this.#highest);
    try {
      storePosition(this.#db, this.#generation, position, this.#written, this.#unindexed);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.discard();
      this.#lost = true;
      throw error;
    }
    this.#highest.clear();
    this.#written = 0;
    this.#unindexed = 0;
  }

  /** Ends an open transaction without keeping it. */
  discard(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  #begin(): Generation {
    if (this.#lost) throw new HoldfastError('index_unavailable', 'what was written and not published is lost: open the index again');
    const fresh = !this.#db.isTransaction;
    if (fresh) this.#db.exec('BEGIN IMMEDIATE');
    const generation = findGeneration(this.#db, this.#generation);
    if (generation === undefined) {
      this.discard();
      throw new HoldfastError('index_unavailable', 'the generation was replaced: open the index again');
    }
    return generation;
  }

  #add(document: IndexDocument): 'written' | 'stub' | 'known' {
    const readable = refusal(document) !== 'certain';
    const { changes, lastInsertRowid } = this.#document.run(
      document.id,
      this.#chains.number(document.chain),
      document.seq,
      document.order,
      boundedSentAt(document),
      this.#conversations.number(document.conversation),
      `${document.cohort.className}/${document.cohort.period}`,
      readable ? 0 : 1,
    );
    if (changes === 0) return 'known';
    if (!readable) return 'stub';
    try {
      const { body, subject, conversationName, keywords } = columnsOf(document);
      this.#text.run(lastInsertRowid, body.join(' '), subject.join(' '), conversationName.join(' '), keywords.join(' '));
      return 'written';
    } catch (error) {
      if (!isTooBig(error)) throw error;
      this.#stub.run(lastInsertRowid);
      return 'stub';
    }
  }
}
