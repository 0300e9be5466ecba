import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { eventually, RecordingHandler } from '@holdfast/test-kit';
import { SqliteRecordSink } from '../src/sqlite-record-sink.js';
import { SqliteRecordSource } from '../src/sqlite-record-source.js';

const at = { topic: 't', partition: 0 };
const value = (text: string) => new TextEncoder().encode(text);
const records = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ key: null, value: value(`r${from + i}`), headers: [], timestamp: 1n, partition: 0 }));

describe('the log file', () => {
  let folder: string;
  let path: string;
  let sink: SqliteRecordSink;
  let source: SqliteRecordSource;
  let handler: RecordingHandler;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
    path = join(folder, 'source.sqlite');
    sink = new SqliteRecordSink(path);
    await sink.ensureTopic('t', 1);
    source = new SqliteRecordSource({ path, topics: ['t'], pollMs: 10 });
    handler = new RecordingHandler();
  });

  afterEach(async () => {
    await source.close();
    await sink.close();
    rmSync(folder, { recursive: true });
  });

  it('delivers what comes before a damaged record and never the damaged one', async () => {
    await sink.append('t', records(10));
    const db = new DatabaseSync(path);
    const row = db.prepare('SELECT body FROM record WHERE place & 0xffffffffff = 6').get();
    const body = row?.['body'];
    if (!(body instanceof Uint8Array)) throw new Error('no such row');
    body[body.length - 5] = (body[body.length - 5] ?? 0) ^ 4;
    db.prepare('UPDATE record SET body = ? WHERE place & 0xffffffffff = 6').run(body);
    db.close();
    await source.subscribe(handler);
    await eventually(() => handler.failures.length === 1, 'the alarm', 5000);
    expect(handler.failures).toMatchObject([{ at, error: { code: 'source_damaged' } }]);
    expect(handler.texts(at)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
  });

  it('raises the alarm when the file is replaced while it is read', async () => {
    await sink.append('t', records(1));
    await source.subscribe(handler);
    await eventually(() => handler.total() === 1, 'the record', 5000);
    renameSync(path, join(folder, 'old.sqlite'));
    writeFileSync(path, '');
    await eventually(() => handler.failures.length === 1, 'the alarm', 5000);
    expect(handler.failures).toMatchObject([{ at, error: { code: 'source_recreated' } }]);
  });

  it('lets nobody else read it, in whatever folder it lies', async () => {
    await sink.append('t', records(1));
    const names = readdirSync(folder).filter((name) => name.startsWith('source.sqlite'));
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  });

  it('refuses a file that is something else', () => {
    const other = join(folder, 'other.sqlite');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE x (y)');
    db.close();
    expect(() => new SqliteRecordSink(other)).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
    writeFileSync(join(folder, 'text'), 'no database at all, but long enough to be read as one: '.repeat(20));
    expect(() => new SqliteRecordSink(join(folder, 'text'))).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
    const absent = expect.objectContaining({ code: 'bad_configuration', message: expect.stringContaining('the right to write') });
    expect(() => new SqliteRecordSink(join(folder, 'absent', 'source.sqlite'))).toThrow(absent);
  });

  it('waits while another process holds the file, and goes on', async () => {
    const db = new DatabaseSync(path);
    db.exec('BEGIN IMMEDIATE');
    await source.subscribe(handler);
    db.exec('COMMIT');
    db.close();
    await sink.append('t', records(3));
    await eventually(() => handler.total() === 3, 'the records', 5000);
  });

  it('loses and doubles nothing that a killed writer had acknowledged, and stays readable', async () => {
    await source.subscribe(handler);
    const acknowledged = new SharedArrayBuffer(4);
    // Its own thread with its own connection: terminate() ends it between any two instructions, as a kill does.
    const writer = new Worker(
      `const { workerData } = require('node:worker_threads');
       const { DatabaseSync } = require('node:sqlite');
       const db = new DatabaseSync(workerData.path, { timeout: 10000 });
       db.exec('PRAGMA synchronous=FULL');
       const { zlib } = { zlib: require('node:zlib') };
       const count = new Int32Array(workerData.acknowledged);
       for (;;) {
         db.exec('BEGIN IMMEDIATE');
         const { high } = db.prepare('SELECT high FROM partition').get();
         const insert = db.prepare('INSERT INTO record VALUES (?, ?, ?)');
         for (let i = 0; i < 50; i++) {
           const body = Buffer.alloc(24);
           body.writeInt32BE(-1, 8); body.writeInt32BE(4, 12); body.writeInt32BE(high + i, 16);
           const place = (1n << 40n) | BigInt(high + i);
           const mix = Number(BigInt.asUintN(32, place * 0x9e3779b97f4a7c15n));
           insert.run(place, (zlib.crc32(body) ^ mix) >>> 0, body);
         }
         db.prepare('UPDATE partition SET high = ?').run(high + 50);
         db.exec('COMMIT');
         Atomics.store(count, 0, high + 50);
       }`,
      { eval: true, workerData: { path, acknowledged } },
    );
    const count = new Int32Array(acknowledged);
    await eventually(() => Atomics.load(count, 0) > 500, 'some transactions', 10_000);
    await writer.terminate();
    const { high } = await source.watermarks(at);
    expect(Number(high)).toBeGreaterThanOrEqual(Atomics.load(count, 0));
    expect(Number(high) % 50).toBe(0);
    await eventually(() => handler.total() === Number(high), 'all of them', 10_000);
    expect(handler.records(at).every(({ offset }, i) => offset === BigInt(i))).toBe(true);
    await sink.append('t', records(1));
    await eventually(() => handler.total() === Number(high) + 1, 'one more', 5000);
    expect(handler.failures).toEqual([]);
  });
});
