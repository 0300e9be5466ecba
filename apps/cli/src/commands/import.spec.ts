import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importRecords, importStarted } from '@holdfast/archiving';
import type { ImportFile, ImportParts } from '@holdfast/archiving';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import type { NewRecord } from '@holdfast/ports';
import { until } from '@holdfast/test-kit';

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
  return {
    archive,
    governance,
    sink: opened.sink(),
    scan: () => opened.source(),
    settleMs: 0,
    topic: 'messages',
    principal: 'os:test',
    format: 'events',
  };
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

  it('that goes on elsewhere writes nothing more, and no record twice', async () => {
    const before = await inSource();
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i}`);
    let other: Promise<unknown> | undefined;
    const inTheMiddle = (number: number): void => {
      // The first 4,000 are under way or written; the second run is told the first one's time and goes on with the file.
      if (number === 4_500) other = importRecords(parts(), file('3', lines, 5n), 5n, () => undefined);
    };
    const slow: ImportFile = {
      ...file('3', lines, 5n),
      async *records() {
        for await (const record of file('3', lines, 5n, inTheMiddle).records()) {
          yield record;
          // The first run holds its last records back until the second has sealed that it took over.
          if (other !== undefined) await until(() => opened.governance.state.imports.get('3'.repeat(64))?.run !== first);
          first ??= opened.governance.state.imports.get('3'.repeat(64))?.run;
        }
      },
    };
    let first: string | undefined;
    await expect(importRecords(parts(), slow, 5n, () => undefined)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('has taken over'),
    });
    expect(await other).toMatchObject({ found: 4_000, written: 1_000 });
    expect((await inSource()) - before).toBe(5_000);
  });

  it('into one folder is done by one process at a time', async () => {
    const right = opened.importing();
    expect(() => opened.importing()).toThrow('Another import into');
    right.release();
    opened.importing().release();
    await Promise.resolve();
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
