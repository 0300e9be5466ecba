/** DIR/stack.json: what runs there. It exists exactly as long as something may run. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ folder: string, dataFolder: string, logFiles: string[], env: Readonly<Record<string, string>>, ready: boolean,
 *   processes: import('./server.mjs').Processes }} ServerState
 * @typedef {{ name: string, reason: string }} Missing
 * @typedef {object} StackRecord
 * @property {import('./process.mjs').ProcessId | null} owner the runner that stops it at its end; null: runs until told to stop
 * @property {Record<string, ServerState>} servers
 * @property {Missing[]} unavailable
 * @property {string[]} external servers that the environment already points at
 * @typedef {StackRecord & { env: Record<string, string> }} StackState with the settings of all servers together
 */

/** @param {string} dir */
const fileOf = (dir) => join(dir, 'stack.json');

/**
 * @param {string} dir
 * @returns {StackState | undefined}
 */
export function readState(dir) {
  if (!existsSync(fileOf(dir))) return undefined;
  try {
    return JSON.parse(readFileSync(fileOf(dir), 'utf8'));
  } catch (error) {
    throw new Error(`${fileOf(dir)} is damaged; end the servers it named by hand, if any still run, and delete it`, { cause: error });
  }
}

/**
 * @param {string} dir
 * @param {StackRecord} state
 */
export function writeState(dir, state) {
  mkdirSync(dir, { recursive: true });
  // Renamed into place: a run killed here leaves the old list of processes, never half a list.
  const part = `${fileOf(dir)}.${process.pid}`;
  writeFileSync(part, `${JSON.stringify({ ...state, env: envOf(state) }, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, fileOf(dir));
}

/** @param {string} dir */
export function removeState(dir) {
  rmSync(fileOf(dir), { force: true });
}

/** @param {Pick<StackRecord, 'servers'>} state @returns {Record<string, string>} */
export const envOf = ({ servers }) => Object.assign({}, ...Object.values(servers).map(({ ready, env }) => (ready ? env : {})));

/** @param {Pick<StackRecord, 'servers'>} state */
export const processesOf = (state) => Object.values(state.servers).flatMap(({ processes }) => Object.values(processes).flat());
