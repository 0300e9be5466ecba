import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { checkDayProof, dayProof, toHex, utf8 } from '@holdfast/seal';
import type { DayClosed, DayShare } from '@holdfast/seal';
import { openDay } from '@holdfast/indexing';
import { verifyArchive } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { ArchiveOfDays, CHAIN, KEYS } from './archive-of-days.js';
import { planOf, removeDays, sealPlan } from './reseal.js';
import type { PlannedDay } from './reseal.js';

/*
 * Somebody who runs the role index, holds the manifest key and lies about what lies where. What he seals must be what follows from the
 * message chain, or verify says so: by the manifests for everybody, by the plaintext for who holds keys.
 */
let days: ArchiveOfDays;
let honest: PlannedDay[];

beforeAll(async () => {
  days = await ArchiveOfDays.create();
  await days.seal(24);
  days.nextDay();
  await days.seal(13);
  days.nextDay();
  await days.seal(4);
  await days.keep();
  honest = await planOf(days);
}, 60_000);

beforeEach(async () => {
  await removeDays(days);
});

async function codes(level = 6): Promise<string[]> {
  const evidence = evidenceOf({
    ...days.archive.parts(),
    async *strays() {
      yield* [];
    },
  });
  return [...new Set((await verifyArchive(evidence, { crypto, level })).findings.map(({ code }) => code))].sort();
}

/** Seals `plan` and says what is found with keys, and without. */
async function found(plan: readonly PlannedDay[]): Promise<{ readonly withKeys: string[]; readonly without: string[] }> {
  await sealPlan(await days.archive.open(), plan);
  return { withKeys: await codes(), without: await codes(5) };
}

const first = (): PlannedDay => part(0);
const part = (i: number): PlannedDay => {
  const [planned] = honest.slice(i, i + 1);
  if (planned === undefined) throw new Error('no such part');
  return planned;
};
const closedOf = (planned: PlannedDay): DayClosed => {
  if (planned.closed === undefined) throw new Error('no directory');
  return planned.closed;
};
const sharesOf = (planned: PlannedDay, key: string): DayShare[] => [...(planned.conversations.get(key) ?? [])];
const withConversations = (planned: PlannedDay, changes: Readonly<Record<string, readonly DayShare[] | undefined>>): PlannedDay => {
  const conversations = new Map(planned.conversations);
  for (const [key, shares] of Object.entries(changes)) {
    if (shares === undefined) conversations.delete(key);
    else conversations.set(key, shares);
  }
  return { ...planned, conversations };
};
const [A, B] = KEYS;
const DIFFERS = ['DAY_DIRECTORY_DIFFERS'];
const INVALID = ['DAY_DIRECTORY_INVALID'];

it('an honest chain of two days and two cohorts has no finding, and proves every conversation', async () => {
  expect(honest).toHaveLength(4);
  expect(await found(honest)).toEqual({ withKeys: [], without: [] });
  const process = await days.archive.open();
  const counts = new Map<string, number>();
  const segments = await days.segments();
  for (const { committed } of segments) {
    const opened = await openDay(process.archive, process.reader, process.dataKeys, committed.manifest);
    if (opened === undefined) throw new Error('no directory');
    const { closed, labelKey = new Uint8Array(32), directory } = opened;
    for (const key of [...KEYS, 'nobody']) {
      const shares = checkDayProof(crypto, closed, dayProof(crypto, labelKey, directory, utf8(key)), utf8(key));
      counts.set(key, (counts.get(key) ?? 0) + shares.reduce((sum, { count }) => sum + count, 0));
    }
  }
  // Offsets 0 to 36, every tenth without a key.
  const expected = KEYS.map((_, k) => Array.from({ length: 37 }, (__, n) => n).filter((n) => n % 10 !== 9 && n % KEYS.length === k).length);
  expect([...counts]).toEqual([...KEYS.map((key, k) => [key, expected[k]]), ['nobody', 0]]);
});

