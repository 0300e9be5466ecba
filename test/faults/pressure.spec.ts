import { afterEach, describe, expect, it } from '@jest/globals';
import type { SealWorker } from '@holdfast/archiving';
import { utf8 } from '@holdfast/seal';
import { TestClock, unavailable, until } from '@holdfast/test-kit';
import { readCommitted, readHead } from '@holdfast/vault';
import { CLASSES, MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';

const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const NEVER = new Promise<never>(() => undefined);

const running: SealWorker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop(50)));
});

async function start(
  archive: MemoryArchive,
  options: Parameters<MemoryArchive['worker']>[2] = {},
): Promise<{ worker: SealWorker; alarms: TestAlarms }> {
  const alarms = new TestAlarms();
  const worker = archive.worker(await archive.open(), alarms, { group: `g${running.length}`, ...options });
  running.push(worker);
  await worker.start();
  return { worker, alarms };
}

describe('a worker under pressure', () => {
  it('never holds more than its budget and one batch, and ends without a byte held', async () => {
    const archive = await MemoryArchive.create({ partitions: 6 });
    for (let partition = 0; partition < 6; partition++) archive.append(150, { partition, text: 'x'.repeat(400) });
    const { worker, alarms } = await start(archive, {
      batchRecords: 7,
      limits: { budgetBytes: 4_000, segmentRecords: 20, segmentsInFlight: 1, segmentAgeMs: 60_000, segmentAgeMaxMs: 60_000 },
    });
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, worker.bytesHeld)), 1);
    // Nothing grows old here: only want of room and full segments close anything, and the last ones by hand.
    await until(
      async () => {
        if (worker.status().every(({ next }) => next === 150n)) await worker.flush();
        return archive.isSealed(worker);
      },
      25_000,
      'sealing under pressure',
    );
    clearInterval(timer);
    expect(most).toBeLessThan(4_000 + 6 * 7 * 600);
    expect(worker.bytesHeld).toBe(0);
    expect(alarms.raised).toEqual([]);
    await worker.stop();
    expect(await archive.problems()).toEqual([]);
  }, 40_000);

  it('seals a record that is larger than its whole budget', async () => {
    const archive = await MemoryArchive.create();
    archive.append(3, { text: 'y'.repeat(200_000) });
    const { worker, alarms } = await start(archive, { limits: { budgetBytes: 1_000, segmentBytes: 1_000 } });
    await archive.untilSealed(worker, alarms);
    await worker.stop();
    expect(await archive.problems()).toEqual([]);
  });

  it.each([['vault'], ['claims']] as const)('lets its partitions go when the %s hangs, and another one seals what it gave up', async (store) => {
    const archive = await MemoryArchive.create({ partitions: 2 });
    archive.append(40);
    archive.append(40, { partition: 1 });
    let hangs = true;
    const hang = (op: string, key: string): Promise<void> | undefined =>
      hangs && key.includes('msg/') && (op === 'put' || op === 'create') ? NEVER : undefined;
    archive[store].faults = { before: hang };
    const { worker } = await start(archive, { batchRecords: 5, limits: { segmentsInFlight: 2 } });
    await until(() => worker.status().some(({ next }) => next > 4n), 5_000, 'records in flight');
    const began = performance.now();
    await worker.stop(200);
    expect(performance.now() - began).toBeLessThan(2_000);
    hangs = false;
    await archive.finish('another');
    expect(await archive.problems()).toEqual([]);
  });

  it('gives up when it is stopped while it waits for the store to come back, at the start and later', async () => {
    for (const when of ['start', 'later'] as const) {
      const archive = await MemoryArchive.create();
      const down = (): void => {
        archive.vault.faults = {
          before: (_op, key) => {
            if (key.includes('msg/') || key === '') throw unavailable();
          },
        };
      };
      archive.append(10);
      if (when === 'start') down();
      const { worker } = await start(archive);
      if (when === 'later') {
        await until(() => archive.isSealed(worker), 5_000, 'the first ten');
        down();
        archive.append(10);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      const began = performance.now();
      await worker.stop(100);
      expect(performance.now() - began).toBeLessThan(2_000);
      archive.vault.faults = {};
      await archive.finish('another');
      expect(await archive.problems()).toEqual([]);
    }
  });

  it('puts records into the next segment when the open one closes while a key is being made', async () => {
    const archive = await MemoryArchive.create();
    // The second cohort's key takes long: the segment of the first is closed by age meanwhile.
    archive.wraps.faults = { before: () => new Promise((resolve) => setTimeout(resolve, 150)) };
    for (let i = 0; i < 12; i++) {
      archive.append(1);
      const value = utf8(
        JSON.stringify({
          kind: 'message.created',
          platform: 'x',
          workspace: { id: 'w' },
          conversation: { id: 'c' },
          source_id: `${i}`,
          actor: null,
          times: { occurred_at: new Date().toISOString() },
          body: { text: 'hello' },
        }),
      );
      archive.log.append(TOPIC, 0, { key: utf8('x:w:c'), value, headers: [], timestamp: 1n });
    }
    const { worker, alarms } = await start(archive, { limits: { segmentRecords: 100, segmentAgeMs: 1 } });
    await archive.untilSealed(worker, alarms);
    await worker.stop();
    expect(await archive.problems()).toEqual([]);
  });

  it('cuts segments so that their manifests can name every cohort', async () => {
    const archive = await MemoryArchive.create({ classes: [{ name: 'standard', number: 1, months: 12, lengthenMonths: 120 }] });
    for (let i = 0; i < 110; i++) {
      const times = { occurred_at: new Date(Date.now() + i * 31 * 86_400_000).toISOString() };
      const value = utf8(
        JSON.stringify({
          kind: 'message.created',
          platform: 'x',
          workspace: { id: 'w' },
          conversation: { id: 'c' },
          source_id: `${i}`,
          actor: null,
          times,
          body: { text: 'from the future' },
        }),
      );
      archive.log.append(TOPIC, 0, { key: utf8('x:w:c'), value, headers: [], timestamp: 1n });
    }
    const { worker, alarms } = await start(archive, { limits: { segmentRecords: 1_000, segmentAgeMs: 500 } });
    await archive.untilSealed(worker, alarms);
    await worker.stop();
    const process = await archive.open();
    const head = await readHead(process.archive, CHAIN, process.governance.keys);
    expect(head.seqs).toBeGreaterThanOrEqual(5);
    for (let seq = 0; seq < head.seqs; seq++)
      expect((await readCommitted(process.archive, CHAIN, seq, process.governance.keys))?.manifest.objects.length).toBeLessThanOrEqual(24);
    expect(await archive.problems()).toEqual([]);
  }, 40_000);
});

