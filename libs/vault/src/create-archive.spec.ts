import { describe, expect, it } from '@jest/globals';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { GENESIS_CLAIM, GENESIS_KEY, utf8 } from '@holdfast/seal';
import { FailStep, MemoryClaimStore, MemoryKeyRing, MemoryObjectStore, TestClock } from '@holdfast/test-kit';
import { CLASSES, SETTINGS, anotherProcess, smallArchive } from '../test/small-archive.js';
import { CheckedClock } from './checked-clock.js';
import { KEY_MONTHS_AHEAD, cohortsNeeded, createArchive, recoverArchive } from './create-archive.js';
import { openArchive, parseGenesis } from './genesis.js';

const NOW = new Date('2026-03-31T12:00:00Z');

function empty(): {
  vault: MemoryObjectStore;
  wraps: MemoryObjectStore;
  claims: MemoryClaimStore;
  keys: MemoryKeyRing;
  crypto: typeof nodeCrypto;
  clock: { now: () => Date };
  random: typeof randomBytes;
  software: string;
} {
  const clock = { now: () => NOW };
  return {
    vault: new MemoryObjectStore({ clock }),
    wraps: new MemoryObjectStore({ clock }),
    claims: new MemoryClaimStore(),
    keys: new MemoryKeyRing(cohortsNeeded(CLASSES, NOW)),
    crypto: nodeCrypto,
    clock,
    random: randomBytes,
    software: 'holdfast/test',
  };
}

describe('a new archive', () => {
  it('goes on where its making was killed, at every durable step', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n++) {
        const parts = empty();
        const faults = new FailStep(n, when);
        parts.vault.faults = faults;
        parts.claims.faults = faults;
        await createArchive(parts, SETTINGS).catch(() => undefined);
        parts.vault.faults = {};
        parts.claims.faults = {};
        const { archive, governance } = await createArchive(parts, SETTINGS);
        expect(governance.state).toMatchObject({ name: 'Small', defaultClass: 'standard' });
        // Again, and it is the same one.
        const again = await createArchive(parts, { ...SETTINGS, name: 'Other' });
        expect(again.archive.idHex).toBe(archive.idHex);
        expect(again.governance.state.name).toBe('Small');
        expect(again.governance.head.next).toBe(1);
        if (!faults.fired) break;
      }
    }
  });

  it('is one, also when several make it at once', async () => {
    const parts = empty();
    const made = await Promise.all(Array.from({ length: 5 }, () => createArchive(parts, SETTINGS)));
    expect(new Set(made.map(({ archive }) => archive.idHex)).size).toBe(1);
    const { governance } = await anotherProcess(parts);
    expect(governance.head.next).toBe(1);
    for (const each of made) expect(each.governance.head).toEqual(governance.head);
  });

  it('is not begun without the keys and the policy that it will need', async () => {
    const parts = empty();
    parts.keys.destroy({ className: 'standard', period: '2027-01' });
    await expect(createArchive(parts, SETTINGS)).rejects.toMatchObject({ code: 'key_missing' });
    await expect(createArchive({ ...empty(), keys: new MemoryKeyRing([]) }, SETTINGS)).rejects.toMatchObject({ code: 'key_missing' });
    await expect(createArchive(empty(), { ...SETTINGS, defaultClass: 'nobody' })).rejects.toMatchObject({ code: 'bad_configuration' });
  });

  it('needs a key for every month that its classes can yield in two years', () => {
    const cohorts = cohortsNeeded([{ name: 'a', number: 1, months: 1, lengthenMonths: 2 }], NOW).map(
      ({ className, period }) => `${className}/${period}`,
    );
    expect(cohorts.slice(0, 3)).toEqual(['ledger/2026', 'ledger/2027', 'ledger/2028']);
    expect(cohorts.slice(3, 5)).toEqual(['a/2026-04', 'a/2026-05']);
    expect(cohorts).toHaveLength(3 + 3 + KEY_MONTHS_AHEAD);
    expect(new Set(cohorts).size).toBe(cohorts.length);
    expect(cohorts.at(-1)).toBe('a/2028-06');
  });
});

describe('an archive whose claims were lost', () => {
  it('is not begun a second time over the first, and is recovered from the vault', async () => {
    const { parts, archive } = await smallArchive();
    for await (const key of parts.claims.list('')) await parts.claims.remove(key);
    await expect(createArchive(parts, SETTINGS)).rejects.toMatchObject({ code: 'claims_rolled_back' });
    await expect(openArchive(parts)).rejects.toMatchObject({ code: 'object_missing' });
    expect((await recoverArchive(parts)).archive.idHex).toBe(archive.idHex);
    // A second genesis without a claim to choose by: nobody guesses.
    await parts.claims.remove(GENESIS_CLAIM);
    const other = await smallArchive();
    for await (const { key, version } of other.parts.vault.list(GENESIS_KEY))
      await parts.vault.put(key, await other.parts.vault.get(key, version), { mode: 'COMPLIANCE', retainUntil: new Date('2099-12-31T23:59:59Z') });
    await expect(recoverArchive(parts)).rejects.toMatchObject({ code: 'claims_rolled_back' });
  });

  it('whose genesis is not the claimed one is not opened', async () => {
    const { parts } = await smallArchive();
    for await (const { key, version } of parts.vault.list(GENESIS_KEY)) {
      const bytes = await parts.vault.get(key, version);
      expect(() =>
        parseGenesis(
          nodeCrypto,
          bytes.map((byte, i) => (i === bytes.length - 4 ? byte ^ 1 : byte)),
        ),
      ).toThrow();
      parts.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 100 ? byte ^ 1 : byte)));
      parts.vault.hide(key);
    }
    await expect(openArchive(parts)).rejects.toMatchObject({ code: 'object_missing' });
    expect(() => parseGenesis(nodeCrypto, utf8('x'))).toThrow(expect.objectContaining({ code: 'format_malformed' }));
  });
});

describe('the checked clock', () => {
  it('is compared with the store once a minute, and refused from a minute off on', async () => {
    const store = new TestClock('2026-03-01T00:00:00Z');
    const local = new TestClock('2026-03-01T00:00:00Z');
    const vault = new MemoryObjectStore({ clock: store });
    let asked = 0;
    vault.faults = {
      before: (op) => {
        if (op === 'now') asked++;
      },
    };
    const clock = new CheckedClock({ vault, clock: local });
    await clock.now();
    await clock.now();
    expect(asked).toBe(1);
    for (const [off, refused] of [
      [59_000, false],
      [61_500, true],
      [-59_000, false],
      [-61_500, true],
      [0, false],
    ] as const) {
      store.advance(3_600_000);
      local.set(new Date(store.now().getTime() + off));
      const now = clock.now();
      await (refused ? expect(now).rejects.toMatchObject({ code: 'clock_skew' }) : expect(now).resolves.toEqual(local.now()));
    }
    // A clock that is set back is asked about again at once.
    const before = asked;
    local.advance(-3_600_000);
    await expect(clock.now()).rejects.toMatchObject({ code: 'clock_skew' });
    expect(asked).toBe(before + 1);
  });
});
