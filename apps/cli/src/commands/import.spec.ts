import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importRecords, importStarted } from '@holdfast/archiving';
import type { ImportFile, ImportParts } from '@holdfast/archiving';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import type { NewRecord } from '@holdfast/ports';

let folder = '';
let opened: OpenedArchive;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-import-'));
  opened = await openEmbedded(folder, EMBEDDED_DEFAULTS);
});
afterAll(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});

/** A file whose lines are these, each a record. */
function file(importId: string, lines: readonly string[], timestamp: bigint, onRecord: (number: number) => void = () => undefined): ImportFile {
  return {
    importId: importId.repeat(64),
    total: lines.length,
    async *records(): AsyncGenerator<NewRecord> {
      await Promise.resolve();
      for (const [i, line] of lines.entries()) {
        onRecord(i);
        yield { key: Buffer.from('c'), value: Buffer.from(line), headers: [], timestamp };
      }
    },
  };
}

function parts(): ImportParts {
  const { archive, governance } = opened;
  return { archive, governance, sink: opened.sink(), scan: () => opened.source(), topic: 'messages', principal: 'os:test', format: 'events' };
}

async function inSource(): Promise<number> {
  const source = opened.source();
  let records = 0n;
  for (let partition = 0; partition < EMBEDDED_DEFAULTS.partitions; partition++)
    records += (await source.watermarks({ topic: 'messages', partition })).high;
  await source.close();
  return Number(records);
}

describe('an import', () => {
  it('goes on where it stopped, also when the file holds equal records', async () => {
    const lines = ['a', 'b', 'a', 'a', 'b', 'd'];
    const before = await inSource();
    const stop = new AbortController();
    const stopAt = (number: number): void => {
      if (number === 4) stop.abort();
    };
    await expect(importRecords(parts(), file('1', lines, 7n, stopAt), 7n, () => undefined, stop.signal)).rejects.toMatchObject({ code: 'stopped' });
    expect((await inSource()) - before).toBe(4);
    const known = await importStarted(opened.governance, '1'.repeat(64));
    expect(known).toEqual({ timestamp: 7n, finished: false });
    const outcome = await importRecords(parts(), file('1', lines, 7n), 7n, () => undefined);
    expect(outcome).toMatchObject({ found: 4, written: 2, before: false });
    expect((await inSource()) - before).toBe(6);
    expect(await importRecords(parts(), file('1', lines, 9n), 9n, () => undefined)).toMatchObject({ before: true, written: 0 });
  });

  it('of one file begins once: the second of two that start together is refused', async () => {
    const before = await inSource();
    const lines = ['x', 'y', 'z'];
    const outcomes = await Promise.allSettled([8n, 8n, 9n].map((time) => importRecords(parts(), file('2', lines, time), time, () => undefined)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'bad_request', message: expect.stringContaining('Another import') });
    expect((await inSource()) - before).toBe(3);
  });
});
