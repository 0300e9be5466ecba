import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { FailStep, Killed, MemoryClaimStore, MemoryObjectStore, unavailable } from '@holdfast/test-kit';
import { GENESIS_CLAIM, GENESIS_KEY, parseManifestKey, utf8 } from '@holdfast/seal';
import type { StoreFaults } from '@holdfast/test-kit';
import { smallArchive } from '../../test/small-archive.js';
import type { Small } from '../../test/small-archive.js';
import { LedgerWriter } from '../ledger-writer.js';
import { compareVaults } from './compare-vaults.js';
import type { CompareOptions, Comparison } from './compare-vaults.js';
import { copyVault } from './copy-vault.js';
import type { CopyOptions, CopyReport } from './copy-vault.js';

const LOCK = { mode: 'COMPLIANCE', retainUntil: new Date('2099-12-31T23:59:59Z') } as const;
const clock = { now: () => new Date() };

/** Large enough not to lie in the manifest, and not to be read by a quick comparison. */
const LARGE = 'large';

interface Copy {
  readonly vault: MemoryObjectStore;
  readonly wraps: MemoryObjectStore;
  readonly claims: MemoryClaimStore;
}

let small: Small;
let writer: LedgerWriter;

beforeEach(async () => {
  small = await smallArchive();
  writer = new LedgerWriter(small.archive, small.clock, small.governance, small.dataKeys, 'access/tester');
  await seal('one');
  await seal(LARGE);
  const [content] = await list(small.parts.vault, 'o/');
  if (content !== undefined) await small.parts.vault.setLegalHold(content.key, content.version, true);
}, 60_000);

async function seal(text: string): Promise<void> {
  await writer.append({ subject: 's', value: { text: text === LARGE ? Array.from({ length: 12_000 }, () => Math.random()) : text } });
}

/** Its version ids are not those of the source: the fakes count theirs. */
async function emptyCopy(faults: StoreFaults = {}): Promise<Copy> {
  const copy = { vault: new MemoryObjectStore(), wraps: new MemoryObjectStore(), claims: new MemoryClaimStore() };
  for (const store of [copy.vault, copy.wraps]) {
    for (let i = 0; i < 40; i++) store.destroy('store-check/first', await store.put('store-check/first', utf8('x'), LOCK));
  }
  for (const store of [copy.vault, copy.wraps, copy.claims]) store.faults = faults;
  return copy;
}

function copyTo(copy: Copy, options: Partial<CopyOptions> = {}): Promise<CopyReport> {
  return copyVault(small.parts, copy, { crypto, clock, ...options });
}

function compare(copy: Copy, options: Partial<CompareOptions> = {}): Promise<Comparison> {
  return compareVaults(small.parts, copy, { crypto, clock, ...options });
}

async function list(store: MemoryObjectStore, prefix = ''): Promise<{ readonly key: string; readonly version: string }[]> {
  const rows: { readonly key: string; readonly version: string }[] = [];
  for await (const row of store.list(prefix)) if (!row.deleteMarker) rows.push(row);
  return rows;
}

async function first(store: MemoryObjectStore, prefix: string): Promise<{ readonly key: string; readonly version: string }> {
  const [row] = await list(store, prefix);
  if (row === undefined) throw new Error(`nothing under ${prefix}`);
  return row;
}

const codes = ({ findings }: { readonly findings: readonly { readonly code: string; readonly place: string }[] }): string[] =>
  findings.map(({ code, place }) => `${code} ${place}`);

/** Durable steps in any store of the source: there must never be one. */
function watchSource(): string[] {
  const written: string[] = [];
  const before = (op: string, key: string): void => {
    if (['put', 'setLegalHold', 'extendLock', 'delete', 'create', 'remove'].includes(op)) written.push(`${op} ${key}`);
  };
  for (const store of [small.parts.vault, small.parts.wraps, small.parts.claims]) store.faults = { before };
  return written;
}