describe('a clock', () => {
  it('that passes midnight makes a new data key a day, and everything still opens', async () => {
    const clock = new TestClock('2026-03-30T23:59:00Z');
    const archive = await MemoryArchive.create({ clock });
    const { worker, alarms } = await start(archive);
    for (let day = 0; day < 3; day++) {
      archive.append(6);
      await archive.untilSealed(worker, alarms);
      clock.advance(86_400_000);
    }
    await worker.stop();
    const process = await archive.open();
    const head = await readHead(process.archive, CHAIN, process.governance.keys);
    const days = new Set<string>();
    for (let seq = 0; seq < head.seqs; seq++)
      for (const { dataKey = '' } of (await readCommitted(process.archive, CHAIN, seq, process.governance.keys))?.manifest.objects ?? [])
        days.add(dataKey.slice(0, 10));
    expect([...days]).toEqual(['2026-03-30', '2026-03-31', '2026-04-01']);
    expect(await archive.problems()).toEqual([]);
  });

  it.each([
    ['the end of a month', '2026-01-31T23:59:59.500Z', 86_400_000],
    ['the end of a year', '2026-12-31T23:59:59.500Z', 86_400_000],
    ['a whole month without a store', '2026-01-15T12:00:00Z', 40 * 86_400_000],
    ['a leap day', '2028-02-29T23:59:59Z', 2_000],
  ])('over %s leaves locks that its manifests demand', async (_what, from, away) => {
    const clock = new TestClock(from);
    const archive = await MemoryArchive.create({ clock });
    archive.append(10);
    let down = true;
    // Classified before, committed after.
    const held = Promise.withResolvers<undefined>();
    archive.vault.faults = { before: (op, key) => (down && op === 'put' && key.startsWith('m/msg/') ? held.promise : undefined) };
    const { worker, alarms } = await start(archive);
    await until(() => worker.status()[0]?.next === 10n, 5_000, 'records taken');
    await new Promise((resolve) => setTimeout(resolve, 250));
    clock.advance(away);
    down = false;
    held.resolve(undefined);
    await archive.untilSealed(worker, alarms);
    archive.append(4);
    await archive.untilSealed(worker, alarms);
    await worker.stop();
    expect(await archive.problems()).toEqual([]);
  });

  it('serves two processes that make the first data key of a day at the same moment', async () => {
    const archive = await MemoryArchive.create();
    const cohort = { className: 'standard', classNumber: 1, period: '2027-06' };
    archive.keys.add(cohort);
    const [a, b] = [await archive.open(), await archive.open()];
    const [one, two] = await Promise.all([a.dataKeys.current(CHAIN, cohort), b.dataKeys.current(CHAIN, cohort)]);
    // Each seals under its own; a third one takes up one of them, and both can be opened.
    const third = await (await archive.open()).dataKeys.current(CHAIN, cohort);
    expect([one.id, two.id]).toContain(third.id);
    const same = await a.dataKeys.current(CHAIN, cohort);
    expect(same.id).toBe(one.id);
  });
});

