// Over 300 lines: one contract, read from top to bottom beside the port.
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_OBJECT_BYTES } from '@holdfast/ports';
import type { Lock, LockMode, ObjectStore, ObjectVersion } from '@holdfast/ports';
import { describeWith, type Needs } from '../needs.js';
import { codeOf } from '../code-of.js';
import { collect } from '../collect.js';
import { until } from '../until.js';

/** What a known server does not do; the promise is then tested to be still broken, so that an update of it is noticed. */
export type ObjectStoreGap =
  /** A version whose retention is over can be deleted although a legal hold is on. */
  | 'hold_after_expiry'
  /** HEAD of a version that is not the newest shows neither lock nor hold. */
  | 'older_versions_locks'
  /** Puts to one key at one moment: now and then a version loses its lock, and its put fails; the others must be whole. */
  | 'concurrent_puts'
  /** Versions show twice at page ends. */
  | 'list_duplicates';

export interface ObjectStoreSuite {
  readonly needs?: Needs;
  /** Turns the store's clock to `instant` or waits until it has passed. Default: wait on `now()`. */
  readonly pass?: (store: ObjectStore, instant: Date) => Promise<void>;
  /** Puts a delete marker on a key, as an operator could; absent where the store has none. */
  readonly hide?: (store: ObjectStore, key: string) => Promise<unknown>;
  readonly gaps?: readonly ObjectStoreGap[];
}

/** Milliseconds in which a real server can do a few calls on a busy machine, in whole seconds: locks cannot be shorter. */
const SHORT = 3000;
const DAY = 24 * 3600 * 1000;

/**
 * The contract of `ObjectStore`. `make` is called once; every test uses keys of its own, so a bucket can be shared and
 * nothing needs cleaning (locked versions could not be cleaned).
 */