describe('a lie about conversations is found with keys:', () => {
  it('one that is left out, its records counted for another', async () => {
    const [share, ...more] = sharesOf(first(), B);
    if (share === undefined) throw new Error('no share');
    const hidden = sharesOf(first(), A).reduce((sum, { count }) => sum + count, 0);
    const lie = withConversations(first(), { [A]: undefined, [B]: [{ ...share, count: share.count + hidden }, ...more] });
    expect(await found([lie, ...honest.slice(1)])).toEqual({ withKeys: DIFFERS, without: [] });
  });

  it('two that are exchanged, or one under another key', async () => {
    expect(
      (await found([withConversations(first(), { [A]: sharesOf(first(), B), [B]: sharesOf(first(), A) }), ...honest.slice(1)])).withKeys,
    ).toEqual(DIFFERS);
    await removeDays(days);
    expect((await found([withConversations(first(), { [A]: undefined, other: sharesOf(first(), A) }), ...honest.slice(1)])).withKeys).toEqual(
      DIFFERS,
    );
  });

  it('a share in another object, or with another root', async () => {
    const [share, ...more] = sharesOf(first(), A);
    if (share === undefined) throw new Error('no share');
    expect((await found([withConversations(first(), { [A]: [{ ...share, no: 7 }, ...more] }), ...honest.slice(1)])).withKeys).toEqual(DIFFERS);
    await removeDays(days);
    const lie = withConversations(first(), { [A]: [{ ...share, root: new Uint8Array(32) }, ...more] });
    expect((await found([lie, ...honest.slice(1)])).withKeys).toEqual(DIFFERS);
  });

  it('records of a conversation said to have no key', async () => {
    const hidden = sharesOf(first(), A).reduce((sum, { count }) => sum + count, 0);
    const lie = {
      ...withConversations(first(), { [A]: undefined }),
      forge: (closed: DayClosed): DayClosed => ({ ...closed, unattributed: { ...closed.unattributed, count: closed.unattributed.count + hidden } }),
    };
    expect(await found([lie, ...honest.slice(1)])).toEqual({ withKeys: DIFFERS, without: DIFFERS });
  });
});

describe('a lie about what is covered is found by everybody, without a key:', () => {
  const lies: readonly (readonly [string, (closed: DayClosed) => DayClosed])[] = [
    ['the manifest that closed the range', (closed) => ({ ...closed, closedBy: { ...closed.closedBy, hash: 'a'.repeat(64) } })],
    ['the day', (closed) => ({ ...closed, day: '2026-03-04' })],
    ['the number of objects', (closed) => ({ ...closed, objects: { ...closed.objects, count: closed.objects.count - 1 } })],
    ['the root of the objects', (closed) => ({ ...closed, objects: { ...closed.objects, root: 'b'.repeat(64) } })],
    ['the cohort', (closed) => ({ ...closed, cohort: { ...closed.cohort, period: '2031-01' } })],
    ['the root of records without a key', (closed) => ({ ...closed, unattributed: { ...closed.unattributed, root: 'c'.repeat(64) } })],
  ];

  it.each(lies)('%s', async (_, forge) => {
    const { without } = await found([{ ...first(), forge }, ...honest.slice(1)]);
    expect(without).toContain('DAY_DIRECTORY_DIFFERS');
  });

  it('what is attested', async () => {
    const second = part(1);
    const { attested } = second;
    if (attested === undefined) throw new Error('no attestation');
    const lie = { ...second, attested: { ...attested, objects: { ...attested.objects, count: attested.objects.count + 1 } } };
    expect((await found([first(), lie, ...honest.slice(2)])).without).toEqual(DIFFERS);
  });

  it('a range that ends early, so that segments lie in none', async () => {
    const shorten = <T extends { readonly lastSeq: number; readonly closedBy: { readonly seq: number } }>(event: T): T => ({
      ...event,
      lastSeq: event.lastSeq - 1,
      closedBy: { ...event.closedBy, seq: event.closedBy.seq - 1 },
    });
    const short = honest.slice(0, 2).map((planned) => ({
      ...planned,
      closed: shorten(closedOf(planned)),
      ...(planned.attested !== undefined && { attested: shorten(planned.attested) }),
    }));
    const { without } = await found([...short, ...honest.slice(2)]);
    expect(without).toEqual(['DAY_DIRECTORY_DIFFERS', 'DAY_DIRECTORY_INVALID']);
  });

  it('a day that is skipped', async () => {
    expect((await found(honest.slice(2))).without).toEqual(INVALID);
  });

  it('a cohort that is skipped', async () => {
    const { without } = await found([part(1), ...honest.slice(2)]);
    expect(without).toEqual(INVALID);
    await removeDays(days);
    const { attested } = part(1);
    if (attested === undefined) throw new Error('no attestation');
    // Or the one that is there says that it is the only one.
    const only = { ...first(), closed: { ...closedOf(first()), parts: 1 }, attested: { ...attested, parts: 1 } };
    expect((await found([only, ...honest.slice(2)])).without).toEqual(DIFFERS);
  });

  it('a day that is not closed yet', async () => {
    const { attested } = part(3);
    if (attested === undefined) throw new Error('no attestation');
    const open = {
      conversations: new Map<string, DayShare[]>(),
      attested: {
        ...attested,
        day: '2026-03-03',
        firstSeq: attested.lastSeq + 1,
        lastSeq: attested.lastSeq + 1,
        closedBy: { seq: attested.lastSeq + 2, hash: 'd'.repeat(64) },
        parts: 0,
      },
    };
    expect((await found([...honest, open])).without).toEqual(DIFFERS);
  });
});

