import { beforeAll, describe, expect, it } from '@jest/globals';
import { toHex } from '@holdfast/seal';
import { MemoryArchive, SOURCE, TestAlarms } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';
import type { Fate } from '../harness/mortal-process.js';

/** Scenarios at once: they wait more than they compute. */
const AT_ONCE = 24;
const RECORDS = 10;

let archive: MemoryArchive;
let calls: readonly string[] = [];

/** Runs one process over ten records of a topic of its own; `fateOf` decides the fate of its calls. */
async function run(topic: string, fateOf: ConstructorParameters<typeof MortalProcess>[0]): Promise<MortalProcess> {
  archive.log.create(topic, 1);
  archive.append(RECORDS, { topic });
  const process = new MortalProcess(fateOf);
  const alarms = new TestAlarms();
  const died = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!process.dead) return;
      clearInterval(timer);
      resolve();
    }, 20);
    timer.unref();
  });
  const life = (async (): Promise<void> => {
    const worker = archive.worker(await openAgain(process), alarms, { topic, group: `first ${topic}`, fault: process.source });
    await worker.start();
    await archive.untilSealed(worker, alarms, topic, () => process.dead);
    await worker.stop(process.dead ? 1 : 10_000);
  })();
  await Promise.race([life, died.then(() => new Promise((resolve) => setTimeout(resolve, 50)))]);
  if (process.dead) await archive.finish(`second ${topic}`, topic);
  return process;
}

/** A process that cannot open the archive at once tries again, as the services do. */
async function openAgain(process: MortalProcess): ReturnType<MortalProcess['open']> {
  for (;;) {
    try {
      return await process.open(archive);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'store_unavailable') throw error;
    }
  }
}

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    }),
  );
}

beforeAll(async () => {
  archive = await MemoryArchive.create();
  calls = (await run('measure', () => undefined)).calls;
}, 60_000);

describe('every call of a seal worker to a store or the key ring', () => {
  it('is known: what is sealed takes these steps', async () => {
    expect(await archive.problems(['measure'])).toEqual([]);
    expect(calls.filter((call) => / (put|create) /.test(call)).length).toBeGreaterThanOrEqual(2 + 2 + 3 * 3);
  });

  it.each(['killed before', 'killed after', 'failed before', 'failed after', 'done late'] as const)(
    '%s, once: everything is sealed once and indexed, and verify finds nothing',
    async (fate) => {
      const numbers = calls.flatMap((call, i) => (fate === 'done late' && !/ (put|create) /.test(call) ? [] : [i + 1]));
      const topics = numbers.map((number) => `${fate.replaceAll(' ', '-')}-${number}`);
      const alarms: string[] = [];
      await forEach(numbers, async (number) => {
        const topic = `${fate.replaceAll(' ', '-')}-${number}`;
        try {
          await run(topic, (_call, at) => (at === number ? fate : undefined));
        } catch (error) {
          alarms.push(`${topic} (${calls[number - 1] ?? ''}): ${String(error)}`);
        }
      });
      expect(alarms).toEqual([]);
      expect(await archive.problems(topics)).toEqual([]);
    },
    600_000,
  );

  it('failed several times in a row, before or after: the same', async () => {
    const fates: readonly Fate[] = ['failed before', 'failed after'];
    const runs = fates.flatMap((fate) => calls.map((_, i) => ({ fate, number: i + 1, topic: `again-${fate.replaceAll(' ', '-')}-${i + 1}` })));
    // Every third, so that the suite stays short: the fates of neighbours differ little.
    const chosen = runs.filter((_, i) => i % 3 === 0);
    const alarms: string[] = [];
    await forEach(chosen, async ({ fate, number, topic }) => {
      try {
        await run(topic, (_call, at) => (at >= number && at < number + 3 ? fate : undefined));
      } catch (error) {
        alarms.push(`${topic}: ${String(error)}`);
      }
    });
    expect(alarms).toEqual([]);
    expect(await archive.problems(chosen.map(({ topic }) => topic))).toEqual([]);
  }, 600_000);
});

it('registers a chain once, however many processes meet it first', async () => {
  const process = await archive.open();
  const chains = [...process.governance.state.chains.keys()].filter((chain) => chain.startsWith(`msg/${SOURCE}/`));
  expect(new Set(chains).size).toBe(chains.length);
  expect(toHex(process.archive.id)).toBe(process.archive.idHex);
});
