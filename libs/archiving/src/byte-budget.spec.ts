import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from './byte-budget.js';
import { SEAL_LIMITS, segmentAge } from './limits.js';

describe('a budget', () => {
  it('lets one through beyond its limit, and the next one when something was given back', async () => {
    const budget = new ByteBudget(100);
    await budget.room();
    budget.take(250);
    expect(budget).toMatchObject({ used: 250, exhausted: true });
    const order: string[] = [];
    const waiting = [1, 2].map(async (n) => {
      await budget.room();
      order.push(`room ${n}`);
    });
    budget.give(150);
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    budget.give(1);
    await Promise.all(waiting);
    expect(order).toEqual(['room 1', 'room 2']);
    expect(budget.exhausted).toBe(false);
  });
});

describe('the age of a segment', () => {
  it('grows with the partitions of a worker, up to its bound', () => {
    expect([0, 1, 8, 16, 100, 10_000].map((active) => segmentAge(SEAL_LIMITS, active))).toEqual([2_000, 2_000, 2_000, 4_000, 25_000, 30_000]);
  });
});
