// What is known about a test run so far, and how it is told.

/**
 * @typedef {object} Report
 * @property {number} passed
 * @property {number} failed tests, and test files that could not run
 * @property {number} skipped
 * @property {string[]} problems outside of any test; each counts as one failure
 * @property {boolean} complete the run came to its end
 */

/** @returns {Report} */
export const emptyReport = () => ({ passed: 0, failed: 0, skipped: 0, problems: [], complete: false });

/**
 * The last line of a run. A run that broke off, or in which nothing ran, has failed.
 * @param {Report} report
 * @param {boolean} requireAll a skipped test is a failure
 */
export function summaryOf({ passed, failed, skipped, problems, complete }, requireAll) {
  let failures = failed + problems.length + (requireAll ? skipped : 0);
  if (!complete || (failures === 0 && passed === 0)) failures += 1;
  return { line: `${passed} passed, ${failures} failed, ${requireAll ? 0 : skipped} skipped`, green: failures === 0 };
}
