import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { utf8 } from '@holdfast/seal';
import { MemoryClaimStore, SeededRandom, unavailable } from '@holdfast/test-kit';
import { settleClaim } from './claiming.js';

const OURS = utf8('ours');
const THEIRS = utf8('theirs');

describe('a claim', () => {
  it('is won, or lost with what won', async () => {
    const claims = new MemoryClaimStore();
    expect(await settleClaim(claims, 'c/0', OURS)).toEqual({ won: true });
    expect(await settleClaim(claims, 'c/0', OURS)).toEqual({ won: true });
    expect(await settleClaim(claims, 'c/0', THEIRS)).toEqual({ won: false, theirs: OURS });
  });

  it('is settled whatever the store answers, how often, and whether it did it', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed);
      const claims = new MemoryClaimStore();
      let left = random.int(0, 4);
      const fail = (op: string): void => {
        if ((op === 'create' || op === 'read') && left > 0 && random.chance(0.7)) {
          left--;
          throw unavailable();
        }
      };
      claims.faults = random.chance(0.5) ? { before: fail } : { after: fail };
      const outcomes = await Promise.all([settleClaim(claims, 'c/0', OURS), settleClaim(claims, 'c/0', THEIRS)]);
      claims.faults = {};
      const there = await claims.read('c/0');
      expect(outcomes.filter(({ won }) => won)).toHaveLength(1);
      expect(there).toEqual(outcomes[0].won ? OURS : THEIRS);
    }
  }, 20_000);

  it('that is made late by its own first try is ours', async () => {
    const claims = new MemoryClaimStore();
    let first = true;
    const slow = {
      create: (key: string, body: Uint8Array) => {
        if (!first) return claims.create(key, body);
        first = false;
        setTimeout(() => void claims.create(key, body), 30);
        return Promise.resolve('unsure' as const);
      },
      read: (key: string) => claims.read(key),
      list: (prefix: string) => claims.list(prefix),
      remove: (key: string) => claims.remove(key),
    };
    expect(await settleClaim(slow, 'c/0', OURS)).toEqual({ won: true });
  });

  it('answers nobody while the store is away, and stops when it is told to', async () => {
    const claims = new MemoryClaimStore();
    claims.faults = {
      before: () => {
        throw unavailable();
      },
    };
    const stop = new AbortController();
    const settled = settleClaim(claims, 'c/0', OURS, stop.signal);
    const early = await Promise.race([settled.then(() => 'settled'), new Promise((resolve) => setTimeout(() => resolve('waiting'), 200))]);
    expect(early).toBe('waiting');
    stop.abort();
    await expect(settled).rejects.toMatchObject({ code: 'stopped' });
    await expect(settleClaim(claims, 'c/0', OURS, stop.signal)).rejects.toMatchObject({ code: 'stopped' });
  });

  it('does not wait for what waiting cannot mend', async () => {
    const claims = new MemoryClaimStore();
    claims.faults = {
      before: (op) => {
        throw op === 'create' ? unavailable() : new HoldfastError('bad_configuration', 'no such bucket');
      },
    };
    await expect(settleClaim(claims, 'c/0', OURS)).rejects.toMatchObject({ code: 'bad_configuration' });
  });
});
