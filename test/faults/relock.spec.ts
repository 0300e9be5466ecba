import { describe, expect, it } from '@jest/globals';
import { Notary } from '@holdfast/notary';
import type { ObjectStore } from '@holdfast/ports';
import { TestClock } from '@holdfast/test-kit';
import { relock } from '@holdfast/vault';
import { CLASSES, MemoryArchive, TestAlarms } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';

const YEAR_MS = 365 * 86_400_000;

/** An archive, some years old: what was sealed at its beginning is locked for less than what is sealed now needs. */
async function aged(): Promise<{ readonly archive: MemoryArchive; readonly clock: TestClock }> {
  const clock = new TestClock();
  const archive = await MemoryArchive.create({ clock, classes: CLASSES });
  archive.append(8);
  await archive.finish('first');
  await new Notary({ ...(await archive.open()), alarms: new TestAlarms() }).untilCovered();
  clock.advance(1.5 * YEAR_MS);
  return { archive, clock };
}

const tools = (opened: Process): Parameters<typeof relock>[0] => ({ ...opened, principal: 'os:tester' });
const findings = async (archive: MemoryArchive): Promise<string[]> => (await archive.verify()).findings.map(({ code, place }) => `${code} ${place}`);

describe('relocking', () => {
  it('extends what everything depends on, once; verify demands it from then on', async () => {
    const { archive } = await aged();
    const opened = await archive.open();
    const dry = await relock(tools(opened), { dryRun: true });
    expect(dry.extended).toBeGreaterThan(4);
    expect(opened.governance.state.relocked).toBeUndefined();
    const done = await relock(tools(opened));
    // Its own first event is new, and needs no extension.
    expect(done.extended).toBe(dry.extended);
    expect(opened.governance.state.relocked).toMatchObject({ months: 36 });
    expect((await relock(tools(opened))).extended).toBe(0);
    expect(await findings(archive)).toEqual([]);
  }, 60_000);

  it('that lied is found: a lock that is shorter than what depends on it', async () => {
    const { archive } = await aged();
    const opened = await archive.open({ vault: lazy(archive) });
    await relock(tools(opened));
    expect((await findings(archive)).some((one) => one.startsWith('LOCK_SHORT'))).toBe(true);
  }, 60_000);

  it('that was killed at any step is ended by another run', async () => {
    const probe = new MortalProcess(() => undefined);
    await relock(tools(await probe.open((await aged()).archive)));
    const steps = probe.calls.flatMap((call, i) => (/ (extend|put|create) /.test(call) ? [i + 1] : []));
    for (const fatal of steps.filter((_, i) => i % 2 === 0)) {
      const { archive } = await aged();
      const process = new MortalProcess((_call, at) => (at === fatal ? 'killed after' : undefined));
      const died = Promise.withResolvers<undefined>();
      const timer = setInterval(() => {
        if (process.dead) died.resolve(undefined);
      }, 2);
      await Promise.race([process.open(archive).then((opened) => relock(tools(opened))), died.promise]);
      clearInterval(timer);
      const opened = await archive.open();
      await relock(tools(opened));
      expect(opened.governance.state.relocking).toBeUndefined();
      expect(await findings(archive)).toEqual([]);
    }
  }, 120_000);
});

/** A store whose operator only says that he has extended. */
function lazy({ vault }: MemoryArchive): ObjectStore {
  return {
    put: (key, body, lock) => vault.put(key, body, lock),
    get: (key, version, range) => vault.get(key, version, range),
    head: (key, version) => vault.head(key, version),
    list: (prefix, options) => vault.list(prefix, options),
    now: () => vault.now(),
    setLegalHold: (key, version, on) => vault.setLegalHold(key, version, on),
    delete: (key, version, options) => vault.delete(key, version, options),
    extendLock: () => Promise.resolve(),
  };
}
