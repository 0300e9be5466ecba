import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { documentAt } from '@holdfast/test-kit';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fts5RecordIndex } from '../src/fts5-index.js';

const CHAIN = 'msg/demo/im/0/0';
const six = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n));

/** What is wrong with the file itself and not with a document; the rest is in the contract suite. */
describe('an index file that was changed with any SQLite', () => {
  let folder: string;
  let index: Fts5RecordIndex;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-fts5-'));
    index = new Fts5RecordIndex(join(folder, 'index.sqlite'));
    const { position } = await index.open();
    await index.write(six);
    await index.publish({ ...position, chains: { [CHAIN]: 6 } });
  });

  afterEach(async () => {
    await index.close();
    rmSync(folder, { recursive: true });
  });

  for (const [what, statements, sentence] of [
    ['a trigger that drops what comes', 'CREATE TRIGGER t BEFORE INSERT ON document_1 BEGIN SELECT RAISE(IGNORE); END', 'trigger t'],
    ['a count', 'UPDATE generation SET documents = 9', 'counts 9 documents'],
    ['a text of no document', "INSERT INTO text_1 (rowid, body) VALUES (77, 'contract')", '1 texts are indexed'],
    ['a chain number of no chain', 'UPDATE document_1 SET chain = 99 WHERE number = 1', '1 documents name a chain'],
  ] as const) {
    it(`is found: ${what}`, async () => {
      expect(await index.inspect(false)).toEqual([]);
      const db = new DatabaseSync(join(folder, 'index.sqlite'));
      db.exec(statements);
      db.close();
      expect((await index.inspect(false)).join()).toContain(sentence);
    });
  }

  it('is found: a posting more than there are tokens, below the tables', async () => {
    const db = new DatabaseSync(join(folder, 'index.sqlite'), { defensive: false });
    // The text says one word more than its size, which stays as it was.
    db.exec(`CREATE TABLE kept AS SELECT * FROM text_1_docsize WHERE id = 1;
      DELETE FROM text_1 WHERE rowid = 1; INSERT INTO text_1 (rowid, body, conversationName, keywords) VALUES (1, 'a b c d e f g h', 'x', 'y');
      UPDATE text_1_docsize SET sz = (SELECT sz FROM kept) WHERE id = 1; DROP TABLE kept`);
    db.close();
    expect((await index.inspect(true)).join()).toMatch(/postings for/);
    expect(await index.compare(six)).toMatchObject([{ id: six[0]?.id, kind: 'altered' }]);
  });
});
