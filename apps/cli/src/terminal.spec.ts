import { describe, expect, it } from '@jest/globals';
import { columnsOf, printable } from './terminal.js';

describe('text on a terminal', () => {
  it('counts two columns for wide characters and none for marks', () => {
    expect(columnsOf('contract')).toBe(8);
    expect(columnsOf('合同 AND（')).toBe(10);
    expect(columnsOf('プロ 예산')).toBe(9);
    expect(columnsOf('e\u0301𠮷👍')).toBe(5);
  });

  it('shows what a terminal would obey as a replacement, one for one', () => {
    expect(printable('a\u001b[2Jb\rc\u009bd\u007f\n\te')).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffd\n\te');
    expect(printable('合同 – naïve 👍')).toBe('合同 – naïve 👍');
  });
});
