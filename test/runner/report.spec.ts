import { describe, expect, it } from '@jest/globals';
import { isAllowed } from '../../tools/licences.mjs';
import { emptyReport, summaryOf } from './report.mjs';

const complete = { ...emptyReport(), complete: true };

describe('the last line of npm test', () => {
  it('is green when tests passed and the run came to its end', () => {
    expect(summaryOf({ ...complete, passed: 3 }, false)).toEqual({ line: '3 passed, 0 failed, 0 skipped', green: true });
  });

  it('counts a run in which nothing ran as failed', () => {
    expect(summaryOf(complete, false)).toEqual({ line: '0 passed, 1 failed, 0 skipped', green: false });
    expect(summaryOf({ ...complete, skipped: 4 }, false)).toEqual({ line: '0 passed, 1 failed, 4 skipped', green: false });
  });

  it('counts a run that broke off as one failure more than it reported', () => {
    expect(summaryOf({ ...emptyReport(), passed: 5, failed: 1 }, false).line).toBe('5 passed, 2 failed, 0 skipped');
    expect(summaryOf(emptyReport(), false).line).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('counts what failed outside of the tests', () => {
    expect(summaryOf({ ...complete, passed: 5, problems: ['the build', 'kafka'] }, false).line).toBe('5 passed, 2 failed, 0 skipped');
  });

  it('accepts skipped tests, unless everything is required', () => {
    expect(summaryOf({ ...complete, passed: 5, skipped: 2 }, false)).toEqual({ line: '5 passed, 0 failed, 2 skipped', green: true });
    expect(summaryOf({ ...complete, passed: 5, skipped: 2 }, true)).toEqual({ line: '5 passed, 2 failed, 0 skipped', green: false });
  });
});

describe('the licence check', () => {
  it('accepts an expression that leaves an allowed choice, and no other', () => {
    expect(['MIT', '(MIT OR GPL-3.0)', 'Apache-2.0 AND MIT'].map(isAllowed)).toEqual([true, true, true]);
    expect(['GPL-3.0', '(MIT AND GPL-3.0)', 'SEE LICENSE IN LICENSE', ''].map(isAllowed)).toEqual([false, false, false, false]);
  });
});
