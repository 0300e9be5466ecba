import { boundedSentAt, refusal } from '@holdfast/ports';
import type { IndexDocument } from '@holdfast/ports';
import { DatabaseSync } from 'node:sqlite';
import { columnsOf } from '../src/fts5-columns.js';

/** What somebody does with the file who has any SQLite: replaces what stands under `id`, in every table, or deletes it. */
export function plant(path: string, id: string, document: IndexDocument | undefined): void {
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    const n = String(db.prepare("SELECT number FROM generation WHERE state = 'current'").get()?.['number']);
    const known = db.prepare(`SELECT number, unindexed FROM document_${n} WHERE id = ?`).get(id);
    db.exec('BEGIN IMMEDIATE');
    if (known !== undefined) {
      db.prepare(`DELETE FROM text_${n} WHERE rowid = ?`).run(Number(known['number']));
      db.prepare(`DELETE FROM document_${n} WHERE number = ?`).run(Number(known['number']));
      db.prepare('UPDATE generation SET documents = documents - 1, unindexed = unindexed - ? WHERE number = ?').run(Number(known['unindexed']), n);
    }
    if (document !== undefined) {
      const stub = refusal(document) === 'certain';
      for (const [table, name] of [
        ['chain', document.chain],
        ['conversation', document.conversation],
      ] as const)
        db.prepare(`INSERT OR IGNORE INTO ${table}_${n} (name) VALUES (?)`).run(name);
      const { lastInsertRowid } = db
        .prepare(
          `INSERT INTO document_${n} (id, chain, seq, ord, sentAt, conversation, cohort, unindexed) VALUES
           (?, (SELECT number FROM chain_${n} WHERE name = ?), ?, ?, ?, (SELECT number FROM conversation_${n} WHERE name = ?), ?, ?)`,
        )
        .run(
          id,
          document.chain,
          document.seq,
          document.order,
          boundedSentAt(document),
          document.conversation,
          `${document.cohort.className}/${document.cohort.period}`,
          stub ? 1 : 0,
        );
      const { body, subject, conversationName, keywords } = columnsOf(document);
      if (!stub)
        db.prepare(`INSERT INTO text_${n} (rowid, body, subject, conversationName, keywords) VALUES (?, ?, ?, ?, ?)`).run(
          lastInsertRowid,
          ...[body, subject, conversationName, keywords].map((tokens) => tokens.join(' ')),
        );
      db.prepare('UPDATE generation SET documents = documents + 1, unindexed = unindexed + ? WHERE number = ?').run(stub ? 1 : 0, n);
    }
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}
