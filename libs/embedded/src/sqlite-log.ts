import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { HoldfastError, type RawRecord } from '@holdfast/record';
import type { NewRecord, TopicPartition, Watermarks } from '@holdfast/ports';
import { makePrivate } from './private-file.js';
import { checksumOf, decodeRecord, encodeRecord } from './sqlite-log-codec.js';

/** Written to `user_version`; another number is another format. */
const FORMAT = 1n;
/** A record's row id is its partition's number and its offset, so that a partition lies in one piece, in order. */
const OFFSET_BITS = 40n;

const SCHEMA = `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;
  CREATE TABLE partition (
    number INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    low INTEGER NOT NULL DEFAULT 0, high INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, partition)) STRICT;
  CREATE TABLE record (place INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL) STRICT;`;

interface PartitionRow extends Watermarks {
  readonly number: bigint;
}

/**
 * The file of a partitioned log. Several processes may have it open: one that appends and one that reads do not block
 * each other (WAL). What `append` returned from is on disk (synchronous=FULL).
 */
export class SqliteLog {
  readonly #path: string;
  readonly #inode: number;
  readonly #db: DatabaseSync;
  readonly #partition: StatementSync;
  readonly #range: StatementSync;
  readonly #insert: StatementSync;
  readonly #advance: StatementSync;
  readonly #version: StatementSync;

