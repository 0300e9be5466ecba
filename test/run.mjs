// `npm test [-- PATTERN] [--no-servers] [--check]`: installs what is missing, then runs test/runner/suite.mjs under Node 24
// and, whatever becomes of it, ends with one line `N passed, N failed, N skipped`. Runs under any Node from 20 on and
// imports nothing that must be installed first.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installMissing } from '../tools/install.mjs';
import { envWithNode, exitCodeOf, findNode24, forwardSignals, NODE_24_MISSING } from '../tools/node24.mjs';
import { emptyReport, summaryOf } from './runner/report.mjs';

const USAGE = `usage: npm test [-- [PATTERN ...] [--no-servers] [--check]]
  PATTERN       only test files whose path matches
  --no-servers  start no servers; suites that need one are skipped
  --check       also what \`npm run check\` does
environment:
  HOLDFAST_TEST_SEED=N         repeats a run with generated data
  HOLDFAST_TEST_REQUIRE_ALL=1  a skipped test and a server that does not start are failures`;

/** @returns {Promise<{ code: number, report: import('./runner/report.mjs').Report }>} */
async function runSuite() {
  /** @type {import('./runner/report.mjs').Report} */
  let report = emptyReport();
  parseArgs({ allowPositionals: true, options: { 'no-servers': { type: 'boolean' }, check: { type: 'boolean' } } });
  await installMissing();
  const node = findNode24();
  if (node === undefined) throw new Error(NODE_24_MISSING);
  const suite = fileURLToPath(new URL('runner/suite.mjs', import.meta.url));
  const child = spawn(node, [suite, ...process.argv.slice(2)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: envWithNode(node) });
  forwardSignals(child);
  child.on('message', (message) => (report = /** @type {import('./runner/report.mjs').Report} */ (message)));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: exitCodeOf(code, signal), report }));
  });
}

/** @param {unknown} error */
function explain(error) {
  const wrongUse = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(wrongUse ? `${text}\n${USAGE}\n` : `${text}\n`);
  return { code: 2, report: emptyReport() };
}

const { code, report } = await runSuite().catch(explain);
const { line, green } = summaryOf(report, process.env['HOLDFAST_TEST_REQUIRE_ALL'] === '1');
process.stdout.write(`${line}\n`);
process.exitCode = green ? code : code || 1;
