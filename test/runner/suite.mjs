// The inside of `npm test`: builds, starts the real servers, runs jest over everything, stops the servers. Reports to
// test/run.mjs, which tells the result. Runs under Node 24.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '../../deploy/local/chromium.mjs';
import { startStack } from '../../deploy/local/start-stack.mjs';
import { build } from '../../tools/build.mjs';
import { exitCodeOf } from '../../tools/node24.mjs';
import { emptyReport } from './report.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const JEST_MUST_END_MS = 30_000;
const report = emptyReport();
const requireAll = process.env['HOLDFAST_TEST_REQUIRE_ALL'] === '1';
/** @type {NodeJS.Signals | undefined} */
let interrupted;
/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

/** @param {string} line */
const say = (line) => void process.stderr.write(`${line}\n`);

/** @param {Partial<import('./report.mjs').Report>} news */
function tell(news) {
  Object.assign(report, news);
  process.send?.(report);
}

/** @param {string} problem */
function fail(problem) {
  say(`FAILED: ${problem}`);
  tell({ problems: [...report.problems, problem] });
}

/**
 * Runs Node with `args` to its end.
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {(message: unknown) => void} [onMessage]
 * @returns {Promise<number>}
 */
function run(args, env, onMessage = () => undefined) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2, 'ipc'], env: { ...process.env, ...env } });
    running = child;
    child.on('message', onMessage);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}

/**
 * @param {string[]} patterns
 * @param {Record<string, string>} env
 */
async function runJest(patterns, env) {
  // kafkajs lets timers run that are due in the past.
  const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
  const jest = ['--experimental-vm-modules', ...quiet, join(root, 'node_modules', 'jest', 'bin', 'jest.js')];
  const reporters = ['--reporters=default', `--reporters=${join(root, 'test', 'runner', 'reporter.mjs')}`];
  let complete = false;
  /** @type {NodeJS.Timeout | undefined} */
  let impatience;
  const code = await run([...jest, ...patterns, '--ci', ...reporters], env, (message) => {
    const counts = /** @type {import('./report.mjs').Report} */ (message);
    complete = counts.complete;
    tell({ ...counts, complete: false });
    if (complete) impatience = setTimeout(() => running?.kill('SIGKILL'), JEST_MUST_END_MS);
  });
  clearTimeout(impatience);
  if (!complete) fail(`jest ended early with code ${code}`);
  else if (code === 137) fail('jest did not end by itself: a test leaves a connection, a timer or a server open');
  else if (code !== 0 && report.failed === 0) fail(`jest ended with code ${code} although no test failed`);
}

/** @param {boolean} wanted */
async function servers(wanted) {
  if (!wanted) return { env: {}, unavailable: [], stop: async () => undefined };
  const [stack, browser] = await Promise.all([startStack({ dir: join(root, '.stack', 'test'), fresh: true, say }), fetchBrowser()]);
  return { ...stack, env: { ...stack.env, ...browser.env }, unavailable: [...stack.unavailable, ...browser.unavailable] };
}

async function fetchBrowser() {
  try {
    return { env: await chromium(say), unavailable: [] };
  } catch (error) {
    return { env: {}, unavailable: [{ name: 'chromium', reason: error instanceof Error ? error.message : String(error) }] };
  }
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'no-servers': { type: 'boolean' }, check: { type: 'boolean' } } });
  const seed = process.env['HOLDFAST_TEST_SEED'] ?? String(randomInt(2 ** 31));
  say(`HOLDFAST_TEST_SEED=${seed}`);
  // A program that does not compile is still emitted: its tests may tell more than the compiler.
  if (build() !== 0) fail('the build');
  if (values.check && (await run([join(root, 'tools', 'check.mjs'), '--without-tests'], {})) !== 0) fail('npm run check');
  const stack = await servers(values['no-servers'] !== true);
  try {
    for (const { name, reason } of stack.unavailable) {
      if (requireAll) fail(`${name} is not available: ${reason}`);
      else say(`${name} is not available, its suites are skipped: ${reason}`);
    }
    if (interrupted === undefined) await runJest(positionals, { ...stack.env, HOLDFAST_TEST_SEED: seed });
  } finally {
    await stack.stop();
  }
  say(`The seed of this run was HOLDFAST_TEST_SEED=${seed}`);
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    // Terminal, npm and test/run.mjs may each deliver the same Ctrl-C.
    if (interrupted !== undefined) return;
    interrupted = signal;
    fail(`interrupted by ${signal}`);
    // Servers that are just starting are killed when this process exits (deploy/local/exit.mjs).
    if (running?.exitCode !== null) process.exit(exitCodeOf(null, signal));
    running.kill('SIGTERM');
  });
}
// test/run.mjs is gone, nobody waits for the result: leave, and take the servers along.
const abandon = () => process.exit(1);
process.on('disconnect', abandon);

try {
  await main();
} catch (error) {
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
tell({ complete: true });
process.off('disconnect', abandon);
process.disconnect();
if (interrupted !== undefined) process.exitCode = exitCodeOf(null, interrupted);
