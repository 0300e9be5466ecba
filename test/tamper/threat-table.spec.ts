import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { join } from 'node:path';

// The table of docs/threat-model.md is read by people who will not look into the tests: what it names must be there.

const root = fileURLToPath(new URL('../..', import.meta.url));
const THREATS = 17;

it('names a test that exists, and a finding, for each of the seventeen threats', async () => {
  const table = (await readFile(join(root, 'docs/threat-model.md'), 'utf8')).split('\n').flatMap((line) => {
    const [, number, , tests = '', found = ''] = /^\| (\d+) \|/.test(line) ? line.split('|').map((cell) => cell.trim()) : [];
    return number === undefined ? [] : [{ number: Number(number), tests, found }];
  });
  expect(table.map(({ number }) => number)).toEqual(Array.from({ length: THREATS }, (_, i) => i + 1));
  const missing: string[] = [];
  for (const { number, tests, found } of table) {
    const files = [...tests.matchAll(/`([^`]+)`([^`]*)/g)];
    if (files.length === 0 || found === '') missing.push(`${number}: no test or no finding`);
    for (const [, path = '', names = ''] of files) {
      const source = await readFile(join(root, path), 'utf8').catch(() => undefined);
      const wanted = [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name);
      if (source === undefined || wanted.length === 0) missing.push(`${number}: ${path}`);
      for (const name of wanted) if (source?.includes(name) !== true) missing.push(`${number}: ${path} “${name}”`);
    }
  }
  expect(missing).toEqual([]);
});
