import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { clusterArchive } from '../acceptance/archive-under-test.mjs';
import { killAndRival } from '../acceptance/kills.mjs';
import { judgeEverything } from '../acceptance/main-path.mjs';
import { NEEDS, SEED, freshName } from './run.js';

const KILLS = 3;

describeWith(NEEDS, 'ingest that is killed, and two that want one partition', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it(`seals every offset exactly once through ${KILLS} kills and a rival (seed ${SEED})`, async () => {
    const archive = await clusterArchive(process.env, { name: freshName('kill'), folder, partitions: 2 });
    const { expected, figures } = await killAndRival(archive, { kills: KILLS, seed: SEED, rivalMs: 1_000 });
    expect(figures['kills']).toBe(KILLS);
    await judgeEverything(archive, expected);
  }, 420_000);
});
