import { describe, expect, it } from '@jest/globals';
import { HeadList } from './head-list.js';

const hash = (n: number): string => n.toString(16).padStart(64, '0');

describe('the heads of gov', () => {
  it('are kept in order, the archive id before the first', () => {
    const heads = new HeadList(new Uint8Array(32).fill(7));
    for (let next = 1; next <= 1_000; next++) heads.set(next, hash(next), next % 5);
    expect(heads.get(0)).toBe('07'.repeat(32));
    for (let next = 1; next <= 1_000; next++) expect(heads.get(next)).toBe(hash(next));
    expect([heads.get(1_001), heads.get(-1), heads.get(0.5)]).toEqual([undefined, undefined, undefined]);
    const segments = [...heads.segments()];
    expect(segments).toHaveLength(1_000);
    expect(segments[41]).toEqual({ seq: 41, hash: hash(42), records: 2 });
  });

  it('take no memory for numbers that somebody left out', () => {
    const heads = new HeadList(new Uint8Array(32));
    heads.set(1, hash(1), 1);
    heads.set(Number.MAX_SAFE_INTEGER, hash(9), 3);
    expect(heads.get(Number.MAX_SAFE_INTEGER)).toBe(hash(9));
    expect(heads.get(2)).toBeUndefined();
    expect([...heads.segments()]).toEqual([
      { seq: 0, hash: hash(1), records: 1 },
      { seq: Number.MAX_SAFE_INTEGER - 1, hash: hash(9), records: 3 },
    ]);
  });
});
