import { describe, expect, it } from '@jest/globals';
import { remembered } from './char-class.js';

describe('remembered', () => {
  it('computes once for each code point, and forgets what hostile text makes too many of', () => {
    let computed = 0;
    const isOdd = remembered((code) => {
      computed++;
      return code % 2;
    });
    let wrong = 0;
    for (let round = 0; round < 2; round++) {
      for (let code = 0x20000; code < 0x20000 + 30_000; code++) if (isOdd(code) !== code % 2) wrong++;
    }
    expect(wrong).toBe(0);
    expect(computed).toBe(40_000);
    expect([isOdd(0x41), isOdd(0x41), isOdd(0x42)]).toEqual([1, 1, 0]);
    expect(computed).toBe(40_002);
  });
});