describe('a copy', () => {
  it('has every version with lock and hold, compares clean at every depth, and is not made twice', async () => {
    const written = watchSource();
    const copy = await emptyCopy();
    const report = await copyTo(copy);
    const versions = (await list(small.parts.vault)).length + (await list(small.parts.wraps)).length;
    expect(report).toMatchObject({ archive: small.archive.idHex, copied: versions, held: 1, relocked: 0, claims: 0, findings: [], later: 0 });
    for (const deep of [false, true]) {
      const comparison = await compare(copy, { deep });
      expect(comparison).toMatchObject({ ok: true, findings: [], looked: versions });
      expect(comparison.notes.map(({ code }) => code)).toEqual(['RELOCATED', 'RELOCATED']);
    }
    expect(await copyTo(copy)).toMatchObject({ copied: 0, bytes: 0, held: 0, relocked: 0, findings: [] });
    expect((await list(copy.vault)).length + (await list(copy.wraps)).length).toBe(versions);
    expect(await copy.claims.read(GENESIS_CLAIM)).toBeUndefined();
    expect([...written, ...copy.vault.refused, ...copy.wraps.refused]).toEqual([]);
  });

  it('is brought up to what was sealed, held and locked since', async () => {
    const copy = await emptyCopy();
    await copyTo(copy);
    await seal('later');
    const { key, version } = await first(small.parts.vault, 'm/access/');
    await small.parts.vault.extendLock(key, version, LOCK);
    await small.parts.vault.setLegalHold(key, version, true);
    const before = await compare(copy);
    expect(codes(before).map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining(['HOLD_MISSING', 'LOCK_SHORT', 'MISSING']));
    expect(codes(before)).toEqual(expect.arrayContaining([`HOLD_MISSING vault/${key}`, `LOCK_SHORT vault/${key}`]));
    expect(await copyTo(copy)).toMatchObject({ copied: 1, relocked: 1, held: 1, findings: [] });
    expect(await compare(copy, { deep: true })).toMatchObject({ ok: true });
  });

  it.each(['before', 'after'] as const)(
    'that was killed %s any durable step goes on where it stood, and is never one with a hole',
    async (when) => {
      for (let n = 1; ; n++) {
        const faults = new FailStep(n, when);
        const copy = await emptyCopy(faults);
        const run = copyTo(copy, { claims: true, inFlight: { tasks: 3, bytes: 200_000 } });
        const failure = await run.then(
          () => undefined,
          (error: unknown) => error,
        );
        if (!faults.fired) {
          expect(failure).toBeUndefined();
          expect(n).toBeGreaterThan(12);
          return;
        }
        expect(failure).toBeInstanceOf(Killed);
        await expectNoHole(copy);
        for (const store of [copy.vault, copy.wraps, copy.claims]) store.faults = {};
        await copyTo(copy, { claims: true });
        expect(await compare(copy, { deep: true, claims: true })).toMatchObject({ ok: true, findings: [] });
      }
    },
    120_000,
  );

  /** Genesis first; numbers without a gap; nothing in a chain whose content or governance is still to come; its claim last. */
  async function expectNoHole(copy: Copy): Promise<void> {
    const manifests = (await list(copy.vault, 'm/')).map(({ key }) => parseManifestKey(key));
    const numbers = new Map<string, number[]>();
    for (const name of manifests) if (name !== undefined) numbers.set(name.chain, [...(numbers.get(name.chain) ?? []), name.seq]);
    for (const seqs of numbers.values()) expect(seqs).toEqual(seqs.map((_, i) => i));
    const whole = async (prefix: string): Promise<boolean> =>
      (await list(copy.vault, prefix)).length === (await list(small.parts.vault, prefix)).length;
    if (manifests.length > 0) {
      expect(await whole('o/')).toBe(true);
      expect((await list(copy.wraps)).length).toBe((await list(small.parts.wraps)).length);
    }
    if (numbers.has('access/tester')) expect(await whole('m/gov/')).toBe(true);
    if ((await list(copy.vault)).length > 0 || (await list(copy.wraps)).length > 0) expect(await whole(GENESIS_KEY)).toBe(true);
    if ((await copy.claims.read(GENESIS_CLAIM)) !== undefined) expect(await whole('m/')).toBe(true);
  }

  it('stops on request between two objects, and goes on', async () => {
    const copy = await emptyCopy();
    const stop = new AbortController();
    await expect(
      copyTo(copy, {
        signal: stop.signal,
        onProgress: ({ copied }) => {
          if (copied > 3) stop.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'stopped' });
    expect((await copyTo(copy)).copied).toBeGreaterThan(0);
    expect(await compare(copy, { deep: true })).toMatchObject({ ok: true });
  });

  it('ends with the store that is away, and goes on when it is back', async () => {
    const faults = new FailStep(4, 'after', unavailable);
    const copy = await emptyCopy(faults);
    await expect(copyTo(copy)).rejects.toMatchObject({ code: 'store_unavailable' });
    await copyTo(copy);
    expect(await compare(copy, { deep: true })).toMatchObject({ ok: true });
  });

  it('of an archive that goes on is one moment of it', async () => {
    const copy = await emptyCopy();
    let sealing: Promise<void> = Promise.resolve();
    small.parts.vault.faults = {
      before: (op, key) => {
        // While content is listed, a segment is sealed with content that was not there before, and two behind it.
        if (op === 'list' && key === '') {
          small.parts.vault.faults = {};
          sealing = seal(LARGE).then(() => seal('after'));
        }
        return sealing;
      },
    };
    const report = await copyTo(copy);
    expect(report.later).toBeGreaterThan(0);
    expect((await list(copy.vault, 'm/access/')).length).toBe(2);
    expect(await compare(copy, { before: new Date(report.asOf) })).toMatchObject({ findings: [] });
    expect((await compare(copy)).ok).toBe(false);
    await copyTo(copy);
    expect(await compare(copy, { deep: true })).toMatchObject({ ok: true });
  });

  it('leaves out delete markers and probes, and says so', async () => {
    const { key } = await first(small.parts.vault, 'm/gov/');
    small.parts.vault.hide(key);
    await small.parts.vault.put('store-check/probe', utf8('probe'), LOCK);
    const copy = await emptyCopy();
    expect(await copyTo(copy)).toMatchObject({ markers: 1, probes: 1, findings: [] });
    const comparison = await compare(copy);
    expect(comparison).toMatchObject({ ok: true, markers: 1, probes: 1 });
    expect(comparison.notes.map(({ code }) => code)).toContain('DELETE_MARKER');
  });

  it('has every version of a key that has several, in their order, and names that nobody knows', async () => {
    const { key } = await first(small.parts.wraps, '');
    await small.parts.wraps.put(key, utf8('another'), { ...LOCK, mode: 'GOVERNANCE' });
    await small.parts.vault.put('x/strange', utf8('strange'), LOCK);
    const copy = await emptyCopy();
    expect(await copyTo(copy)).toMatchObject({ findings: [] });
    const bytes = async (store: MemoryObjectStore): Promise<string[]> =>
      Promise.all((await list(store, key)).map(async (row) => Buffer.from(await store.get(row.key, row.version)).toString()));
    expect(await bytes(copy.wraps)).toEqual(await bytes(small.parts.wraps));
    expect(await compare(copy, { deep: true })).toMatchObject({ ok: true });
  });

  it('takes no bytes that are not those of their name', async () => {
    const { key, version } = await first(small.parts.vault, 'o/');
    small.parts.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 50_000 ? byte ^ 1 : byte)));
    const copy = await emptyCopy();
    expect(codes(await copyTo(copy))).toEqual([`SOURCE_DAMAGED vault/${key}`]);
    expect(await list(copy.vault, 'o/')).toEqual([]);
    expect(codes(await compare(copy))).toEqual([`MISSING vault/${key}`]);
  });

  it('keeps what was right when the source is damaged afterwards', async () => {
    const copy = await emptyCopy();
    await copyTo(copy);
    const { key, version } = await first(small.parts.vault, 'o/');
    small.parts.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 50_000 ? byte ^ 1 : byte)));
    expect(await copyTo(copy)).toMatchObject({ copied: 0, findings: [] });
    expect((await compare(copy)).ok).toBe(true);
    const deep = await compare(copy, { deep: true });
    expect(deep.findings).toEqual([
      expect.objectContaining({ code: 'DIFFERS', place: `vault/${key}`, message: expect.stringContaining('those of the copy are') }),
    ]);
  });
});

