import { describeRecordIndex } from '@holdfast/test-kit';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fts5RecordIndex } from '../src/fts5-index.js';
import { plant } from './plant.js';

describeRecordIndex('SQLite FTS5', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-fts5-'));
  const path = join(folder, 'index.sqlite');
  return Promise.resolve({
    handle: (options) => new Fts5RecordIndex(path, options),
    unreachable: () => new Fts5RecordIndex(join(folder, 'missing', 'index.sqlite')),
    plant: (id, document) => {
      plant(path, id, document);
      return Promise.resolve();
    },
    dispose: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});
