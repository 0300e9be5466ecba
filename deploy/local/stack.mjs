#!/usr/bin/env node
/** The command: see README.md, or run it without arguments. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isAlive, isCode } from './process.mjs';
import { lastLines } from './run.mjs';
import { DEFAULT_DIR, SERVER_NAMES, startStack, stopStack } from './start-stack.mjs';
import { readState } from './state.mjs';

const USAGE = `usage: stack.mjs up|down|status|logs [NAME] [options]
  up            starts the servers, prints their settings as environment variables
  down          stops them; their data stays
  status        what runs
  logs [NAME]   the last lines of each log
options:
  --only A,B    some of ${SERVER_NAMES.join(', ')}
  --dir DIR     where data, logs and stack.json lie (default ${DEFAULT_DIR})
  --fresh       up: begin with empty data
  --bench       up: settings for measuring
  --json        machine-readable output`;

/** @param {string} line */
const print = (line) => void process.stdout.write(`${line}\n`);

/** @param {string} value */
const quoted = (value) => `'${value.replaceAll("'", `'\\''`)}'`;

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      dir: { type: 'string', default: DEFAULT_DIR },
      fresh: { type: 'boolean', default: false },
      bench: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [command = '', name] = positionals;
  return { ...values, command, name, dir: resolve(values.dir), only: values.only?.split(',') ?? SERVER_NAMES };
}

/** @typedef {ReturnType<typeof options>} Options */

/** @param {Options} options */
async function up({ dir, only, fresh, bench, json }) {
  const stack = await startStack({ dir, only, fresh, bench, leaveRunning: true });
  if (json) print(JSON.stringify({ ...stack, servers: readState(dir)?.servers }, null, 2));
  else for (const [name, value] of Object.entries(stack.env)) print(`export ${name}=${quoted(value)}`);
  for (const name of stack.external) process.stderr.write(`${name}: the environment points at one already\n`);
  for (const { name, reason } of stack.unavailable) process.stderr.write(`${name}: not available: ${reason}\n`);
  return stack.unavailable.length > 0 ? 1 : 0;
}

/** @param {Options} options */
async function down({ dir, only, json }) {
  const stopped = await stopStack(dir, only);
  if (json) print(JSON.stringify({ stopped }));
  else print(stopped.length > 0 ? `stopped ${stopped.join(', ')}` : 'nothing was running');
  return 0;
}

/** @param {Options} options */
function status({ dir, only, json }) {
  const state = readState(dir);
  const rows = only.map((name) => {
    const processes = Object.entries(state?.servers[name]?.processes ?? {});
    const pids = processes.flatMap(([program, ids]) => ids.filter(isAlive).map(({ pid }) => ({ program, pid })));
    const running = processes.length > 0 && processes.every(([, ids]) => ids.some(isAlive));
    return { name, state: running ? 'running' : pids.length > 0 ? 'broken' : 'stopped', pids };
  });
  if (json) print(JSON.stringify(rows, null, 2));
  else
    for (const row of rows)
      print(`${row.name.padEnd(14)} ${row.state.padEnd(8)} ${row.pids.map(({ program, pid }) => `${program} ${pid}`).join(', ')}`.trimEnd());
  return rows.every((row) => row.state === 'running') ? 0 : 3;
}

/** @param {Options} options Those of a server that failed to start, or was stopped, too. */
function logs({ dir, only, name }) {
  for (const server of name ? [name] : only) {
    const folder = join(dir, server);
    const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.log')) : [];
    for (const file of files) {
      print(`==> ${join(folder, file)}`);
      print(lastLines(readFileSync(join(folder, file), 'utf8'), name ? 100 : 15));
    }
  }
  return 0;
}

/** @type {Readonly<Record<string, (options: Options) => number | Promise<number>>>} */
const COMMANDS = { up, down, status, logs };

// `stack.mjs logs | head` closes the pipe early; that is not a failure.
process.stdout.on('error', (error) => {
  if (!isCode(error, 'EPIPE')) throw error;
});

try {
  const given = options();
  const command = COMMANDS[given.command];
  if (command) process.exitCode = await command(given);
  else {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 64;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
