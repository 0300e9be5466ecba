import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { claimAlarms, keyAlarm, sourceAlarms } from '../acceptance/alarms.mjs';
import { clusterArchive, embeddedArchive } from '../acceptance/archive-under-test.mjs';
import { NEEDS, freshName } from './run.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
});
afterAll(() => rm(folder, { recursive: true }));

// The clock needs a minute of patience: `npm run acceptance -- archiving --part 8`.
describe('an alarm of the running service shows everywhere, and ends by the command that it names:', () => {
  it('SOURCE_LOST, SOURCE_RECREATED', async () => {
    await sourceAlarms(await embeddedArchive({ folder: join(folder, 'source'), partitions: 1 }));
  }, 240_000);

  it('CLAIMS_ROLLED_BACK, CLAIM_UNREADABLE', async () => {
    await claimAlarms(await embeddedArchive({ folder: join(folder, 'claims'), partitions: 1 }));
  }, 240_000);
});

describeWith(NEEDS, 'on the real servers', () => {
  it('KEYS_RUNNING_OUT is a warning beside a service that works', async () => {
    await keyAlarm(await clusterArchive(process.env, { name: freshName('keys'), folder: join(folder, 'keys'), partitions: 1 }), { patient: false });
  }, 240_000);
});
