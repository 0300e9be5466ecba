// `npm run check`: everything that can be judged without a server. Each step prints its name, its time and, when it fails,
// what the tool said; all steps run in any case. Two lanes, because the linter keeps one core busy for most of the time.
// Runs under Node 24 (see package.json).
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path);
const tsc = tool('@typescript', 'native', 'bin', 'tsc');
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', tool('jest', 'bin', 'jest.js')];

/**
 * A step is commands of Node, run one after the other until one fails.
 * @typedef {{ name: string, commands: string[][] }} Step
 */

/** @type {Step[]} */
const linting = [
  {
    name: 'lint',
    commands: [
      // The Nx rule is silent while no project graph is cached.
      [tool('nx', 'dist', 'bin', 'nx.js'), 'show', 'projects'],
      [tool('eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.'],
    ],
  },
];

/** @type {Step[]} */
const others = [
  { name: 'types of sources', commands: [[tsc, '-b']] },
  { name: 'types of specs', commands: [[tsc, '-p', 'tsconfig.spec.json']] },
  { name: 'types of scripts', commands: [[tsc, '-p', 'tsconfig.tools.json']] },
  {
    name: 'boundaries',
    commands: [
      [tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), '--config', '.dependency-cruiser.mjs', 'libs', 'apps', 'test', 'deploy', 'tools'],
    ],
  },
  { name: 'projects', commands: [[join(root, 'tools', 'workspace.mjs')]] },
  { name: 'licences', commands: [[join(root, 'tools', 'licences.mjs')]] },
  { name: 'layout', commands: [[tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.']] },
  { name: 'unit tests', commands: [[...jest, '--ci', '--silent', '--passWithNoTests', '(libs|apps)/[^/]+/src/|test/runner/']] },
];

/**
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, NX_DAEMON: 'false' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => void (output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 2, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 2, output }));
  });
}

/**
 * @param {Step} step
 * @returns {Promise<boolean>} whether it passed
 */
async function perform({ name, commands }) {
  const begun = performance.now();
  let result = { code: 0, output: '' };
  for (const command of commands) {
    result = await run(command);
    if (result.code !== 0) break;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const passed = result.code === 0;
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(18)} ${seconds.padStart(5)} s\n`);
  if (!passed) process.stdout.write(`${result.output.trimEnd().replace(/^/gm, '      ')}\n`);
  return passed;
}

/**
 * @param {Step[]} steps
 * @returns {Promise<string[]>} the names of those that failed
 */
async function inOrder(steps) {
  const failed = [];
  for (const step of steps) if (!(await perform(step))) failed.push(step.name);
  return failed;
}

// `npm test -- --check` runs them once, with all others.
if (process.argv.includes('--without-tests'))
  others.splice(
    others.findIndex(({ name }) => name === 'unit tests'),
    1,
  );

const lanes = availableParallelism() > 1 ? [linting, others] : [[...linting, ...others]];
const begun = performance.now();
const failed = (await Promise.all(lanes.map(inOrder))).flat();
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
process.stdout.write(failed.length === 0 ? `Everything passed in ${seconds} s\n` : `Failed after ${seconds} s: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
