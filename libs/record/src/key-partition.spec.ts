import { describe, expect, it } from '@jest/globals';
import { murmur2, partitionOfKey } from './key-partition.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('key partition', () => {
  // Values of Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as the Java client does', (key, hash) => {
    expect(murmur2(bytes(key))).toBe(hash);
  });

  it('keeps a key that starts inside a larger buffer apart from its neighbours', () => {
    expect(murmur2(bytes('--abc--').subarray(2, 5))).toBe(479470107);
  });

  it('clears the sign before it takes the remainder', () => {
    expect(partitionOfKey(bytes('21'), 10)).toBe((-973932308 & 0x7fffffff) % 10);
    expect(partitionOfKey(new Uint8Array(), 7)).toBeGreaterThanOrEqual(0);
  });
});