describe('governance', () => {
  it('takes every command of racing processes once', async () => {
    const archive = await MemoryArchive.create();
    const processes = await Promise.all(Array.from({ length: 4 }, () => archive.open()));
    await Promise.all(
      processes.flatMap((process, p) =>
        Array.from({ length: 6 }, (_, i) =>
          process.governance.append(() => [
            {
              type: 'chain.registered',
              id: `${p}${i}`.padStart(32, '0'),
              time: archive.clock.now().toISOString(),
              principal: 'os:tester',
              chain: `access/w-${p}-${i}`,
            },
          ]),
        ),
      ),
    );
    const { governance } = await archive.open();
    expect([...governance.state.chains.keys()].filter((chain) => chain.startsWith('access/')).length).toBe(24);
    for (const process of processes) {
      await process.governance.refresh();
      expect(process.governance.head).toEqual(governance.head);
    }
    expect((await archive.verify()).findings).toEqual([]);
  }, 30_000);

  it('shows its own command as soon as it is appended, whoever else was reading', async () => {
    const archive = await MemoryArchive.create();
    const { governance } = await archive.open();
    for (let i = 0; i < 30; i++) {
      const chain = `access/reader-${i}`;
      const reading = Promise.all(Array.from({ length: 5 }, () => governance.refresh()));
      const noise = setInterval(() => void governance.refresh(), 0);
      await governance.append(() => [
        { type: 'chain.registered', id: i.toString(16).padStart(32, '0'), time: archive.clock.now().toISOString(), principal: 'os:tester', chain },
      ]);
      expect(governance.state.chains.has(chain)).toBe(true);
      clearInterval(noise);
      await reading;
    }
  });

  it('refuses what contradicts it before it is sealed', async () => {
    const archive = await MemoryArchive.create();
    const { governance } = await archive.open();
    const before = governance.head;
    const base = { id: 'ab'.repeat(16), time: archive.clock.now().toISOString(), principal: 'os:tester' };
    const [standard] = CLASSES;
    for (const event of [
      { type: 'class.defined', ...base, ...standard!, months: 1 },
      { type: 'policy.set', ...base, defaultClass: 'nobody' },
      { type: 'source.gap.accepted', ...base, chain: 'msg/a/b/0/0', from: '0', to: '1', reason: 'r' },
    ] as const)
      await expect(governance.append(() => [event])).rejects.toMatchObject({ code: 'chain_broken' });
    expect(governance.head).toEqual(before);
    expect((await archive.verify()).findings).toEqual([]);
  });
});
