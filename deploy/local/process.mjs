/**
 * Processes that outlive the command that started them, named so that a reused pid is never mistaken for ours.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * A pid alone says nothing after a reboot or a wrap of the counter; with the start time (clock ticks since boot) and the
 * boot it belongs to, it names exactly one process.
 * @typedef {{ pid: number, started: string, boot: string }} ProcessId
 */

/** @typedef {{ pid: number, group: number, state: string, started: string }} ProcessStat */

/** @type {string | undefined} */
let boot;

/** @returns {string} */
function bootId() {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

/**
 * @param {number} pid
 * @returns {ProcessStat | undefined} undefined when there is no such process
 */
function statOf(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
  // The command name in parentheses may itself hold spaces and parentheses: proc(5).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, state: fields[0] ?? '?', group: Number(fields[2]), started: fields[19] ?? '' };
}

/** @param {ProcessStat | undefined} stat A zombie runs no more; where nobody reaps it, it stays for ever. */
const runs = (stat) => stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';

/**
 * @param {number} pid
 * @returns {ProcessId | undefined}
 */
export function identify(pid) {
  const stat = statOf(pid);
  return stat && runs(stat) ? { pid, started: stat.started, boot: bootId() } : undefined;
}

/** @param {ProcessId} id */
export function isAlive(id) {
  if (id.boot !== bootId()) return false;
  const stat = statOf(id.pid);
  return runs(stat) && stat?.started === id.started;
}

/**
 * The recorded processes that still run, and whatever else runs in a process group that one of them leads.
 * @param {readonly ProcessId[]} recorded
 * @returns {ProcessId[]}
 */
export function stillRunning(recorded) {
  const alive = recorded.filter(isAlive);
  if (alive.length === 0) return [];
  const groups = new Set(alive.map((id) => id.pid));
  const known = new Set(groups);
  const members = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => statOf(Number(entry)))
    .filter((stat) => stat !== undefined)
    .filter((stat) => runs(stat) && groups.has(stat.group) && !known.has(stat.pid))
    .map((stat) => ({ pid: stat.pid, started: stat.started, boot: bootId() }));
  return [...alive, ...members];
}

/**
 * Sends to each process itself and not to a group number, so that only processes just recognised are hit.
 * @param {readonly ProcessId[]} recorded
 * @param {NodeJS.Signals} signal
 * @returns {ProcessId[]} those it was sent to
 */
export function signalAll(recorded, signal) {
  const targets = stillRunning(recorded);
  for (const { pid } of targets) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!isCode(error, 'ESRCH')) throw error;
    }
  }
  return targets;
}

/**
 * @param {readonly ProcessId[]} recorded
 * @param {number} graceMs how long SIGTERM may take before SIGKILL; 0 sends SIGKILL at once
 */
export async function stopAll(recorded, graceMs) {
  let targets = signalAll(recorded, graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const gone = () => !targets.some(isAlive);
  if (graceMs > 0 && !(await within(graceMs, gone))) targets = signalAll(targets, 'SIGKILL');
  if (!(await within(10_000, gone))) throw new Error(`process ${targets.map((id) => id.pid).join(', ')} survives SIGKILL`);
}

/**
 * Starts a program in a process group of its own: Ctrl-C in the terminal reaches the runner, which then stops it in order.
 * @param {{ command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, logFile: string }} what
 * @returns {ProcessId}
 */
export function launch({ command, args, cwd, env, logFile }) {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
    // Without a listener a failed start would end the runner; the missing pid below tells it already.
    child.on('error', () => undefined);
    child.unref();
    const id = child.pid === undefined ? undefined : identify(child.pid);
    if (!id) throw new Error(`${command} did not start`);
    return id;
  } finally {
    closeSync(log);
  }
}

/**
 * Waits for a condition, looking every 50 ms.
 * @param {number} limitMs
 * @param {() => boolean | Promise<boolean>} condition
 * @returns {Promise<boolean>} false when the time is over
 */
export async function within(limitMs, condition) {
  const end = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await pause(50);
  }
}

/**
 * @param {unknown} error
 * @param {...string} codes
 */
export function isCode(error, ...codes) {
  // Not by `instanceof Error`: inside jest, Node's errors are of another realm.
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}
