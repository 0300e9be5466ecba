import { describe, expect, it } from '@jest/globals';
import { toHex, utf8 } from '@holdfast/seal';
import type { ManifestObject } from '@holdfast/seal';
import { TestClock, unavailable } from '@holdfast/test-kit';
import { anotherProcess, smallArchive } from '../test/small-archive.js';
import type { DataKey } from './data-keys.js';

const CHAIN = 'msg/a/b/0/0';
const LOCK = { mode: 'GOVERNANCE', retainUntil: new Date('2099-12-31T23:59:59Z') } as const;
const cohort = { className: 'standard', classNumber: 1, period: '2026-06' };
const clock = (): TestClock => new TestClock('2026-03-01T12:00:00Z');

const objectOf = (key: DataKey): ManifestObject =>
  ({ cohort: { class: cohort.className, number: 1, period: cohort.period }, dataKey: key.id, wraps: key.wraps }) as unknown as ManifestObject;

async function keysOf(parts: Awaited<ReturnType<typeof smallArchive>>['parts']): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of parts.wraps.list(CHAIN)) keys.push(key);
  return keys;
}

describe('data keys', () => {
  it('are one a chain, cohort and day, for every process, and open again', async () => {
    const time = clock();
    const small = await smallArchive(time);
    const key = await small.dataKeys.current(CHAIN, cohort);
    expect(key.id).toMatch(/^2026-03-01\/[0-9a-f]{32}$/);
    expect(await small.dataKeys.current(CHAIN, cohort)).toEqual(key);
    const other = await anotherProcess(small.parts);
    expect(await other.dataKeys.current(CHAIN, cohort)).toEqual(key);
    expect(toHex(await other.dataKeys.open(CHAIN, objectOf(key)))).toBe(toHex(key.key));
    expect((await other.dataKeys.current('msg/a/b/1/0', cohort)).id).not.toBe(key.id);
    time.advance(12 * 3_600_000);
    const next = await small.dataKeys.current(CHAIN, cohort);
    expect(next.id).toMatch(/^2026-03-02\//);
    expect(toHex(await small.dataKeys.open(CHAIN, objectOf(key)))).toBe(toHex(key.key));
    expect(await keysOf(small.parts)).toHaveLength(4);
  });

  it('are made once by callers of the same moment, and again after a failure', async () => {
    const small = await smallArchive(clock());
    const all = await Promise.all(Array.from({ length: 8 }, () => small.dataKeys.current(CHAIN, cohort)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    let down = true;
    small.parts.wraps.faults = {
      before: (op) => {
        if (down && op === 'put') throw unavailable();
      },
    };
    await expect(small.dataKeys.current('msg/a/b/1/0', cohort)).rejects.toMatchObject({ code: 'store_unavailable' });
    down = false;
    expect((await small.dataKeys.current('msg/a/b/1/0', cohort)).key).toHaveLength(32);
  });

  it('whose making was cut off are not used: both wraps are there, or none is', async () => {
    for (const cut of [1, 2]) {
      const small = await smallArchive(clock());
      let puts = 0;
      small.parts.wraps.faults = {
        after: (op) => {
          if (op === 'put' && ++puts === cut) throw unavailable();
        },
      };
      await expect(small.dataKeys.current(CHAIN, cohort)).rejects.toMatchObject({ code: 'store_unavailable' });
      small.parts.wraps.faults = {};
      const key = await (await anotherProcess(small.parts)).dataKeys.current(CHAIN, cohort);
      expect(toHex(await small.dataKeys.open(CHAIN, objectOf(key)))).toBe(toHex(key.key));
      const kinds = (await keysOf(small.parts)).filter((name) => name.includes(key.id.slice(11))).map((name) => name.replace(/.*\//, ''));
      expect(kinds).toEqual(['escrow.jwe', 'kek.jwe']);
    }
  });

  it('whose wrap got a foreign version still open, and seal nothing more', async () => {
    const small = await smallArchive(clock());
    const key = await small.dataKeys.current(CHAIN, cohort);
    const [escrow = '', kek = ''] = await keysOf(small.parts);
    for (const name of [kek, escrow]) await small.parts.wraps.put(name, utf8('put here by somebody'), LOCK);
    const other = await anotherProcess(small.parts);
    expect(toHex(await other.dataKeys.open(CHAIN, objectOf(key)))).toBe(toHex(key.key));
    expect((await other.dataKeys.current(CHAIN, cohort)).id).not.toBe(key.id);
  });

  it('whose wraps are gone, or do not open, say which of both', async () => {
    const small = await smallArchive(clock());
    const key = await small.dataKeys.current(CHAIN, cohort);
    const other = await anotherProcess(small.parts);
    for await (const { key: name, version } of small.parts.wraps.list(CHAIN)) {
      if (name.endsWith('kek.jwe'))
        small.parts.wraps.tamper(name, version, (body) => body.map((byte, i) => (i === body.length - 3 ? byte ^ 1 : byte)));
    }
    await expect(other.dataKeys.open(CHAIN, objectOf(key))).rejects.toMatchObject({ code: 'key_malformed' });
    for await (const { key: name, version } of small.parts.wraps.list(CHAIN)) small.parts.wraps.destroy(name, version);
    await expect(other.dataKeys.open(CHAIN, objectOf(key))).rejects.toMatchObject({ code: 'key_missing' });
    const { dataKey: _dataKey, ...clear } = objectOf(key);
    await expect(Promise.resolve().then(() => other.dataKeys.open(CHAIN, clear))).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('are not used when the store gives back other bytes than it was given', async () => {
    const small = await smallArchive(clock());
    const { wraps } = small.parts;
    const get = wraps.get.bind(wraps);
    wraps.get = async (key, version, range) => (await get(key, version, range)).map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    await expect(small.dataKeys.current(CHAIN, cohort)).rejects.toMatchObject({ code: 'store_refused' });
  });
});
