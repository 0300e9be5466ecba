import type {
  DocumentDifference,
  IndexDocument,
  IndexFailure,
  IndexStatus,
  Position,
  RecordIndex,
  SearchHit,
  SearchPage,
  SearchRequest,
} from '@holdfast/ports';
import { TOKENIZER_VERSION } from '@holdfast/query';
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { Fts5Comparison } from './fts5-compare.js';
import { findGeneration, insertGeneration, storeFailure, type Generation } from './fts5-generation.js';
import { inspectFile } from './fts5-inspect.js';
import { chainNames, countHits, neighbours, selectChain, selectHeld, selectHits, type Place } from './fts5-search.js';
import { connectReader, connectWriter, createTables, dropTables, guarded, inTransaction, tablesOf } from './fts5-tables.js';
import { Fts5Writer } from './fts5-writer.js';

export interface Fts5IndexOptions {
  /** Version of the tokenizer that makes the documents and queries. */
  readonly tokenizer?: string;
  /** How long a call waits for another process that writes; the calling thread waits with it. */
  readonly busyMs?: number;
}

// A stream gives the event loop a turn every so many hits.
const TURN = 500;
// Documents that are compared between two turns.
const COMPARED = 25;

function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(guarded(work));
  });
}

function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HoldfastError('stopped', 'the search was stopped');
}

/**
 * The search index of an embedded archive: one SQLite file with a contentless FTS5 table. One process writes, any number
 * of processes search meanwhile. Tokens and facets are encoded to [a-z0-9], so that FTS5's own tokenizer has nothing to
 * decide. A search runs in the calling thread.
 */
export class Fts5RecordIndex implements RecordIndex {
  readonly #path: string;
  readonly #tokenizer: string;
  readonly #busyMs: number;
  #reader: DatabaseSync | undefined;
  #writerDb: DatabaseSync | undefined;
  #writer: Fts5Writer | undefined;

  constructor(path: string, options: Fts5IndexOptions = {}) {
    this.#path = path;
    this.#tokenizer = options.tokenizer ?? TOKENIZER_VERSION;
    this.#busyMs = options.busyMs ?? 5000;
  }

  open(): Promise<IndexStatus> {
    return settle(() => {
      this.#disconnect();
      const db = connectWriter(this.#path, this.#busyMs);
      this.#writerDb = db;
      this.#reader = connectReader(this.#path, this.#busyMs);
      const current = findGeneration(db, 'current') ?? inTransaction(db, () => this.#first(db));
      this.#writer = new Fts5Writer(db, current.number);
      return current.status;
    });
  }

  write(documents: readonly IndexDocument[]): Promise<{ readonly written: number; readonly unindexed: number }> {
    return settle(() => this.#checkedWriter().write(documents));
  }

  publish(position: Position): Promise<void> {
    return settle(() => {
      this.#checkedWriter().publish(position);
    });
  }

  status(): Promise<IndexStatus> {
    return settle(() => this.#current(this.#connection()).status);
  }

  search(request: SearchRequest): Promise<SearchPage> {
    return settle(() => {
      const { query, sort, limit, after, signal } = request;
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new HoldfastError('bad_request', 'a page holds 1 to 1,000 hits');
      stopIf(signal);
      return this.#read((db) => {
        const { number, status } = this.#searchable(db);
        // One more than asked for tells whether more follow.
        const hits = [...selectHits(db, number, query, { newest: sort === 'newest', limit: limit + 1, ...(after === undefined ? {} : { after }) })];
        const more = hits.length > limit;
        const whole = after === undefined && !more;
        return {
          total: whole ? hits.length : countHits(db, number, query, status),
          hits: more ? hits.slice(0, limit) : hits,
          more,
          unindexed: status.unindexed,
          position: status.position,
          ...(status.failure !== undefined && { failure: status.failure }),
        };
      });
    });
  }

  ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit> {
    return this.#stream((db) => selectHits(db, this.#searchable(db).number, query, { newest: false }), signal);
  }

  around(
    conversation: string,
    at: Place,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }> {
    return settle(() =>
      this.#read((db) => {
        const { number } = this.#searchable(db);
        return {
          before: neighbours(db, number, conversation, at, 'before', before).reverse(),
          after: neighbours(db, number, conversation, at, 'after', after),
        };
      }),
    );
  }

  all(chain: string): AsyncIterable<SearchHit> {
    return this.#stream((db) => selectChain(db, this.#current(db).number, chain), undefined);
  }

