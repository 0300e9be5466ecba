import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { startStack } from '../../deploy/local/start-stack.mjs';
import type { Stack } from '../../deploy/local/start-stack.mjs';
import { clusterArchive } from '../acceptance/archive-under-test.mjs';
import { judgeEverything } from '../acceptance/main-path.mjs';
import { outages } from '../acceptance/server-faults.mjs';
import { NEEDS, SEED, freshName } from './run.js';

// Where the servers of the run cannot be started (they are somebody else's), neither can these.
describeWith(NEEDS, 'servers that are killed while records flow', () => {
  let folder = '';
  let stack: Stack | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
    // Servers of its own: nobody else is disturbed. (The search engine takes too long to come back for every run: it is killed
    // by `npm run acceptance -- archiving --part outages`, and here only its line is cut, in services.spec.ts.)
    const given = Object.keys(process.env).filter((name) => name.startsWith('HOLDFAST_TEST_') && name !== 'HOLDFAST_TEST_SEED');
    const kept = given.map((name) => [name, process.env[name]] as const);
    for (const name of given) Reflect.deleteProperty(process.env, name);
    stack = await startStack({ dir: join(folder, 'servers'), only: ['kafka', 'radosgw'] });
    for (const [name, value] of kept) process.env[name] = value;
  }, 180_000);
  afterAll(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  it(`are waited for, and nothing is lost (seed ${SEED})`, async () => {
    expect(stack?.unavailable).toEqual([]);
    if (stack === undefined) return;
    const servers = { ...process.env, ...stack.env };
    const archive = await clusterArchive(servers, { name: freshName('outage'), folder: join(folder, 'archive'), partitions: 2 });
    const { expected, figures } = await outages(stack, archive, { seed: SEED });
    expect(figures.records).toBeGreaterThan(0);
    await judgeEverything(archive, expected);
  }, 400_000);
});
