import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeRecordSource } from '@holdfast/test-kit';
import { SqliteRecordSink } from '../src/sqlite-record-sink.js';
import { SqliteRecordSource } from '../src/sqlite-record-source.js';

describeRecordSource('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
  const path = join(folder, 'source.sqlite');
  const sink = new SqliteRecordSink(path);
  return Promise.resolve({
    source: (topics) => new SqliteRecordSource({ path, topics, pollMs: 10 }),
    sink,
    trim: (at, below) => sink.trim(at, below),
    recreate(topic) {
      const db = new DatabaseSync(path);
      db.exec('BEGIN IMMEDIATE');
      for (const { number } of db.prepare('SELECT number FROM partition WHERE topic = ?').all(topic)) {
        db.prepare('DELETE FROM record WHERE place >> 40 = ?').run(number ?? null);
      }
      db.prepare('UPDATE partition SET low = 0, high = 0 WHERE topic = ?').run(topic);
      db.exec('COMMIT');
      db.close();
      return Promise.resolve();
    },
    async close() {
      await sink.close();
      rmSync(folder, { recursive: true });
    },
  });
});
