import { randomBytes } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import { MAX_CLAIM_BYTES } from '@holdfast/ports';
import type { ClaimStore } from '@holdfast/ports';
import { codeOf } from '../code-of.js';
import { collect } from '../collect.js';
import { describeWith, type Needs } from '../needs.js';

export interface ClaimStoreSuite {
  readonly needs?: Needs;
  /** Rounds of the race, default 10. */
  readonly rounds?: number;
  /** A server that is known to let several win now and then; then only what holds in every race is tested. */
  readonly severalWinners?: boolean;
}

/** The contract of `ClaimStore`. `make` is called `racers` times: every racer has a client of its own. */
export function describeClaimStore(name: string, make: (racer: number) => ClaimStore | Promise<ClaimStore>, suite: ClaimStoreSuite = {}): void {
  describeWith(suite.needs ?? { env: [] }, `claim store: ${name}`, () => {
    let stores: readonly ClaimStore[];
    let store: ClaimStore;
    let count = 0;
    const run = randomBytes(4).toString('hex');
    const fresh = (): string => `t-${run}/${String(++count)}`;
    const text = async (key: string): Promise<string | undefined> => {
      const body = await store.read(key);
      return body === undefined ? undefined : Buffer.from(body).toString();
    };

    beforeAll(async () => {
      stores = await Promise.all([0, 1, 2, 3].map(async (racer) => make(racer)));
      const [first] = stores;
      if (first === undefined) throw new Error('no store was made');
      store = first;
    });

    it('creates once; a later one finds it and changes nothing', async () => {
      const key = fresh();
      expect(await store.read(key)).toBeUndefined();
      expect(await store.create(key, Buffer.from('mine'))).toBe('created');
      expect(await store.create(key, Buffer.from('other'))).toBe('exists');
      expect(await store.create(key, Buffer.from('mine'))).toBe('exists');
      expect(await text(key)).toBe('mine');
    });

    const outcome = suite.severalWinners === true ? 'at least one winner' : 'one winner';
    it(`has ${outcome} among 20 racers, in every round, and keeps just what a winner wrote`, async () => {
      for (let round = 0; round < (suite.rounds ?? 10); round++) {
        const key = fresh();
        const bodies = Array.from({ length: 20 }, (_, i) => `racer ${String(i)} ${randomBytes(8).toString('hex')}`);
        const answers = await Promise.all(bodies.map((body, i) => (stores[i % stores.length] ?? store).create(key, Buffer.from(body))));
        const winners = bodies.filter((_, i) => answers[i] === 'created');
        expect(answers.filter((a) => a === 'exists').length).toBe(20 - winners.length);
        if (suite.severalWinners === true) expect(winners.length).toBeGreaterThan(0);
        else expect(winners.length).toBe(1);
        const body = await text(key);
        expect(winners).toContain(body);
        for (const other of stores) expect(Buffer.from((await other.read(key)) ?? []).toString()).toBe(body);
      }
    });

    it('takes 1 byte to 4 KiB', async () => {
      for (const size of [1, MAX_CLAIM_BYTES]) {
        const key = fresh();
        const body = randomBytes(size);
        expect(await store.create(key, body)).toBe('created');
        expect(Buffer.compare((await store.read(key)) ?? Buffer.alloc(0), body)).toBe(0);
      }
      for (const size of [0, MAX_CLAIM_BYTES + 1]) {
        const key = fresh();
        expect(await codeOf(store.create(key, Buffer.alloc(size)))).toBe('bad_request');
        expect(await store.read(key)).toBeUndefined();
      }
    });

    it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a b', 'a@b', 'ключ'])('refuses the key %j', async (key) => {
      expect(await codeOf(store.create(key, Buffer.from('x')))).toBe('bad_request');
      expect(await codeOf(store.read(key))).toBe('bad_request');
      expect(await codeOf(store.remove(key))).toBe('bad_request');
    });

    it('lists keys of a prefix ascending by bytes, across pages', async () => {
      const base = fresh();
      const tails = ['a', 'a-', 'a.', 'a=', 'aa', 'a~', 'b/1', 'b/10', 'b/2', 'b-/1', 'b0/1', 'c/d/e/f', '.x'];
      for (const tail of [...tails].reverse()) await store.create(`${base}/${tail}`, Buffer.from(tail));
      const listed = async (prefix: string): Promise<string[]> => collect(store.list(`${base}/${prefix}`));
      const expected = (prefix: string): string[] =>
        tails
          .filter((t) => t.startsWith(prefix))
          .sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
          .map((t) => `${base}/${t}`);
      for (const prefix of ['', 'a', 'b', 'b/', 'b/1', 'c/d/e', 'nothing', 'a/../b']) expect(await listed(prefix)).toEqual(expected(prefix));
    });

    it('removes a claim, and what is not there', async () => {
      const key = fresh();
      await store.create(key, Buffer.from('mine'));
      await store.remove(key);
      await store.remove(key);
      expect(await store.read(key)).toBeUndefined();
      expect(await collect(store.list(key))).toEqual([]);
      expect(await store.create(key, Buffer.from('again'))).toBe('created');
      expect(await text(key)).toBe('again');
    });

    it('hands out copies', async () => {
      const key = fresh();
      const body = Buffer.from('mine');
      await store.create(key, body);
      body.fill(0);
      (await store.read(key))?.fill(0);
      expect(await text(key)).toBe('mine');
    });
  });
}
