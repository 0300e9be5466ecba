// Tells test/runner/suite.mjs after every test file how far jest is, and names what was skipped at the end.

import { relative } from 'node:path';

/** @typedef {import('@jest/reporters').AggregatedResult} AggregatedResult */

export default class CountingReporter {
  /**
   * @param {unknown} _test
   * @param {unknown} _result
   * @param {AggregatedResult} results
   */
  onTestResult(_test, _result, results) {
    tell(results, false);
  }

  /**
   * @param {unknown} _contexts
   * @param {AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    for (const { testFilePath, testResults } of results.testResults) {
      for (const { status, fullName } of testResults) {
        if (status !== 'passed' && status !== 'failed') process.stderr.write(`skipped: ${relative(process.cwd(), testFilePath)}: ${fullName}\n`);
      }
    }
    tell(results, true);
  }
}

/**
 * @param {AggregatedResult} results
 * @param {boolean} complete
 */
function tell({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests }, complete) {
  process.send?.({
    passed: numPassedTests,
    // A file that could not be loaded or that failed outside of its tests.
    failed: numFailedTests + numRuntimeErrorTestSuites,
    skipped: numPendingTests + numTodoTests,
    complete,
  });
}
