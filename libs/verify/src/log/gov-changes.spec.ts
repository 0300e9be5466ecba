import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@holdfast/test-kit';
import { GovChanges } from './gov-changes.js';

describe('changes of gov between the entries of a chain', () => {
  it('are answered for every number, however far they lie apart', () => {
    const random = new SeededRandom(Number(process.env['HOLDFAST_TEST_SEED'] ?? 1));
    for (let round = 0; round < 20; round++) {
      const changes = new GovChanges();
      const expected: { readonly seq: number; readonly next: number }[] = [];
      let [seq, next] = [0, 0];
      for (let i = 0; i < 300; i++) {
        changes.push(seq, next);
        expected.push({ seq, next });
        seq += random.int(1, random.chance(0.1) ? 1_000_000_000 : 3);
        if (random.chance(0.7)) next += random.int(1, random.chance(0.1) ? 5_000_000_000 : 200);
      }
      // Some numbers are skipped: a manifest can be missing.
      for (const one of expected) if (random.chance(0.8)) expect([one, changes.before(one.seq)]).toEqual([one, one.next]);
      expect(changes.before(Number.MAX_SAFE_INTEGER)).toBe(expected.at(-1)?.next);
    }
  });

  it('say nothing before the first', () => {
    const changes = new GovChanges();
    expect(changes.before(0)).toBe(0);
    changes.push(5, 3);
    expect(changes.before(6)).toBe(3);
  });
});
