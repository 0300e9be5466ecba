import { describe, expect, it } from '@jest/globals';
import type { Alarms } from '@holdfast/ports';
import { randomBytes } from '@holdfast/crypto-node';
import type { ClearEvent } from '@holdfast/governance';
import { decodeRecord, fromUtf8, toHex } from '@holdfast/seal';
import { TestClock, unavailable, until } from '@holdfast/test-kit';
import { anotherProcess, smallArchive } from '../test/small-archive.js';
import type { Small } from '../test/small-archive.js';
import { readHead } from './head.js';
import { LedgerWriter } from './ledger-writer.js';
import { readCommitted } from './manifests.js';
import { SegmentReader } from './segment-reader.js';

const CHAIN = 'access/test';

function writerOf(process: Omit<Small, 'parts'>): LedgerWriter {
  return new LedgerWriter(process.archive, process.clock, process.governance, process.dataKeys, CHAIN);
}

/** Events of the chain, segment by segment, as a reader opens them. */
async function events(process: Omit<Small, 'parts'>): Promise<unknown[][]> {
  const reader = new SegmentReader(process.archive, process.dataKeys);
  const segments: unknown[][] = [];
  for (let seq = 0; ; seq++) {
    const committed = await readCommitted(process.archive, CHAIN, seq, process.governance.keys);
    if (committed === undefined) return segments;
    const values: unknown[] = [];
    await reader.walk(committed.manifest, () => (plain, start, end) => {
      values.push(JSON.parse(fromUtf8(decodeRecord(plain.subarray(start, end)).record.value!)));
    });
    segments.push(values);
  }
}

