import { describe, expect, it } from '@jest/globals';
import { SEAL_LIMITS, SealWorker } from '@holdfast/archiving';
import { MemoryRecordSource, until } from '@holdfast/test-kit';
import { SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import { ArchiveOfDays, CHAIN, DAY_MS } from './archive-of-days.js';

const MINUTE_MS = 60_000;
/** Some turns of the worker's timer. */
const TURNS_MS = 500;

async function running(days: ArchiveOfDays): Promise<{ readonly worker: SealWorker; readonly alarms: TestAlarms }> {
  const alarms = new TestAlarms();
  const worker = new SealWorker({
    ...(await days.archive.open()),
    source: new MemoryRecordSource(days.archive.log, [TOPIC], { group: 'idle' }),
    sourceName: SOURCE,
    limits: { ...SEAL_LIMITS, segmentRecords: 4, segmentAgeMs: 10 },
    alarms,
    closeDays: true,
  });
  await worker.start();
  await days.archive.untilSealed(worker, alarms);
  return { worker, alarms };
}

const segments = async (days: ArchiveOfDays): Promise<number> => (await days.segments(CHAIN)).length;

async function staysAt(days: ArchiveOfDays, count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, TURNS_MS));
  expect(await segments(days)).toBe(count);
}

describe('a chain that is idle', () => {
  it('gets one segment without records, some minutes after its day, so that its directories can be sealed', async () => {
    const days = await ArchiveOfDays.create();
    await days.seal(5);
    const { worker, alarms } = await running(days);
    await staysAt(days, 2);
    days.clock.advance(14 * 60 * MINUTE_MS + 5 * MINUTE_MS);
    await staysAt(days, 2);
    days.clock.advance(6 * MINUTE_MS);
    await until(async () => (await segments(days)) === 3, 60_000, 'the day to be closed');
    // Once: the days after it have no records.
    days.clock.advance(3 * DAY_MS);
    await staysAt(days, 3);
    await worker.stop();
    await days.keep();
    expect((await days.segments()).flatMap(({ events }) => events).map(({ type, day }) => `${type} ${day}`)).toEqual([
      'day.closed 2026-03-01',
      'day.closed 2026-03-01',
      'directories.attested 2026-03-01',
    ]);
    // Sealing goes on behind it, and closes the empty day.
    await days.seal(3);
    await days.keep();
    expect((await days.segments()).flatMap(({ events }) => events).at(-1)).toMatchObject({
      type: 'directories.attested',
      day: '2026-03-02',
      parts: 0,
      records: 0,
    });
    expect([...alarms.standing]).toEqual([]);
    expect(await days.archive.problems()).toEqual([]);
    expect((await days.archive.verify()).findings).toEqual([]);
  });

  it('goes on with records that come while its day is being closed', async () => {
    const days = await ArchiveOfDays.create();
    await days.seal(5);
    const { worker, alarms } = await running(days);
    for (let day = 0; day < 5; day++) {
      days.nextDay();
      days.archive.append(3);
      await days.archive.untilSealed(worker, alarms);
    }
    await worker.stop();
    expect(alarms.raised).toEqual([]);
    expect(await days.archive.problems()).toEqual([]);
  });
});