  /** @throws HoldfastError `bad_configuration` for a file that is not such a log */
  constructor(path: string) {
    this.#path = path;
    this.#db = guarded(path, () => {
      makePrivate(path);
      return new DatabaseSync(path, { timeout: 10_000, readBigInts: true });
    });
    guarded(path, () => {
      this.#db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000');
    });
    this.transaction(() => {
      this.#create();
    });
    this.#inode = statSync(path).ino;
    this.#partition = this.#db.prepare('SELECT number, low, high FROM partition WHERE topic = ? AND partition = ?');
    this.#range = this.#db.prepare('SELECT place, checksum, body FROM record WHERE place >= ? AND place < ? ORDER BY place');
    this.#insert = this.#db.prepare('INSERT INTO record VALUES (?, ?, ?)');
    this.#advance = this.#db.prepare('UPDATE partition SET high = ? WHERE number = ?');
    this.#version = this.#db.prepare('PRAGMA data_version');
  }

  #create(): void {
    const version = this.#db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === FORMAT) return;
    if (version !== 0n || this.#db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) {
      throw new HoldfastError('bad_configuration', `${this.#path} is not a source log of this version (format ${String(version)}).`);
    }
    this.#db.exec(`${SCHEMA} PRAGMA user_version=${FORMAT}`);
    this.#db.prepare('INSERT INTO log VALUES (?)').run(`log-${randomBytes(16).toString('hex')}`);
  }

  /** Random, made with the file: another file under the same name is another log. */
  id(): string {
    const id = guarded(this.#path, () => this.#db.prepare('SELECT id FROM log').get()?.['id']);
    if (typeof id !== 'string') throw new HoldfastError('source_damaged', `${this.#path} has lost its id.`);
    return id;
  }

  ensureTopic(topic: string, partitions: number): void {
    this.transaction(() => {
      if (this.partitions(topic) > 0) return;
      const insert = this.#db.prepare('INSERT INTO partition (topic, partition) VALUES (?, ?)');
      for (let partition = 0; partition < partitions; partition++) insert.run(topic, partition);
    });
  }

  /** 0 for an unknown topic. */
  partitions(topic: string): number {
    return guarded(this.#path, () => Number(this.#db.prepare('SELECT count(*) AS n FROM partition WHERE topic = ?').get(topic)?.['n'] ?? 0));
  }

  /** Undefined for an unknown partition. */
  find({ topic, partition }: TopicPartition): PartitionRow | undefined {
    const row = guarded(this.#path, () => this.#partition.get(topic, partition));
    if (row === undefined) return undefined;
    return { number: integer(row['number']), low: integer(row['low']), high: integer(row['high']) };
  }

  /** Records from `from` on, until they exceed `maxBytes`; at least one when there is one. Ends before a damaged one, throws at it. */
  read(at: TopicPartition, partition: PartitionRow, from: bigint, maxBytes: number): readonly RawRecord[] {
    const records: RawRecord[] = [];
    let bytes = 0;
    const end = (partition.number << OFFSET_BITS) | partition.high;
    guarded(this.#path, () => {
      for (const row of this.#range.iterate((partition.number << OFFSET_BITS) | from, end)) {
        const { place, checksum, body } = row;
        const offset = BigInt.asUintN(Number(OFFSET_BITS), integer(place));
        if (!(body instanceof Uint8Array) || checksumOf(integer(place), body) !== Number(checksum)) {
          if (records.length > 0) return;
          throw new HoldfastError('source_damaged', `${at.topic}/${at.partition}: the record at ${offset} does not match its checksum.`);
        }
        records.push({ offset, timestampType: 'create', ...decodeRecord(body) });
        bytes += body.length;
        if (bytes >= maxBytes) return;
      }
    });
    return records;
  }

  /** Inside a transaction: puts `record` at the end of its partition. */
  append(partition: PartitionRow, offset: bigint, record: NewRecord): void {
    const place = (partition.number << OFFSET_BITS) | offset;
    const body = encodeRecord(record);
    this.#insert.run(place, checksumOf(place, body), body);
  }

  /** Inside a transaction. */
  advance(partition: PartitionRow, high: bigint): void {
    this.#advance.run(high, partition.number);
  }

  /** Retention: the records below `below` go. */
  trim(at: TopicPartition, below: bigint): void {
    this.transaction(() => {
      const partition = this.find(at);
      if (partition === undefined || below <= partition.low) return;
      if (below > partition.high)
        throw new HoldfastError('bad_request', `${at.topic}/${at.partition} ends at ${partition.high}; ${below} is beyond.`);
      this.#db
        .prepare('DELETE FROM record WHERE place >= ? AND place < ?')
        .run(partition.number << OFFSET_BITS, (partition.number << OFFSET_BITS) | below);
      this.#db.prepare('UPDATE partition SET low = ? WHERE number = ?').run(below, partition.number);
    });
  }

  /** Changes when another connection, of this or another process, has written. */
  version(): bigint {
    return guarded(this.#path, () => integer(this.#version.get()?.['data_version']));
  }

  /** True when the file was deleted or replaced: this connection would read the old one for ever, and see nothing new. */
  replaced(): boolean {
    return !existsSync(this.#path) || statSync(this.#path).ino !== this.#inode;
  }

  transaction<T>(work: () => T): T {
    return guarded(this.#path, () => {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}

function integer(value: unknown): bigint {
  if (typeof value !== 'bigint') throw new HoldfastError('source_damaged', 'A row of the log holds no number where one belongs.');
  return value;
}

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const MEANING: Readonly<Record<number, 'source_unavailable' | 'disk_full' | 'bad_configuration'>> = {
  5: 'source_unavailable', // BUSY: another process writes for longer than the timeout
  6: 'source_unavailable', // LOCKED
  8: 'bad_configuration', // READONLY
  10: 'source_unavailable', // IOERR
  13: 'disk_full',
  14: 'bad_configuration', // CANTOPEN
  26: 'bad_configuration', // NOTADB
};

const NOT_WRITABLE = ' (give this user the right to write to it and to its folder)';
const WHAT_TO_DO: Readonly<Record<number, string>> = {
  8: NOT_WRITABLE,
  13: ' (free some space; what was acknowledged is there)',
  14: NOT_WRITABLE,
  26: ' (it is something else: restore it from a copy)',
};

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (typeof error !== 'object' || error === null || !('errcode' in error)) throw error;
    const code = MEANING[Number(error.errcode) & 255] ?? 'source_damaged';
    const message = 'message' in error ? String(error.message) : 'SQLite failed';
    throw new HoldfastError(code, `${path}: ${message}${WHAT_TO_DO[Number(error.errcode) & 255] ?? ''}.`, { cause: error });
  }
}