describe('a destination', () => {
  it('that holds another archive, or anything else, is refused before anything is written', async () => {
    const other = await smallArchive();
    const copy = await emptyCopy();
    await copyVault(other.parts, copy, { crypto, clock });
    const held = (await list(copy.vault)).length;
    await expect(copyTo(copy)).rejects.toMatchObject({ code: 'bad_configuration', message: expect.stringContaining('another archive') });
    await expect(compare(copy)).rejects.toMatchObject({ code: 'bad_configuration' });
    expect((await list(copy.vault)).length).toBe(held);
    const strange = await emptyCopy();
    await strange.wraps.put('holiday/photo.jpeg', utf8('x'), LOCK);
    await expect(copyTo(strange)).rejects.toMatchObject({ code: 'bad_configuration', message: expect.stringContaining('holiday/photo.jpeg') });
    await expect(copyVault(await emptyCopy(), await emptyCopy(), { crypto, clock })).rejects.toMatchObject({
      message: expect.stringContaining('no genesis'),
    });
  });

  it('that was taken over is refused, and never becomes two futures of one archive', async () => {
    const copy = await emptyCopy();
    await copyTo(copy, { claims: true });
    expect(await compare(copy, { claims: true })).toMatchObject({ ok: true });
    await expect(copyTo(copy)).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('with claims') });
    await seal('here');
    await copyTo(copy, { claims: true });
    const there = { ...small.parts, ...copy };
    const taken = new LedgerWriter({ ...small.archive, ...there }, small.clock, small.governance, small.dataKeys, 'access/tester');
    await taken.append({ subject: 's', value: { text: 'there' } });
    await seal('here too');
    await expect(copyTo(copy, { claims: true })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('gone on by itself'),
    });
    // Also where its claims are not at hand.
    const report = await copyVault(small.parts, { vault: copy.vault, wraps: copy.wraps }, { crypto, clock });
    expect(report.findings).toEqual([expect.objectContaining({ code: 'EXTRA', place: expect.stringMatching(/^vault\/m\/access\/tester\//) })]);
  });
});

describe('compare', () => {
  let copy: Copy;
  beforeEach(async () => {
    copy = await emptyCopy();
    await copyTo(copy, { claims: true });
  });

  it('names a flipped byte: of a manifest and a wrap at once, of content when it reads everything', async () => {
    const flip = (body: Uint8Array): Uint8Array => body.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    const [manifest, wrap, content] = [await first(copy.vault, 'm/gov/'), await first(copy.wraps, ''), await first(copy.vault, 'o/')];
    copy.vault.tamper(manifest.key, manifest.version, flip);
    copy.wraps.tamper(wrap.key, wrap.version, flip);
    copy.vault.tamper(content.key, content.version, flip);
    const small = [`DIFFERS vault/${manifest.key}`, `DIFFERS wraps/${wrap.key}`];
    expect(codes(await compare(copy)).sort()).toEqual(small.sort());
    expect(codes(await compare(copy, { deep: true })).sort()).toEqual([...small, `DIFFERS vault/${content.key}`].sort());
  });

  it('names what is missing, cut, more, locked too short, not held, or hidden', async () => {
    const rows = await list(copy.vault, '');
    const [content] = rows.filter(({ key }) => key.startsWith('o/'));
    const manifest = rows.find(({ key }) => key.startsWith('m/access/'));
    if (content === undefined || manifest === undefined) throw new Error('nothing to take');
    copy.vault.destroy(content.key, content.version);
    expect(codes(await compare(copy))).toEqual([`MISSING vault/${content.key}`]);
    const source = await first(small.parts.vault, content.key);
    const bytes = await small.parts.vault.get(source.key, source.version);
    await copy.vault.put(content.key, bytes, { mode: 'GOVERNANCE', retainUntil: LOCK.retainUntil });
    expect(codes(await compare(copy))).toEqual([`HOLD_MISSING vault/${content.key}`, `LOCK_SHORT vault/${content.key}`]);
    await copy.vault.put(content.key, bytes, { mode: 'COMPLIANCE', retainUntil: new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000) });
    expect(codes(await compare(copy))).toEqual([`HOLD_MISSING vault/${content.key}`, `LOCK_SHORT vault/${content.key}`]);
    expect(await copyTo(copy, { claims: true })).toMatchObject({ copied: 0, relocked: 1, held: 1 });
    expect(await compare(copy)).toMatchObject({ ok: true });
    copy.vault.tamper(manifest.key, manifest.version, (body) => body.subarray(1));
    copy.vault.hide(manifest.key);
    await copy.vault.put('m/odd', utf8('more'), LOCK);
    expect(codes(await compare(copy)).sort()).toEqual([`DIFFERS vault/${manifest.key}`, `EXTRA vault/${manifest.key}`, 'EXTRA vault/m/odd'].sort());
  });

  it('notes a hold that the source has lifted, and never lifts it', async () => {
    const { key, version } = await first(small.parts.vault, 'o/');
    await small.parts.vault.setLegalHold(key, version, false);
    await copyTo(copy, { claims: true });
    const comparison = await compare(copy);
    expect(comparison.ok).toBe(true);
    expect(comparison.notes).toContainEqual(expect.objectContaining({ code: 'HOLD_EXTRA', place: `vault/${key}` }));
  });

  it('names claims that are missing, other or more', async () => {
    await copy.claims.create('access/other/0000000000000000', utf8('x'));
    const claims = (await emptyCopy()).claims;
    expect(codes(await compareVaults(small.parts, { ...copy, claims }, { crypto, clock, claims: true }))).toContain(
      `MISSING claims/${GENESIS_CLAIM}`,
    );
    expect(codes(await compare(copy, { claims: true }))).toEqual(['EXTRA claims/access/other/0000000000000000']);
  });

  it('names what cannot be read, and goes on', async () => {
    const { key } = await first(copy.vault, 'm/access/');
    const broken = { ...copy, vault: Object.assign(Object.create(copy.vault) as MemoryObjectStore, {}) };
    const get = copy.vault.get.bind(copy.vault);
    Object.defineProperty(broken.vault, 'get', {
      value: (wanted: string, version: string) => get(wanted, wanted === key ? 'gone' : version),
    });
    for (const name of ['head', 'list'] as const) Object.defineProperty(broken.vault, name, { value: copy.vault[name].bind(copy.vault) });
    expect(codes(await compare(broken))).toEqual([`UNREADABLE vault/${key}`]);
  });
});
