import { afterEach, describe, expect, it } from '@jest/globals';
import type { SealWorker } from '@holdfast/archiving';
import { utf8 } from '@holdfast/seal';
import { MemoryLog, SeededRandom, until } from '@holdfast/test-kit';
import { MemoryArchive, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';
import type { Fate } from '../harness/mortal-process.js';

const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
/** Histories of several workers on one partition. */
const RUNS = Number(process.env['HOLDFAST_TEST_ZOMBIES'] ?? 24);
const FATES: readonly Fate[] = ['killed before', 'killed after', 'failed before', 'failed after', 'done late'];

const running: SealWorker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop(100)));
});

describe('several workers on one partition at once', () => {
  it(`seal every record once, whatever the order of their calls, seed ${SEED}`, async () => {
    const archive = await MemoryArchive.create();
    const topics = Array.from({ length: RUNS }, (_, i) => `zombies-${i}`);
    await Promise.all(topics.map((topic, i) => history(archive, topic, new SeededRandom(SEED + i))));
    expect(await archive.problems(topics)).toEqual([]);
  }, 120_000);

  /** Two or three processes on one partition, with delays and misfortunes; then one that ends what they left. */
  async function history(archive: MemoryArchive, topic: string, random: SeededRandom): Promise<void> {
    archive.log.create(topic, 1);
    archive.append(random.int(1, 12), { topic });
    const processes = Array.from(
      { length: random.int(2, 3) },
      () =>
        new MortalProcess(async () => {
          await new Promise((resolve) => setTimeout(resolve, random.int(0, 12)));
          return random.chance(0.04) ? random.pick(FATES) : undefined;
        }),
    );
    const workers = await Promise.all(
      processes.map(async (process, i) => {
        // Opened without misfortunes: those of opening are met in steps.spec.ts.
        const opened = await Promise.race([process.open(archive), died(process)]).catch(() => undefined);
        if (opened === undefined) return undefined;
        const limits = { segmentRecords: random.int(1, 5), segmentsInFlight: random.int(1, 3) };
        const worker = archive.worker(opened, new TestAlarms(), {
          topic,
          group: `${topic}-${i}`,
          fault: process.source,
          batchRecords: random.int(1, 8),
          limits,
        });
        await worker.start();
        return worker;
      }),
    );
    for (let i = random.int(2, 6); i > 0; i--) {
      archive.append(random.int(1, 6), { topic });
      await new Promise((resolve) => setTimeout(resolve, random.int(0, 150)));
    }
    await Promise.all(workers.map(async (worker) => worker?.stop(random.int(1, 300))));
    await archive.finish(`last ${topic}`, topic);
  }

  function died(process: MortalProcess): Promise<undefined> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        if (!process.dead) return;
        clearInterval(timer);
        resolve(undefined);
      }, 10);
      timer.unref();
    });
  }

  it('make one writer stop for good when the source gave them different records for one offset', async () => {
    for (const change of ['content', 'omission'] as const) {
      const archive = await MemoryArchive.create();
      const other = new MemoryLog();
      // Two logs under one identity: what a source looks like that answers twice.
      Object.assign(other, { id: archive.log.id });
      other.create(TOPIC, 1);
      archive.append(4);
      for (const [i, record] of archive.log.read({ topic: TOPIC, partition: 0 }, 0n, 10).entries()) {
        if (change === 'omission' && i === 1) other.skip({ topic: TOPIC, partition: 0 }, 1n);
        else other.append(TOPIC, 0, { ...record, value: change === 'content' && i === 2 ? utf8('something else') : record.value });
      }
      const held = Promise.withResolvers<undefined>();
      const slow = new MortalProcess(async (call) => {
        if (call.startsWith('claims create msg/')) await held.promise;
        return undefined;
      });
      const alarms = new TestAlarms();
      const zombie = archive.worker(await slow.open(archive), alarms, { group: 'zombie', log: other });
      running.push(zombie);
      await zombie.start();
      await until(() => slow.calls.some((call) => call.startsWith('claims create msg/')), 5_000, 'the attempt of the slow worker');
      await archive.finish('winner');
      held.resolve(undefined);
      await until(() => alarms.raised.includes('SEALED_DIFFERS'), 5_000, `the alarm (${change})`);
      expect(zombie.status()).toMatchObject([{ stopped: 'sealed_differs' }]);
      // It stays down, and what is sealed stays as it is.
      archive.append(3);
      await new Promise((resolve) => setTimeout(resolve, 800));
      expect(zombie.status()).toMatchObject([{ stopped: 'sealed_differs' }]);
      expect([...alarms.standing.keys()]).toContain(`SEALED_DIFFERS ${TOPIC}/0`);
      await archive.finish('another');
      expect(await archive.problems()).toEqual([]);
    }
  }, 60_000);

  it('tell that they contend when one keeps losing', async () => {
    const archive = await MemoryArchive.create();
    const alarms = new TestAlarms();
    // Always a moment too late: the other one has claimed the number before this one's claim arrives.
    const slow = new MortalProcess(async (call) => {
      if (call.startsWith('claims create msg/')) {
        archive.append(1);
        await until(() => archive.isSealed(fast), 5_000, 'the fast one');
      }
      return undefined;
    });
    archive.append(3);
    const fast = archive.worker(await archive.open(), new TestAlarms(), { group: 'fast' });
    const late = archive.worker(await slow.open(archive), alarms, { group: 'slow' });
    running.push(fast, late);
    await late.start();
    await fast.start();
    for (let i = 0; i < 12 && !alarms.raised.includes('CLAIM_CONTENDED'); i++) {
      archive.append(2);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    expect(alarms.raised).toContain('CLAIM_CONTENDED');
    expect(late.counts.claimsLost).toBeGreaterThanOrEqual(3);
    await fast.stop();
    await late.stop(500);
    await archive.finish('last');
    expect(await archive.problems()).toEqual([]);
  }, 60_000);
});
