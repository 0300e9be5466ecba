import { beforeAll, describe, expect, it } from '@jest/globals';
import { SealWorker, SEAL_LIMITS } from '@holdfast/archiving';
import { DayKeeper } from '@holdfast/indexing';
import type { Position } from '@holdfast/ports';
import { daysChain, utf8 } from '@holdfast/seal';
import { MemoryRecordSource, TestClock, until } from '@holdfast/test-kit';
import { countClaims } from '@holdfast/vault';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';
import type { Fate } from '../harness/mortal-process.js';
import { ArchiveOfDays, CHAIN, DAYS, DAY_MS } from './archive-of-days.js';
import { planOf, removeDays, sealPlan } from './reseal.js';

const PATIENCE_MS = 120_000;
/** Topics of the archive in which a keeper dies at each of its steps; one scenario each. */
const SCENARIOS = 80;
const topics = Array.from({ length: SCENARIOS }, (_, i) => `t${i}`);
const chainOf = (topic: string): string => `msg/${SOURCE}/${topic}/0/0`;

/** A keeper works on one chain only, whose directories are due. */
const positionOf = (topic: string): Position => ({ chains: { [chainOf(topic)]: 2 }, governance: 0, generation: 'none' });

describe('a process that dies, or meets faults, at any step of sealing day directories', () => {
  let archive: MemoryArchive;
  let calls: readonly string[] = [];

  /** Runs a keeper over one topic; the fate of its calls is counted from the moment the archive is open. */
  async function run(topic: string, fateOf: (number: number) => Fate | undefined): Promise<readonly string[]> {
    const made: string[] = [];
    let armed = false;
    const process = new MortalProcess((call) => {
      if (!armed) return undefined;
      made.push(call);
      return fateOf(made.length);
    });
    const opened = await process.open(archive);
    armed = true;
    const keeper = new DayKeeper({ ...opened, alarms: new TestAlarms() });
    let done = false;
    let failure: unknown;
    const life = (async (): Promise<void> => {
      // What fails for a passing reason is tried again, as `start` does.
      while (keeper.counts.ranges < 1 && !process.dead) {
        try {
          await keeper.catchUp(positionOf(topic));
        } catch (error) {
          if ((error as { readonly code?: string }).code !== 'store_unavailable') throw error;
        }
      }
      done = true;
    })();
    life.catch((error: unknown) => {
      failure = error;
    });
    await until(() => done || process.dead || failure !== undefined, PATIENCE_MS, `the keeper of ${topic}`);
    if (failure !== undefined) throw failure as Error;
    return made;
  }

  beforeAll(async () => {
    const clock = new TestClock('2026-03-01T10:00:00.000Z');
    archive = await MemoryArchive.create({ clock });
    for (const topic of topics) archive.log.create(topic, 1);
    const alarms = new TestAlarms();
    const worker = new SealWorker({
      ...(await archive.open()),
      source: new MemoryRecordSource(archive.log, topics, { group: 'all' }),
      sourceName: SOURCE,
      limits: { ...SEAL_LIMITS, segmentAgeMs: 10, segmentAgeMaxMs: 20 },
      alarms,
    });
    await worker.start();
    for (let day = 0; day < 2; day++) {
      for (const topic of topics)
        archive.log.append(topic, 0, { key: utf8('k'), value: utf8(`day ${day}`), headers: [], timestamp: 1_772_000_000_000n });
      archive.log.wake();
      await until(
        () => worker.status().length === SCENARIOS && worker.status().every(({ sealed }) => sealed === BigInt(day + 1)),
        PATIENCE_MS,
        `day ${day}: ${JSON.stringify([...alarms.standing])}`,
      );
      clock.advance(DAY_MS);
    }
    await worker.stop();
    calls = await run('t0', () => undefined);
  }, PATIENCE_MS * 2);

  it('takes known steps', () => {
    expect(calls.filter((call) => / (put|create) /.test(call)).map((call) => call.split('/')[0])).toEqual([
      // The chain is registered; wraps of the data key; one segment.
      'vault put m',
      'claims create gov',
      'wraps put days',
      'wraps put days',
      'vault put m',
      'claims create days',
    ]);
    expect(calls.length + 6 + calls.length / 3).toBeLessThan(SCENARIOS);
  });

  it('leaves nothing that another process cannot go on from', async () => {
    let next = 1;
    const problems: string[] = [];
    const fates: readonly Fate[] = ['killed before', 'killed after'];
    for (const fate of fates)
      for (let number = 1; number <= calls.length; number++) {
        // Whether it dies after a read or before the next step is all one.
        if (fate === 'killed after' && !/ (put|create) /.test(calls[number - 1] ?? '')) continue;
        const topic = topics[next++] ?? '';
        await run(topic, (at) => (at === number ? fate : undefined));
        const alarms = new TestAlarms();
        await new DayKeeper({ ...(await archive.open()), alarms }).catchUp(positionOf(topic));
        if (alarms.raised.length > 0) problems.push(`${fate} ${number} (${calls[number - 1] ?? ''}): ${alarms.raised.join(' ')}`);
        const sealed = await countClaims({ claims: archive.claims }, daysChain(chainOf(topic)));
        if (sealed !== 1) problems.push(`${fate} ${number} (${calls[number - 1] ?? ''}): ${sealed} segments`);
      }
    expect(problems).toEqual([]);
    expect((await archive.verify()).findings).toEqual([]);
  }, 600_000);

  it('goes on by itself after a fault of a store or the key ring, before or after', async () => {
    const problems: string[] = [];
    const fates: readonly Fate[] = ['failed before', 'failed after'];
    let next = SCENARIOS - 1;
    for (const fate of fates)
      // Every third: there are fewer topics than steps, and neighbours differ little.
      for (let number = fate === 'failed before' ? 1 : 2; number <= calls.length; number += 6) {
        const topic = topics[next--] ?? '';
        await run(topic, (at) => (at === number ? fate : undefined));
        const sealed = await countClaims({ claims: archive.claims }, daysChain(chainOf(topic)));
        if (sealed !== 1) problems.push(`${fate} ${number} (${calls[number - 1] ?? ''}): ${sealed} segments`);
      }
    expect(problems).toEqual([]);
    expect((await archive.verify()).findings).toEqual([]);
  }, 600_000);
});