describe('a ledger writer', () => {
  it('seals a burst in few segments, every event once and in order', async () => {
    const small = await smallArchive();
    const writer = writerOf(small);
    const committed = await Promise.all(Array.from({ length: 2_500 }, (_, n) => writer.append({ subject: `s${n}`, value: { n } })));
    const segments = await events(small);
    // The first goes alone, the others share the segments behind it, a thousand at most in each.
    expect(segments.map((some) => some.length)).toEqual([1, 1000, 1000, 499]);
    expect(segments.flat()).toEqual(committed.map((_, n) => ({ n })));
    expect(committed.map(({ manifest }) => manifest.seq)).toEqual(segments.flatMap((some, seq) => some.map(() => seq)));
    await writer.idle();
    await writer.append({ subject: 'later', value: { n: 'later' } });
    expect((await events(small)).at(-1)).toEqual([{ n: 'later' }]);
  });

  it('puts small content into the manifest and large content beside it', async () => {
    const small = await smallArchive();
    const writer = writerOf(small);
    const inline = await writer.append({ subject: 's', value: { n: 1 } });
    const noise = Array.from({ length: 6_000 }, () => Math.random().toString(36).slice(2));
    const stored = await writer.append({ subject: 's', value: { noise } });
    expect(inline.manifest.objects[0]?.inline).toBeDefined();
    expect(stored.manifest.objects[0]).toMatchObject({ key: expect.stringMatching(/^o\/access\/test\//) });
    expect(await events(small)).toEqual([[{ n: 1 }], [{ noise }]]);
  });

  it('shares its name with another process: both append, nothing is lost', async () => {
    const small = await smallArchive();
    const [a, b] = [writerOf(small), writerOf(await anotherProcess(small.parts))];
    await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? a : b).append({ subject: 's', value: { n } })));
    for (let n = 12; n < 20; n++) await (n % 2 === 0 ? a : b).append({ subject: 's', value: { n } });
    const met = (await events(small)).flat().map((event) => (event as { n: number }).n);
    expect([...met].sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('tells everybody who waits when it cannot seal, and goes on with the next', async () => {
    const small = await smallArchive();
    const writer = writerOf(small);
    await writer.append({ subject: 's', value: { n: 0 } });
    small.parts.vault.faults = {
      before: (op) => {
        if (op === 'put') throw unavailable();
      },
    };
    const failed = await Promise.allSettled([1, 2, 3].map((n) => writer.append({ subject: 's', value: { n } })));
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    small.parts.vault.faults = {};
    await writer.append({ subject: 's', value: { n: 4 } });
    expect((await events(small)).flat()).toEqual([{ n: 0 }, { n: 4 }]);
    const head = await readHead(small.archive, CHAIN, small.governance.keys);
    expect(head.last?.manifest).toMatchObject({ first: '1', next: '2' });
  });

  it('seals under the keys of the year before, with an alarm, while nobody has made those of the year', async () => {
    const clock = new TestClock('2026-12-31T12:00:00Z');
    const small = await smallArchive(clock);
    const standing = new Map<string, string>();
    const alarms: Alarms = {
      raise: (code, place, severity, message) => void standing.set(`${severity} ${code} ${place}`, message),
      clear: (code, place) => {
        standing.delete(`warning ${code} ${place}`);
      },
    };
    const writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, CHAIN, alarms);
    await writer.append({ subject: 's', value: { n: 0 } });
    for (const period of ['2027', '2028']) small.parts.keys.destroy({ className: 'ledger', period });
    clock.advance(24 * 3600_000);
    const late = await writer.append({ subject: 's', value: { n: 1 } });
    expect(late.manifest).toMatchObject({ clock: '2027-01-01T12:00:00.000Z', objects: [{ cohort: { class: 'ledger', period: '2026' } }] });
    expect([...standing]).toEqual([[`warning KEYS_RUNNING_OUT ${CHAIN}`, expect.stringContaining('ledger/2027')]]);
    small.parts.keys.add({ className: 'ledger', period: '2027' });
    expect((await writer.append({ subject: 's', value: { n: 2 } })).manifest.objects[0]?.cohort.period).toBe('2027');
    expect([...standing]).toEqual([]);
    expect(await events(small)).toEqual([[{ n: 0 }], [{ n: 1 }], [{ n: 2 }]]);
    // Two years late: nobody has minded the alarm.
    clock.advance(3 * 365 * 24 * 3600_000);
    await expect(writer.append({ subject: 's', value: { n: 3 } })).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('waits for a claims store that is away no longer than it was told; those who wait longer get their answer', async () => {
    const small = await smallArchive();
    const writer = writerOf(small);
    await writer.append({ subject: 's', value: { n: 0 } });
    const away = { before: (op: string) => (op === 'create' || op === 'read' ? Promise.reject(unavailable()) : undefined) };
    // From the claim on: what comes before it has its own patience.
    let gone = false;
    small.parts.claims.faults = {
      before: (op) => {
        gone ||= op === 'create';
        return gone ? away.before(op) : undefined;
      },
    };
    const stop = new AbortController();
    const patient = writer.append({ subject: 's', value: { n: 1 } });
    await until(() => gone);
    const hurried = writer.append({ subject: 's', value: { n: 2 } }, AbortSignal.timeout(50));
    const stopped = writer.append({ subject: 's', value: { n: 3 } }, stop.signal);
    await expect(hurried).rejects.toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('not known') });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'stopped' });
    small.parts.claims.faults = {};
    await patient;
    await writer.idle();
    expect((await events(small)).flat()).toEqual([{ n: 0 }, { n: 1 }]);
    // All who wait for one segment have given up: so does the writer, and the next one looks what became of it.
    gone = false;
    small.parts.claims.faults = { before: away.before };
    await expect(writer.append({ subject: 's', value: { n: 4 } }, AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'store_unavailable' });
    await writer.idle();
    small.parts.claims.faults = {};
    await writer.append({ subject: 's', value: { n: 5 } });
    expect((await events(small)).flat()).toContainEqual({ n: 5 });
  });

  it('has a deadline for decisions too, also behind one that goes on', async () => {
    const small = await smallArchive();
    let gone = false;
    small.parts.claims.faults = {
      before: (op) => {
        gone ||= op === 'create';
        if (gone) throw unavailable();
      },
    };
    const register = (chain: string): (() => readonly ClearEvent[]) => {
      const event = { id: toHex(randomBytes(16)), time: '2026-03-01T00:00:00.000Z', principal: 'service:test', chain };
      return () => [{ type: 'chain.registered', ...event }];
    };
    const first = small.governance.append(register('access/first'));
    await until(() => gone);
    await expect(small.governance.append(register('access/second'), AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'store_unavailable' });
    small.parts.claims.faults = {};
    await first;
    await small.governance.append(register('access/third'));
    expect([...small.governance.state.chains.keys()]).toEqual(['access/first', 'access/third']);
    gone = false;
    small.parts.claims.faults = {
      before: (op) => {
        if (op === 'create') throw unavailable();
      },
    };
    const stop = new AbortController();
    const fourth = small.governance.append(register('access/fourth'), stop.signal);
    stop.abort();
    await expect(fourth).rejects.toMatchObject({ code: 'stopped' });
  });

  it('obeys a head of gov that knows its chain', async () => {
    const small = await smallArchive();
    const committed = await writerOf(small).append({ subject: 's', value: { n: 0 } });
    expect(committed.manifest.governance.next).toBeGreaterThanOrEqual(small.governance.state.chains.get(CHAIN)!.from);
  });
});
