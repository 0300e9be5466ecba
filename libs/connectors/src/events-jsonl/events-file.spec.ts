import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { routeOf } from '@holdfast/record';
import { collect } from '@holdfast/test-kit';
import { openEventsFile } from './events-file.js';
import { linesOf } from './lines.js';

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-jsonl-'));
  path = join(folder, 'events.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));

const event = (id: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    kind: 'message.created',
    platform: 'irc',
    workspace: { id: 'net' },
    conversation: { id: '#合同' },
    source_id: id,
    actor: { handle: 'li' },
    times: { occurred_at: '2024-01-01T00:00Z' },
    ...more,
  });

describe('import of events', () => {
  it('takes each line byte for byte, keyed by conversation, the same in every run', async () => {
    const lines = [
      event('1'),
      ` ${event('2', { body: { text: 'b' }, odd: 1 })}`,
      `[${event('3')},${event('4')}]`,
      event('5', { kind: 'member.left' }),
    ];
    await writeFile(path, `${lines.join('\n')}\r\n\n  \n`);
    const importer = await openEventsFile(path, { timestamp: 8n });
    const records = await collect(importer.records());
    expect(importer.total).toBe(4);
    expect(importer.badLines).toEqual([]);
    expect(importer.summary).toMatchObject({ records: 4, messages: 3, conversations: 1, warnings: [] });
    expect(records.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual(lines);
    expect(records.every(({ key }) => Buffer.from(key ?? []).toString() === 'irc:net:#合同')).toBe(true);
    expect(records.every((record) => routeOf({ ...record, offset: 0n, timestampType: 'create' }).keyMatches)).toBe(true);
    expect(new Set(records.map(({ headers }) => Buffer.from(headers[1]?.value ?? []).toString())).size).toBe(4);
    expect(await collect((await openEventsFile(path, { timestamp: 8n })).records())).toEqual(records);
    await importer.close();
  });

  it('refuses a file with a bad line, by number and reason, before anything is given out', async () => {
    await writeFile(path, `${event('1')}\n\n{"kind":\n${event('2')}\n${event('3', { actor: 7 })}\n`);
    await expect(openEventsFile(path, { timestamp: 0n })).rejects.toMatchObject({
      code: 'import_refused',
      message: expect.stringMatching(/^2 of 4 lines .* \(line 3: the value is not JSON; line 5: actor must be an object\)\.$/),
    });
  });

  it('archives bad lines as they are when told to keep going', async () => {
    const odd = Buffer.from([0xff, 0xfe]);
    await writeFile(path, Buffer.concat([Buffer.from(`${event('1')}\n`), odd, Buffer.from(`\n${'x\n'.repeat(30)}`)]));
    const importer = await openEventsFile(path, { timestamp: 0n, keepGoing: true });
    const records = await collect(importer.records());
    expect(records).toHaveLength(32);
    expect(records[1]).toEqual({ key: null, value: odd, headers: [], timestamp: 0n });
    expect(importer.badLines).toHaveLength(20);
    expect(importer.badLines[0]).toEqual({ line: 2, problem: 'the value is not UTF-8' });
    expect(importer.summary.warnings).toEqual(['31 lines are not events; they are archived as they are and listed as exceptions.']);
    await expect(openEventsFile(path, { timestamp: 0n })).rejects.toThrow('line 21: the value is not JSON; …)');
  });

  it('refuses what holds nothing, has no line ends, is absent, or changes on the way', async () => {
    await writeFile(path, '\n \n');
    await expect(openEventsFile(path, { timestamp: 0n })).rejects.toThrow('holds no events');
    await writeFile(path, Buffer.alloc(17 * 2 ** 20, 'x'));
    await expect(openEventsFile(path, { timestamp: 0n })).rejects.toThrow('line 1 is longer than');
    await expect(openEventsFile(join(folder, 'absent'), { timestamp: 0n })).rejects.toMatchObject({ code: 'import_refused' });
    await writeFile(path, event('1'));
    const importer = await openEventsFile(path, { timestamp: 0n });
    await writeFile(path, 'gone');
    await expect(collect(importer.records())).rejects.toThrow('the file has changed');
  });
});

describe('linesOf', () => {
  it('splits as a text would, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'bb', '\n', '\r\n', '合'), { maxLength: 30 }), async (parts) => {
        const text = parts.join('');
        await writeFile(path, text);
        const lines = (await collect(linesOf(path, 100))).map(({ bytes }) => bytes.toString());
        const expected = text.split('\n').map((line) => line.replace(/\r$/, ''));
        expect(lines).toEqual(text.endsWith('\n') || text === '' ? expected.slice(0, -1) : expected);
      }),
      { numRuns: 50 },
    );
  });
});
