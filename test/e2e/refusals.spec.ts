import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { holdfast } from '../harness/holdfast-process.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-refusals-'));
  const { code, err } = await holdfast('generate', '--records', '20', '--data', join(folder, 'archive'), '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('with --json a command that cannot do its work', () => {
  const gap = ['source', 'accept-gap', '--partition', 'messages/0'];
  it.each<readonly [string, readonly string[], number, string, string]>([
    ['reads no such record', ['show', 'embedded~messages~0~0~9'], 1, 'record_missing', 'holds no record'],
    ['reads what is no id', ['show', 'nonsense'], 1, 'bad_request', 'nonsense'],
    ['is given a long reason', [...gap, '--reason', 'x'.repeat(1_001)], 1, 'bad_request', '--reason has 1001 characters, of at most 1000'],
    ['is given an empty reason', [...gap, '--reason', ' '], 1, 'bad_request', '--reason is empty'],
    ['has lost nothing', [...gap, '--reason', 'x'.repeat(1_000)], 1, 'bad_request', 'messages/0'],
    ['knows no such format', ['import', 'mbox', 'x'], 78, 'bad_configuration', 'not a format'],
    ['knows no such option', ['search', 'x', '--nonsense'], 78, 'bad_configuration', "unknown option '--nonsense'"],
    ['is given no number', ['search', 'x', '--limit', 'many'], 78, 'bad_configuration', 'a whole number from 1 to 1000'],
    ['finds no file', ['import', 'events', '/nowhere/at/all.jsonl'], 2, 'import_refused', '/nowhere'],
  ])('because it %s, says so in one document and in a sentence', async (_why, args, exit, code, message) => {
    const ran = await holdfast(...args, '--data', join(folder, 'archive'), '--json');
    expect(ran).toMatchObject({ code: exit, err: expect.stringContaining(message) });
    expect(JSON.parse(ran.out)).toEqual({ error: { code, message: expect.stringContaining(message) } });
    const text = await holdfast(...args, '--data', join(folder, 'archive'));
    expect(text).toMatchObject({ code: exit, out: '', err: expect.stringContaining(message) });
  });

  it('keeps the one document that it has, when it refuses a query', async () => {
    const ran = await holdfast('search', 'a OR (b', '--data', join(folder, 'archive'), '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ query: 'a OR (b', ok: false, errors: [{ code: 'E_UNCLOSED_PAREN' }] });
  });
});
