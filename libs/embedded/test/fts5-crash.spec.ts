import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IndexDocument, Position } from '@holdfast/ports';
import { collect, documentAt } from '@holdfast/test-kit';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import { Fts5RecordIndex } from '../src/fts5-index.js';

const CHAIN = 'msg/demo/im/0/0';
const six = Array.from({ length: 6 }, (_, n) => documentAt(CHAIN, n, n));
const page = { query: { kind: 'all' }, sort: 'oldest', limit: 1000 } as const;
const secret = { kind: 'phrase', fields: ['body'], tokens: ['secretword'] } as const;

function covering(base: Position, documents: readonly IndexDocument[]): Position {
  return { ...base, chains: { ...base.chains, [CHAIN]: Math.max(...documents.map(({ seq }) => seq)) + 1 } };
}

describe('Fts5RecordIndex in one file', () => {
  let folder: string;
  let path: string;
  let handles: Fts5RecordIndex[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-fts5-'));
    path = join(folder, 'index.sqlite');
    handles = [];
  });

  afterEach(async () => {
    for (const handle of handles) await handle.close();
    rmSync(folder, { recursive: true });
  });

  function handle(at = path, options: { readonly busyMs?: number } = {}): Fts5RecordIndex {
    const made = new Fts5RecordIndex(at, options);
    handles.push(made);
    return made;
  }

  /** The files as a power cut would leave them: everything that was written, nothing that was closed. */
  function crashImage(name: string): string {
    const copy = join(folder, name);
    for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
    return copy;
  }

  it('finds after a crash what the last publish covered, no more and no less', async () => {
    const index = handle();
    const { position } = await index.open();
    await index.write(six.slice(0, 2));
    await index.publish(covering(position, six.slice(0, 2)));
    // Large enough that SQLite spills the open transaction to the log.
    const many = Array.from({ length: 3000 }, (_, n) =>
      documentAt(CHAIN, 6 + n, 6 + n, { body: Array.from({ length: 60 }, (_, word) => `w${String(n * 60 + word)}`) }),
    );
    await index.write(six);
    await index.write(many);
    const before = handle(crashImage('before.sqlite'));
    expect(await before.open()).toMatchObject({ documents: 2, position: { chains: { [CHAIN]: 2 } } });
    expect((await before.search(page)).total).toBe(2);
    await before.write(six);
    await before.publish(covering((await before.status()).position, six));
    expect((await before.search(page)).total).toBe(6);

    await index.publish(covering(position, many));
    const after = handle(crashImage('after.sqlite'));
    expect(await after.open()).toMatchObject({ documents: 3006, position: { chains: { [CHAIN]: 3006 } } });
    expect((await collect(after.ids({ kind: 'all' }))).length).toBe(3006);
  });

  it('leaves nothing of a replaced generation in the file', async () => {
    const index = handle();
    const { position } = await index.open();
    const doomed = Array.from({ length: 200 }, (_, n) =>
      documentAt(CHAIN, n, n, { body: ['secretword', `secretword${String(n)}`], fileNames: ['secretfile'] }),
    );
    await index.write(doomed);
    await index.publish(covering(position, doomed));
    const begun = await index.beginRebuild();
    await index.write(six);
    await index.publish(covering(begun.position, six));
    await index.finishRebuild();
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name));
      expect([name, bytes.includes('secret')]).toEqual([name, false]);
    }
    expect((await index.search(page)).total).toBe(6);
  });

  it('gives a stream its own state: later publishes and a rebuild do not disturb it', async () => {
    const writer = handle();
    const reader = handle();
    let { position } = await writer.open();
    await reader.open();
    const many = Array.from({ length: 2000 }, (_, n) => documentAt(CHAIN, n, n));
    await writer.write(many);
    position = covering(position, many);
    await writer.publish(position);
    const stream = reader.ids({ kind: 'all' })[Symbol.asyncIterator]();
    const begin = await stream.next();
    const seen = begin.done === true ? [] : [begin.value.id];
    const later = documentAt(CHAIN, 2000, 2000, { sentAt: 0 });
    await writer.write([later]);
    await writer.publish(covering(position, [later]));
    const begun = await writer.beginRebuild();
    await writer.write(six);
    await writer.publish(covering(begun.position, six));
    await writer.finishRebuild();
    expect((await reader.search(page)).total).toBe(6);
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) seen.push(next.value.id);
    expect(seen).toEqual(many.map(({ id }) => id));
  });

  it('closes the file when a stream is left early', async () => {
    const index = handle();
    const { position } = await index.open();
    await index.write(six);
    await index.publish(covering(position, six));
    for await (const hit of index.ids({ kind: 'all' })) {
      expect(hit.id).toBe(six[0]?.id);
      break;
    }
    await index.close();
    // The last connection to go removes the log; one left open would keep it.
    expect(readdirSync(folder)).toEqual(['index.sqlite']);
  });

  it('says that a second writer has to wait, and lets it in after the first one published', async () => {
    const first = handle();
    const { position } = await first.open();
    const second = handle(path, { busyMs: 50 });
    await second.open();
    await first.write(six.slice(0, 3));
    await expect(second.write(six)).rejects.toMatchObject({ code: 'index_unavailable' });
    expect((await second.search(page)).total).toBe(0);
    await first.publish(covering(position, six.slice(0, 3)));
    expect(await second.write(six)).toEqual({ written: 3, unindexed: 0 });
    await second.publish(covering(position, six));
    expect((await first.search(page)).total).toBe(6);
  });

  it('keeps the batches before one that failed, and names nothing of a query in its errors', async () => {
    const index = handle();
    const { position } = await index.open();
    await index.write(six.slice(0, 3));
    const broken = documentAt(CHAIN, 3, 3, { seq: 1.5, body: ['secretword'] });
    const failed: unknown = await index.write([...six, broken]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 'index_unavailable' });
    expect(inspect(failed, { depth: 20, showHidden: true })).not.toContain('secretword');
    await index.publish(covering(position, six.slice(0, 3)));
    expect((await index.search(page)).total).toBe(3);

    const damage = new DatabaseSync(path);
    const tables = damage.prepare("SELECT name FROM sqlite_schema WHERE name GLOB 'text_[0-9]'").all();
    damage.exec(`DROP TABLE ${String(tables[0]?.['name'])}`);
    damage.close();
    for (const work of [(): Promise<unknown> => index.search({ ...page, query: secret }), (): Promise<unknown> => collect(index.ids(secret))]) {
      const error: unknown = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: 'index_unavailable' });
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secretword');
    }
  });

  it('refuses a file that is something else', async () => {
    writeFileSync(path, 'not a database, but long enough to be looked at '.repeat(40));
    await expect(handle().open()).rejects.toMatchObject({ code: 'index_unavailable' });
    const other = join(folder, 'other.sqlite');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE t (x)');
    db.close();
    await expect(handle(other).open()).rejects.toMatchObject({ code: 'bad_configuration' });
  });
});
