import { beforeAll, describe, expect, it } from '@jest/globals';
import { Notary } from '@holdfast/notary';
import { LogFollower } from '@holdfast/vault';
import { MemoryArchive, TestAlarms } from '../harness/memory-archive.js';

let archive: MemoryArchive;

beforeAll(async () => {
  archive = await MemoryArchive.create();
  archive.append(10);
  await archive.finish('first');
}, 60_000);

describe('the notary', () => {
  it('brings every manifest into the log once, in order, ends with a tick and signs it', async () => {
    const process = await archive.open();
    const alarms = new TestAlarms();
    const notary = new Notary({ ...process, alarms });
    const newest = await notary.untilCovered();
    expect([...alarms.standing]).toEqual([]);
    expect(newest?.checkpoint.size).toBe(notary.size);
    const log = new LogFollower(process.archive, process.governance);
    await log.refresh();
    expect(log.fold.end.size).toBe(notary.size);
    for (const chain of ['gov', ...process.governance.state.chains.keys()])
      expect([chain, log.fold.next(chain)]).toEqual([chain, expect.any(Number)]);
  });
});
