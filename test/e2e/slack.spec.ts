import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { clusterArchive, embeddedArchive } from '../acceptance/archive-under-test.mjs';
import { importSlack } from '../acceptance/slack.mjs';
import { NEEDS, SEED, freshName } from './run.js';

// Large enough for every query to find something, whatever the seed: in 400 messages one person may never say "contract".
const SIZE = { messages: 1_500, channels: 12, seed: SEED };
const TITLE = `imports whole, is known again, and is found again after the index was lost (seed ${SEED})`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a Slack export, embedded', () => {
  it(
    TITLE,
    async () => {
      const { leaves } = await importSlack(await embeddedArchive({ folder: join(folder, 'embedded') }), SIZE);
      expect(leaves).toBeGreaterThan(SIZE.messages);
    },
    240_000,
  );
});

describeWith(NEEDS, 'a Slack export on the real servers', () => {
  it(
    TITLE,
    async () => {
      const archive = await clusterArchive(process.env, { name: freshName('slack'), folder: join(folder, 'cluster'), partitions: 4 });
      const { leaves } = await importSlack(archive, SIZE);
      expect(leaves).toBeGreaterThan(SIZE.messages);
    },
    300_000,
  );
});