export function describeObjectStore(name: string, make: () => ObjectStore | Promise<ObjectStore>, suite: ObjectStoreSuite = {}): void {
  describeWith(suite.needs ?? { env: [] }, `object store: ${name}`, () => {
    let store: ObjectStore;
    let count = 0;
    const run = randomBytes(4).toString('hex');
    const fresh = (): string => `t-${run}/${String(++count)}`;
    const pass = suite.pass ?? ((s, instant) => until(async () => (await s.now()) > instant));
    const check = (gap: ObjectStoreGap): typeof it | typeof it.failing => (suite.gaps?.includes(gap) === true ? it.failing : it);

    beforeAll(async () => {
      store = await make();
    });

    async function lockFor(ms: number, mode: LockMode = 'COMPLIANCE'): Promise<Lock> {
      return { mode, retainUntil: new Date(Math.ceil(((await store.now()).getTime() + ms) / 1000) * 1000) };
    }
    async function rows(prefix: string, after?: string): Promise<ObjectVersion[]> {
      return collect(store.list(prefix, after === undefined ? {} : { after }));
    }
    async function putText(key: string, text: string, lock?: Lock): Promise<string> {
      return store.put(key, Buffer.from(text), lock ?? (await lockFor(DAY)));
    }
    async function text(key: string, version: string): Promise<string> {
      return Buffer.from(await store.get(key, version)).toString();
    }

    describe('put and get', () => {
      it.each([0, 1, 70_000, 8 * 1024 * 1024])('returns the %d bytes that were put, with size and lock', async (size) => {
        const key = fresh();
        const body = randomBytes(size);
        const lock = await lockFor(DAY);
        const version = await store.put(key, body, lock);
        expect(Buffer.compare(await store.get(key, version), body)).toBe(0);
        const state = await store.head(key, version);
        expect(state).toMatchObject({ size, lock, legalHold: false });
        expect(Math.abs(state.lastModified.getTime() - (await store.now()).getTime())).toBeLessThan(60_000);
      });

      it('makes another version of a repeat, and keeps both', async () => {
        const key = fresh();
        const first = await putText(key, 'first');
        const second = await putText(key, 'second');
        const third = await putText(key, 'second');
        expect(new Set([first, second, third]).size).toBe(3);
        expect([await text(key, first), await text(key, second), await text(key, third)]).toEqual(['first', 'second', 'second']);
        expect((await rows(key)).length).toBe(3);
      });

      it('keeps every version that it acknowledged of 20 concurrent puts to one key', async () => {
        const key = fresh();
        const lock = await lockFor(DAY);
        const puts = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => putText(key, `body ${String(i)}`, lock)));
        const kept = puts.flatMap((put, i) => (put.status === 'fulfilled' ? [{ version: put.value, body: `body ${String(i)}` }] : []));
        if (suite.gaps?.includes('concurrent_puts') !== true) expect(kept).toHaveLength(20);
        expect(new Set(kept.map(({ version }) => version)).size).toBe(kept.length);
        expect(await Promise.all(kept.map(({ version }) => text(key, version)))).toEqual(kept.map(({ body }) => body));
        const listed = new Set((await rows(key)).map((row) => row.version));
        expect(kept.filter(({ version }) => !listed.has(version))).toEqual([]);
        if (kept.length === 20) expect(listed.size).toBe(20);
      });

      it('hands out copies: changing what was read or put changes nothing', async () => {
        const key = fresh();
        const body = Buffer.from('unchanged');
        const version = await store.put(key, body, await lockFor(DAY));
        body.fill(0);
        (await store.get(key, version)).fill(1);
        expect(await text(key, version)).toBe('unchanged');
      });

      it('takes part of a larger buffer as it is', async () => {
        const key = fresh();
        const version = await store.put(key, Buffer.from('--part--').subarray(2, 6), await lockFor(DAY));
        expect(await text(key, version)).toBe('part');
      });

      it('refuses a body over the limit, and keeps nothing of it', async () => {
        const key = fresh();
        expect(await codeOf(store.put(key, Buffer.alloc(MAX_OBJECT_BYTES + 1), await lockFor(DAY)))).toBe('bad_request');
        expect(await rows(key)).toEqual([]);
      });

      it.each([
        ['with a fraction of a second', 1500],
        ['in the past', -DAY],
      ])('refuses a lock %s', async (_, ms) => {
        const key = fresh();
        const now = Math.floor((await store.now()).getTime() / 1000) * 1000;
        expect(await codeOf(putText(key, 'x', { mode: 'COMPLIANCE', retainUntil: new Date(now + ms) }))).toBe('bad_request');
        expect(await rows(key)).toEqual([]);
      });
    });

    describe('ranges', () => {
      it('are inclusive, and clipped to the end', async () => {
        const key = fresh();
        const version = await putText(key, '0123456789');
        const part = async (start: number, end: number): Promise<string> => Buffer.from(await store.get(key, version, { start, end })).toString();
        expect(await part(0, 0)).toBe('0');
        expect(await part(3, 5)).toBe('345');
        expect(await part(9, 9)).toBe('9');
        expect(await part(8, 1000)).toBe('89');
        expect(await part(0, 9)).toBe('0123456789');
      });

      it.each([
        [10, 12],
        [5, 4],
        [-1, 3],
        [0.5, 3],
      ])('refuse %d to %d of ten bytes', async (start, end) => {
        const key = fresh();
        const version = await putText(key, '0123456789');
        expect(await codeOf(store.get(key, version, { start, end }))).toBe('bad_request');
      });

      it('refuse any range of an empty object', async () => {
        const key = fresh();
        const version = await putText(key, '');
        expect(await codeOf(store.get(key, version, { start: 0, end: 0 }))).toBe('bad_request');
      });
    });

    describe('what is not there', () => {
      it('is object_missing: no such key, no such version, a version of another key', async () => {
        const key = fresh();
        const other = fresh();
        const version = await putText(key, 'x');
        const foreign = await putText(other, 'y');
        for (const [k, v] of [
          [fresh(), version],
          [key, foreign],
          [key, 'no-such-version'],
        ] as const) {
          expect(await codeOf(store.get(k, v))).toBe('object_missing');
          expect(await codeOf(store.head(k, v))).toBe('object_missing');
          expect(await codeOf(store.setLegalHold(k, v, true))).toBe('object_missing');
          expect(await codeOf(store.extendLock(k, v, await lockFor(DAY)))).toBe('object_missing');
        }
      });

      it('is no error for delete', async () => {
        await store.delete(fresh(), 'no-such-version');
      });
    });

    describe('keys', () => {
      it.each(['a=b~c.d_e-f', '.hidden', '..x', 'a..b', 'UPPER/lower', '-', '~', 'x@v'.replace('@', '='), `${'long'.repeat(50)}/${'k'.repeat(200)}`])(
        'may be %s',
        async (tail) => {
          const key = `${fresh()}/${tail}`;
          const version = await putText(key, tail);
          expect(await text(key, version)).toBe(tail);
          expect((await rows(key)).map((r) => [r.key, r.version])).toEqual([[key, version]]);
        },
      );

      it.each([
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../a',
        'a/./b',
        'a/../b',
        'a b',
        'a%b',
        'a+b',
        'a@b',
        'a\\b',
        'a:b',
        'a\0b',
        'a\nb',
        'ключ',
        'a'.repeat(201),
      ])('may not be %j', async (key) => {
        expect(await codeOf(putText(key, 'x'))).toBe('bad_request');
        expect(await codeOf(store.get(key, 'v'))).toBe('bad_request');
        expect(await codeOf(store.delete(key, 'v'))).toBe('bad_request');
      });
    });

    describe('list', () => {
      const tails = [
        'a',
        'a-',
        'a.',
        'a0',
        'a=',
        'aA',
        'a_',
        'aa',
        'a~',
        'b/1',
        'b/10',
        'b/2',
        'b-/1',
        'b.x/1',
        'b0/1',
        'c/d/e/f',
        'c/d/e0',
        'c/d-e',
      ];
      let base: string;
      const versions = new Map<string, string[]>();

      beforeAll(async () => {
        base = fresh();
        for (const tail of [...tails].reverse()) versions.set(tail, [await putText(`${base}/${tail}`, tail)]);
        for (const tail of ['a=', 'b/10', 'c/d/e/f']) {
          for (let i = 0; i < 7; i++) versions.get(tail)?.unshift(await putText(`${base}/${tail}`, `${tail} again`));
        }
      });

      const expected = (keep: (tail: string) => boolean): string[] =>
        [...tails]
          .filter(keep)
          .sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
          .flatMap((tail) => (versions.get(tail) ?? []).map((v) => `${base}/${tail} ${v}`));
      const listed = async (prefix: string, after?: string): Promise<string[]> =>
        (await rows(`${base}/${prefix}`, after === undefined ? undefined : `${base}/${after}`)).map((r) => `${r.key} ${r.version}`);

      check('list_duplicates')('gives keys ascending by bytes and versions newest first, each once, across pages', async () => {
        expect(await listed('')).toEqual(expected(() => true));
      });

      check('list_duplicates').each(['a', 'a=', 'b', 'b/', 'b/1', 'c/d', 'c/d/', 'nothing', 'a/../b'])(
        'of the prefix %s gives just that',
        async (prefix) => {
          expect(await listed(prefix)).toEqual(expected((tail) => tail.startsWith(prefix)));
        },
      );

      check('list_duplicates').each(['a', 'a=', 'a=0', 'b/10', 'b', 'b0/1', 'zzz', ''])('goes on after %j', async (after) => {
        expect(await listed('', after)).toEqual(expected((tail) => tail > after));
      });

      it('says size, time and which version is the latest', async () => {
        const found = await rows(`${base}/b/10`);
        expect(found.map((r) => r.isLatest)).toEqual([true, false, false, false, false, false, false, false]);
        expect(found.map((r) => r.deleteMarker)).toEqual(Array.from({ length: 8 }, () => false));
        expect(found.map((r) => r.size)).toEqual([10, 10, 10, 10, 10, 10, 10, 4]);
        const now = (await store.now()).getTime();
        for (const row of found) expect(Math.abs(row.lastModified.getTime() - now)).toBeLessThan(120_000);
      });

      it('can be left early', async () => {
        for await (const row of store.list(`${base}/`)) {
          expect(row.key).toBe(`${base}/a`);
          break;
        }
      });
    });

    describe('locks', () => {
      it.each([undefined, { bypass: true }])('COMPLIANCE: nobody deletes early (%j), and the bytes stay', async (options) => {
        const key = fresh();
        const version = await putText(key, 'kept');
        expect(await codeOf(store.delete(key, version, options))).toBe('object_locked');
        expect(await text(key, version)).toBe('kept');
        expect((await rows(key)).length).toBe(1);
      });

      it('GOVERNANCE: refused without bypass, deleted with it', async () => {
        const key = fresh();
        const version = await putText(key, 'kept', await lockFor(DAY, 'GOVERNANCE'));
        expect(await codeOf(store.delete(key, version))).toBe('object_locked');
        expect(await text(key, version)).toBe('kept');
        await store.delete(key, version, { bypass: true });
        expect(await codeOf(store.get(key, version))).toBe('object_missing');
      });

      it('ends: then the version can be deleted, twice, and the others stay', async () => {
        const key = fresh();
        const kept = await putText(key, 'kept');
        const lock = await lockFor(SHORT);
        const version = await putText(key, 'short', lock);
        expect(await codeOf(store.delete(key, version))).toBe('object_locked');
        await pass(store, lock.retainUntil);
        await store.delete(key, version);
        await store.delete(key, version);
        expect(await codeOf(store.get(key, version))).toBe('object_missing');
        expect(await codeOf(store.head(key, version))).toBe('object_missing');
        expect((await rows(key)).map((r) => [r.version, r.isLatest])).toEqual([[kept, true]]);
        expect(await text(key, kept)).toBe('kept');
      });

      it.each(['COMPLIANCE', 'GOVERNANCE'] as const)('%s: can be made longer, never shorter, and keep their mode', async (mode) => {
        const key = fresh();
        const version = await putText(key, 'x', await lockFor(DAY, mode));
        const longer = await lockFor(3 * DAY, mode);
        await store.extendLock(key, version, longer);
        expect((await store.head(key, version)).lock).toEqual(longer);
        await store.extendLock(key, version, longer);
        expect(await codeOf(store.extendLock(key, version, await lockFor(2 * DAY, mode)))).toBe('object_locked');
        const other = mode === 'COMPLIANCE' ? 'GOVERNANCE' : 'COMPLIANCE';
        expect(await codeOf(store.extendLock(key, version, await lockFor(4 * DAY, other)))).toBe('object_locked');
        expect((await store.head(key, version)).lock).toEqual(longer);
      });

      check('older_versions_locks')('can be renewed after they have ended, for one version alone', async () => {
        const key = fresh();
        const lock = await lockFor(SHORT);
        const first = await putText(key, 'first', lock);
        const second = await putText(key, 'second', lock);
        await pass(store, lock.retainUntil);
        await store.extendLock(key, first, await lockFor(DAY));
        expect(await codeOf(store.delete(key, first))).toBe('object_locked');
        await store.delete(key, second);
        expect(await text(key, first)).toBe('first');
      });

      it('refuse an extension with a fraction of a second', async () => {
        const key = fresh();
        const version = await putText(key, 'x');
        const retainUntil = new Date((await lockFor(2 * DAY)).retainUntil.getTime() + 500);
        expect(await codeOf(store.extendLock(key, version, { mode: 'COMPLIANCE', retainUntil }))).toBe('bad_request');
      });
    });

    describe('legal holds', () => {
      check('older_versions_locks')('read back as set, twice the same is no error, and belong to one version', async () => {
        const key = fresh();
        const first = await putText(key, 'first');
        const second = await putText(key, 'second');
        const holds = async (): Promise<boolean[]> => [(await store.head(key, first)).legalHold, (await store.head(key, second)).legalHold];
        await store.setLegalHold(key, first, true);
        await store.setLegalHold(key, first, true);
        expect(await holds()).toEqual([true, false]);
        await store.setLegalHold(key, first, false);
        await store.setLegalHold(key, first, false);
        expect(await holds()).toEqual([false, false]);
      });

      it('are refused to a bypass of GOVERNANCE', async () => {
        const key = fresh();
        const version = await putText(key, 'held', await lockFor(DAY, 'GOVERNANCE'));
        await store.setLegalHold(key, version, true);
        expect(await codeOf(store.delete(key, version, { bypass: true }))).toBe('object_locked');
        await store.setLegalHold(key, version, false);
        await store.delete(key, version, { bypass: true });
      });

      check('hold_after_expiry')('keep a version whose lock has ended, until they are lifted', async () => {
        const key = fresh();
        const lock = await lockFor(SHORT);
        const version = await putText(key, 'held', lock);
        await store.setLegalHold(key, version, true);
        await pass(store, lock.retainUntil);
        expect(await codeOf(store.delete(key, version))).toBe('object_locked');
        expect(await codeOf(store.delete(key, version, { bypass: true }))).toBe('object_locked');
        expect(await text(key, version)).toBe('held');
        await store.setLegalHold(key, version, false);
        await store.delete(key, version);
        expect(await codeOf(store.head(key, version))).toBe('object_missing');
      });

      it('and longer locks that are set at the same moment both stay', async () => {
        const key = fresh();
        const version = await putText(key, 'x');
        const longer = await lockFor(2 * DAY);
        for (const on of [true, false, true]) {
          await Promise.all([store.setLegalHold(key, version, on), store.extendLock(key, version, longer)]);
          expect(await store.head(key, version)).toMatchObject({ legalHold: on, lock: longer });
        }
      });
    });

    const { hide } = suite;
    if (hide !== undefined) {
      describe('a delete marker', () => {
        it('hides nothing from readers by version, shows in the list, and can be removed', async () => {
          const key = fresh();
          const version = await putText(key, 'behind');
          await hide(store, key);
          expect(await text(key, version)).toBe('behind');
          expect(Buffer.from(await store.get(key, version, { start: 2, end: 3 })).toString()).toBe('hi');
          expect((await store.head(key, version)).size).toBe(6);
          const [marker, object, ...more] = await rows(key);
          expect(more).toEqual([]);
          expect(marker).toMatchObject({ key, deleteMarker: true, isLatest: true, size: 0 });
          expect(object).toMatchObject({ key, version, deleteMarker: false, isLatest: false, size: 6 });
          const id = marker?.version ?? '';
          expect(await codeOf(store.head(key, id))).toBe('object_missing');
          expect(await codeOf(store.get(key, id))).toBe('object_missing');
          await store.delete(key, id);
          expect((await rows(key)).map((r) => [r.version, r.isLatest])).toEqual([[version, true]]);
        });
      });
    }

    it('tells the time', async () => {
      const before = await store.now();
      const after = await store.now();
      expect(after.getTime()).toBeGreaterThanOrEqual(before.getTime());
    });
  });
}