describe('a chain that is none is found without its message chain:', () => {
  it('no attestation behind the last part, or one too early', async () => {
    const { attested: _, ...unattested } = part(1);
    expect((await found([first(), unattested, ...honest.slice(2)])).without).toContain('DAY_DIRECTORY_INVALID');
    await removeDays(days);
    const { attested } = part(1);
    if (attested === undefined) throw new Error('no attestation');
    expect((await found([{ ...first(), attested }, ...honest.slice(1)])).without).toContain('DAY_DIRECTORY_INVALID');
  });

  it('entries that do not lead to the root of the event, or do not add up', async () => {
    const forged = { ...first(), forge: (closed: DayClosed): DayClosed => ({ ...closed, root: 'e'.repeat(64) }) };
    expect((await found([forged, ...honest.slice(1)])).withKeys).toEqual(['DAY_DIRECTORY_DIFFERS', 'DAY_DIRECTORY_INVALID']);
    await removeDays(days);
    const miscounted = withConversations(first(), { [A]: undefined });
    expect((await found([miscounted, ...honest.slice(1)])).withKeys).toEqual(['DAY_DIRECTORY_DIFFERS', 'DAY_DIRECTORY_INVALID']);
  });

  it('another event, another number of entries, another label key', async () => {
    expect((await found([{ ...first(), extra: { type: 'policy.set' } }, ...honest.slice(1)])).without).toContain('DAY_DIRECTORY_INVALID');
    await removeDays(days);
    const more = { ...first(), forge: (closed: DayClosed): DayClosed => ({ ...closed, entries: closed.entries + 1 }) };
    expect((await found([more, ...honest.slice(1)])).without).toContain('DAY_DIRECTORY_INVALID');
    await removeDays(days);
    const key = { ...first(), forge: (closed: DayClosed): DayClosed => ({ ...closed, labelCommitment: toHex(new Uint8Array(32)) }) };
    expect((await found([key, ...honest.slice(1)])).without).toContain('DAY_DIRECTORY_INVALID');
  });
});

describe('a second directory for a range and cohort', () => {
  it('that says the same is ignored', async () => {
    expect(await found([...honest, first()])).toEqual({ withKeys: [], without: [] });
  });

  it('that covers something else is a finding', async () => {
    const other = { ...first(), forge: (closed: DayClosed): DayClosed => ({ ...closed, objects: { ...closed.objects, root: 'f'.repeat(64) } }) };
    expect((await found([...honest, other])).without).toEqual(DIFFERS);
  });

  it('that hides a conversation is one too, with keys', async () => {
    const [share, ...more] = sharesOf(first(), B);
    if (share === undefined) throw new Error('no share');
    const lie = withConversations(first(), { [B]: [{ ...share, root: new Uint8Array(32) }, ...more] });
    expect((await found([...honest, lie])).withKeys).toEqual(DIFFERS);
  });
});

it('says which closed days have no directory', async () => {
  const report = await days.archive.verify();
  expect(report.findings).toEqual([]);
  expect(report.notes.filter(({ code }) => code === 'DAY_NOT_ATTESTED')).toMatchObject([
    { place: CHAIN, message: expect.stringMatching(/^2 closed days/) },
  ]);
});
