import { describe, it } from '@jest/globals';

/** What a suite cannot run without. */
export interface Needs {
  /** Environment variables that name a real server; all must be set and not empty. */
  readonly env: readonly string[];
}

/** Reads a variable that `describeWith` has already found to be set. */
export function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

/** Which of `needs` are missing here. */
export function missing(needs: Needs): readonly string[] {
  return needs.env.filter((name) => (process.env[name] ?? '') === '');
}

/**
 * `describe` for a suite against a real server. Without the server the suite is skipped and the reason stands in the
 * output; with HOLDFAST_TEST_REQUIRE_ALL=1 it fails instead, so that a green run never hides a suite that did not run.
 * `suite` is called only when everything is there.
 */
export function describeWith(needs: Needs, name: string, suite: () => void): void {
  const absent = missing(needs);
  if (absent.length === 0) {
    describe(name, suite);
    return;
  }
  const reason = `${absent.join(', ')} not set`;
  if (process.env['HOLDFAST_TEST_REQUIRE_ALL'] === '1') {
    describe(name, () => {
      it(`runs against its server: ${reason}`, () => {
        throw new Error(`HOLDFAST_TEST_REQUIRE_ALL=1, but ${reason}: start the test servers (npm run stack) or set it`);
      });
    });
    return;
  }
  describe(name, () => {
    it.skip(`skipped: ${reason}`, () => undefined);
  });
}
