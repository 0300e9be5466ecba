/** Short-lived commands: fetching, unpacking, formatting. */
import { spawn } from 'node:child_process';
import { accessSync, constants as modes } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { delimiter, join } from 'node:path';

/** A server that this machine cannot run; the message is one sentence for the person at the terminal. */
export class Unavailable extends Error {
  /** @override */
  name = 'Unavailable';
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, both?: boolean, patient?: boolean }} [options] `patient`: lets others go first
 * @returns {Promise<string>} what it wrote on stdout; with `both`, on stderr too
 */
export function run(command, args, { both = false, patient = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    if (patient && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    let out = '';
    let all = '';
    child.stdout.on('data', (data) => ((out += data), (all += data)));
    child.stderr.on('data', (data) => (all += data));
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) resolve(both ? all : out);
      else reject(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? `code ${code}`}: ${lastLines(all, 5)}`));
    });
  });
}

/** Ends commands still under way, when the runner itself is told to end. */
export function abandonRuns() {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * @param {string} command
 * @returns {string | undefined} its full path
 */
export function which(command) {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, command);
    if (folder !== '' && isExecutable(file)) return file;
  }
  return undefined;
}

/** @param {string} file */
export function isExecutable(file) {
  try {
    accessSync(file, modes.X_OK);
    return true;
  } catch {
    // Absent or not for us: either way it is not the one to run.
    return false;
  }
}

/**
 * @param {string} command
 * @param {string} why
 */
export function need(command, why) {
  const file = which(command);
  if (!file) throw new Unavailable(`needs ${command} (${why}), which is not on PATH`);
  return file;
}
