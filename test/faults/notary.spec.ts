import { describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import type { NotaryOptions } from '@holdfast/notary';
import { MemoryAuthority, MemoryWitness, TestClock } from '@holdfast/test-kit';
import { logKeysOf } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import { attempts, logProblems } from '../harness/logged.js';
import { MemoryArchive, TestAlarms } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';
import type { Fate } from '../harness/mortal-process.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AT_ONCE = 12;
const CHANGES = / (put|create|delete|sign|signCheckpoint) /;
/** Of the calls that change nothing, every eighth, or each: the fates of neighbours differ little. */
const EVERY = process.env['HOLDFAST_TEST_STEPS'] === 'all' ? 1 : 8;
const FATES: readonly Fate[] = ['killed before', 'killed after', 'failed before', 'failed after', 'done late'];

/** An archive of a few segments, a witness and an authority: what one life of a notary is about. */
class Scene {
  readonly clock = new TestClock();
  archive!: MemoryArchive;
  witness!: MemoryWitness;
  authority!: MemoryAuthority;

  async begin(): Promise<this> {
    this.archive = await MemoryArchive.create({ clock: this.clock });
    const { archive, governance } = await this.archive.open();
    this.witness = new MemoryWitness(nodeCrypto, 'w', logKeysOf(archive, governance.state));
    this.authority = new MemoryAuthority('t', this.clock, new Date('2036-01-01T00:00:00Z'));
    await this.seal('one');
    return this;
  }

  async seal(group: string): Promise<void> {
    this.archive.append(5);
    await this.archive.finish(group);
  }

  anchors(): Partial<NotaryOptions> {
    const policy: Policy = { logs: [], witnesses: [{ name: 'w', key: this.witness.key }], groups: [], quorum: 'w', tsas: [] };
    return { policy, witnesses: [this.witness], authorities: [this.authority], inspect: (token, digest) => MemoryAuthority.inspect(token, digest) };
  }

  /** One process over some days: batch, in-between checkpoint, witnesses, token, state, cleaning. */
  async live(process: MortalProcess): Promise<void> {
    const opened = await openAgain(() => process.open(this.archive));
    const alarms = new TestAlarms();
    const notary = new Notary({ ...opened, alarms, ...this.anchors() });
    const steps = [() => notary.untilCovered(), () => notary.step(), () => notary.untilCovered(), () => notary.step()];
    for (const [i, step] of steps.entries()) {
      await again(step, () => process.dead);
      if (process.dead) return;
      // No tick is due at once: what is sealed now gets a checkpoint that only stays two days.
      if (i === 0) await this.seal('more');
      else this.clock.advance(i === 1 ? MINUTE_MS : 49 * HOUR_MS);
    }
  }

  /** The next process, with nothing in its way. */
  async goOn(): Promise<void> {
    this.clock.advance(49 * HOUR_MS);
    await this.seal(`after ${String(this.clock.now().getTime())}`);
    const notary = new Notary({ ...(await this.archive.open()), alarms: new TestAlarms(), ...this.anchors() });
    await notary.untilCovered();
  }
}

/** What a store reports unavailable is tried again, as `run` does; a process that is gone ends it. */
async function again(work: () => Promise<unknown>, dead: () => boolean): Promise<void> {
  for (;;) {
    const died = Promise.withResolvers<undefined>();
    const timer = setInterval(() => {
      if (dead()) died.resolve(undefined);
    }, 2);
    try {
      await Promise.race([work(), died.promise]);
      return;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== 'store_unavailable' && code !== 'key_missing') throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

async function openAgain<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'store_unavailable') throw error;
    }
  }
}

describe('every call of a notary to a store or the key ring', () => {
  let calls: readonly string[] = [];

  it('is known: what one life takes', async () => {
    const scene = await new Scene().begin();
    const process = new MortalProcess(() => undefined);
    await scene.live(process);
    calls = process.calls;
    expect(await logProblems(scene.archive)).toEqual([]);
    for (const step of [
      'put t/batch/',
      'claims create log/',
      'put t/checkpoint/',
      'put t/state/',
      'put t/token/',
      'delete t/checkpoint/',
      'keys signCheckpoint',
    ])
      expect([step, calls.some((call) => call.includes(step))]).toEqual([step, true]);
    expect(await attempts(scene.archive)).toBe(0);
  }, 60_000);

  it.each(FATES)(
    '%s, once: one log, every manifest once and in order, no checkpoint that contradicts another',
    async (fate) => {
      const found: string[] = [];
      // Calls that change something, each; of the others some.
      const chosen = calls.flatMap((call, i) =>
        CHANGES.test(call) || ((fate !== 'done late' || EVERY === 1) && i % EVERY === 0) ? [{ call, number: i + 1 }] : [],
      );
      // Several at once: they wait more than they compute.
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let one = chosen.shift(); one !== undefined; one = chosen.shift()) {
            const { call, number } = one;
            const scene = await new Scene().begin();
            const process = new MortalProcess((_call, at) => (at === number ? fate : undefined));
            await again(
              () => scene.live(process),
              () => process.dead,
            );
            await scene.goOn();
            for (const problem of await logProblems(scene.archive)) found.push(`${fate} ${call}: ${problem}`);
          }
        }),
      );
      expect(found).toEqual([]);
    },
    EVERY === 1 ? 3 * 3_600_000 : 600_000,
  );
});

describe('several notaries over one archive', () => {
  it.each([2, 3])(
    '%d of them: one log, each manifest once',
    async (notaries) => {
      const scene = await new Scene().begin();
      const processes = await Promise.all(Array.from({ length: notaries }, () => scene.archive.open()));
      const racing = processes.map((process) => new Notary({ ...process, alarms: new TestAlarms(), ...scene.anchors() }));
      for (let round = 0; round < 6; round++) {
        await scene.seal(`round ${String(round)}`);
        await Promise.all(racing.map((notary) => notary.untilCovered()));
        scene.clock.advance(MINUTE_MS);
      }
      expect(await logProblems(scene.archive)).toEqual([]);
      expect(racing.reduce((sum, { counts }) => sum + counts.batches, 0)).toBeGreaterThanOrEqual(6);
      expect(new Set(racing.map(({ size }) => size)).size).toBeLessThanOrEqual(notaries);
    },
    120_000,
  );
});