describe('several index processes', () => {
  async function twoDays(): Promise<ArchiveOfDays> {
    const days = await ArchiveOfDays.create();
    await days.seal(12);
    days.nextDay();
    await days.seal(3);
    return days;
  }

  /** A process that waits before it claims number 0 of the days chain until `meanwhile` is done. */
  async function overtaken(days: ArchiveOfDays, meanwhile: () => Promise<unknown>): Promise<TestAlarms> {
    let done = false;
    const slow = new MortalProcess(async (call) => {
      if (!done && call === `claims create ${DAYS}/0000000000000000`) {
        done = true;
        await meanwhile();
      }
      return undefined;
    });
    const alarms = new TestAlarms();
    await days.keep(alarms, await slow.open(days.archive));
    expect(done).toBe(true);
    return alarms;
  }

  it('race: who loses compares, and goes on behind the winner', async () => {
    const days = await twoDays();
    const alarms = await overtaken(days, () => days.keep());
    expect(alarms.raised).toEqual([]);
    expect(await days.segments()).toHaveLength(2);
    expect((await days.archive.verify()).findings).toEqual([]);
  });

  it('race from the start, over several days', async () => {
    const days = await twoDays();
    for (let day = 0; day < 3; day++) {
      days.nextDay();
      await days.seal(3);
    }
    const processes = await Promise.all([days.archive.open(), days.archive.open(), days.archive.open()]);
    const alarms = new TestAlarms();
    await days.position(await days.archive.open());
    await Promise.all(processes.map((process) => days.keep(alarms, process)));
    expect(alarms.raised.filter((code) => code !== 'CLAIM_CONTENDED' && code !== 'INDEX_UNAVAILABLE')).toEqual([]);
    await days.keep();
    expect((await days.segments()).filter(({ events }) => events.some(({ type }) => type === 'directories.attested'))).toHaveLength(4);
    expect((await days.archive.verify()).findings).toEqual([]);
  });

  it('of which one lies: the other one says so and does not go on', async () => {
    const days = await twoDays();
    await days.keep();
    const [first, ...more] = await planOf(days);
    if (first === undefined) throw new Error('no directory');
    await removeDays(days);
    const conversations = new Map([...first.conversations].slice(1).map(([key, shares], i) => [i === 0 ? 'nobody' : key, shares]));
    const alarms = await overtaken(days, async () => sealPlan(await days.archive.open(), [{ ...first, conversations }, ...more]));
    expect([...alarms.standing.keys()]).toEqual([`SEALED_DIFFERS days ${CHAIN}`]);
  });
});

it('begins at the beginning for an archive that has none, and ends the day of a chain that was closed', async () => {
  const days = await ArchiveOfDays.create();
  for (let day = 0; day < 4; day++) {
    await days.seal(3);
    days.nextDay();
  }
  days.archive.log.recreate(TOPIC, 1);
  const process = await days.archive.open();
  const successor = CHAIN.replace(/0$/, '1');
  await process.governance.append(() => [
    {
      type: 'source.epoch.opened',
      id: '0'.repeat(32),
      time: days.clock.now().toISOString(),
      principal: 'os:tester',
      chain: CHAIN,
      successor,
      cluster: days.archive.log.id,
      reason: 'moved',
    },
  ]);
  await days.seal(2);
  await days.keep();
  const attested = (await days.segments()).flatMap(({ events }) => events).filter(({ type }) => type === 'directories.attested');
  expect(attested.map(({ day, firstSeq, lastSeq, closedBy }) => `${day} ${firstSeq}-${lastSeq} ${closedBy.seq}`)).toEqual([
    '2026-03-01 0-0 1',
    '2026-03-02 1-1 2',
    '2026-03-03 2-2 3',
    '2026-03-04 3-3 4',
    // The closing segment ends its own day.
    '2026-03-05 4-4 4',
  ]);
  expect((await days.archive.verify()).findings).toEqual([]);
  expect((await days.archive.verify()).notes.filter(({ code }) => code === 'DAY_NOT_ATTESTED')).toEqual([]);
});