  async compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]> {
    const differences: DocumentDifference[] = [];
    for (let from = 0; from < documents.length; from += COMPARED) {
      // Others have their turn in between; documents never change, so one state of the file each time is enough.
      if (from > 0) await new Promise((resolve) => setImmediate(resolve));
      const part = documents.slice(from, from + COMPARED);
      differences.push(...(await settle(() => this.#read((db) => new Fts5Comparison(db, this.#searchable(db).number).compare(part)))));
    }
    return differences;
  }

  held(chain: string, from: string, to: string | undefined): AsyncIterable<SearchHit> {
    return this.#stream((db) => selectHeld(db, this.#current(db).number, chain, from, to), undefined);
  }

  async *heldChains(): AsyncGenerator<string> {
    yield* await settle(() => this.#read((db) => chainNames(db, this.#current(db).number)));
  }

  inspect(deep: boolean): Promise<readonly string[]> {
    return settle(() => {
      this.#connection();
      // A connection of its own: what FTS5 remembers of a file that others write makes its own check see damage that is not there.
      const db = connectReader(this.#path, this.#busyMs);
      try {
        db.exec('BEGIN');
        return [...inspectFile(db, this.#current(db), deep)];
      } finally {
        db.close();
      }
    });
  }

  mark(failure: IndexFailure | undefined): Promise<void> {
    return settle(() => {
      const db = this.#writerConnection();
      const store = (): void => {
        storeFailure(db, this.#current(db).number, failure);
      };
      // Between write and publish it goes with what is being written.
      if (db.isTransaction) store();
      else inTransaction(db, store);
    });
  }

  beginRebuild(): Promise<IndexStatus> {
    return settle(() => {
      const db = this.#writerConnection();
      this.#writer?.discard();
      const building = inTransaction(db, () => {
        const abandoned = findGeneration(db, 'building');
        if (abandoned !== undefined) this.#delete(db, abandoned);
        return this.#create(db, 'building');
      });
      this.#writer = new Fts5Writer(db, building.number);
      return building.status;
    });
  }

  finishRebuild(): Promise<void> {
    return settle(() => {
      const db = this.#writerConnection();
      if (this.#writer?.pending === true) throw new HoldfastError('bad_request', 'publish what was written before the rebuild is finished');
      inTransaction(db, () => {
        const building = findGeneration(db, 'building');
        if (building === undefined || building.number !== this.#writer?.generation) {
          throw new HoldfastError('bad_request', 'no rebuild was begun by this handle');
        }
        const old = findGeneration(db, 'current');
        if (old !== undefined) this.#delete(db, old);
        db.prepare("UPDATE generation SET state = 'current' WHERE number = ?").run(building.number);
      });
      // The old generation's pages must not stay readable in the log; a reader in its way only delays that.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
  }

  close(): Promise<void> {
    return settle(() => {
      this.#disconnect();
    });
  }

  #disconnect(): void {
    this.#writer?.discard();
    this.#reader?.close();
    this.#writerDb?.close();
    this.#writer = undefined;
    this.#reader = undefined;
    this.#writerDb = undefined;
  }

  #first(db: DatabaseSync): Generation {
    // Another process may have been first.
    return findGeneration(db, 'current') ?? this.#create(db, 'current');
  }

  #create(db: DatabaseSync, state: 'current' | 'building'): Generation {
    const number = insertGeneration(db, randomBytes(8).toString('hex'), this.#tokenizer, state);
    createTables(db, tablesOf(number));
    const made = findGeneration(db, number);
    if (made === undefined) throw new HoldfastError('index_unavailable', 'a generation vanished while it was made');
    return made;
  }

  #delete(db: DatabaseSync, { number }: Generation): void {
    dropTables(db, tablesOf(number));
    storeFailure(db, number, undefined);
    db.prepare('DELETE FROM generation WHERE number = ?').run(number);
  }

  #connection(): DatabaseSync {
    if (this.#reader === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return this.#reader;
  }

  #writerConnection(): DatabaseSync {
    if (this.#writerDb === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return this.#writerDb;
  }

  #checkedWriter(): Fts5Writer {
    const db = this.#writerConnection();
    if (this.#writer === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    const generation = findGeneration(db, this.#writer.generation);
    if (generation !== undefined) this.#checkTokenizer(generation);
    return this.#writer;
  }

  /** One state of the file for everything that `work` reads. */
  #read<T>(work: (db: DatabaseSync) => T): T {
    const db = this.#connection();
    db.exec('BEGIN');
    try {
      return work(db);
    } finally {
      db.exec('COMMIT');
    }
  }

  #current(db: DatabaseSync): Generation {
    const current = findGeneration(db, 'current');
    if (current === undefined) throw new HoldfastError('index_unavailable', 'the search index has no generation');
    return current;
  }

  #searchable(db: DatabaseSync): Generation {
    const current = this.#current(db);
    this.#checkTokenizer(current);
    return current;
  }

  #checkTokenizer({ status }: Generation): void {
    if (status.tokenizer !== this.#tokenizer) {
      throw new HoldfastError('index_rebuild_needed', `the index was made by tokenizer ${status.tokenizer}, this is ${this.#tokenizer}`);
    }
  }

  /** Hits from one state of the file, on a connection of its own: the stream may stay open while others search. */
  async *#stream(hits: (db: DatabaseSync) => Iterable<SearchHit>, signal: AbortSignal | undefined): AsyncGenerator<SearchHit> {
    stopIf(signal);
    this.#connection();
    const db = connectReader(this.#path, this.#busyMs);
    try {
      guarded(() => {
        db.exec('BEGIN');
      });
      const iterator = guarded(() => hits(db)[Symbol.iterator]());
      let count = 0;
      for (let next = guarded(() => iterator.next()); next.done !== true; next = guarded(() => iterator.next())) {
        yield next.value;
        count += 1;
        if (count % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
        stopIf(signal);
      }
    } finally {
      db.close();
    }
  }
}
