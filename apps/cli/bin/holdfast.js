#!/usr/bin/env node
// The `holdfast` command. Starts under any Node from 20 on; the program itself needs Node 24, which comes with the
// project as an optional dependency.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { envWithNode, exitCodeOf, findNode24, forwardSignals, NODE_24_MISSING } from '../../../tools/node24.mjs';
import { spawn } from 'node:child_process';

// node:sqlite is marked experimental in Node 24; kafkajs computes negative timeouts when it is late. Both would write into
// the output of every command.
// Without the last two V8 lets hundreds of megabytes of garbage lie; 384 MiB hold the tokens of a record of 10 MB.
const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  '--max-old-space-size=384',
  '--max-semi-space-size=8',
];
const BAD_CONFIGURATION = 78;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** @param {string} sentence */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(BAD_CONFIGURATION);
}

const node = findNode24();
if (node === undefined) refuse(NODE_24_MISSING);
else if (!existsSync(main)) refuse('holdfast is not built yet: run "npm run build" in the repository.');
else if (FLAGS.every((flag) => process.execArgv.includes(flag))) await import(main);
else start(node, [...FLAGS, main, ...process.argv.slice(2)]);

/**
 * @param {string} binary
 * @param {string[]} args
 */
function start(binary, args) {
  const env = envWithNode(binary);
  // Where the system can replace a process there is no parent left that could be killed without the program noticing.
  if (process.execve && process.platform !== 'win32') process.execve(binary, [binary, ...args], env);
  const child = spawn(binary, args, { stdio: 'inherit', env });
  forwardSignals(child);
  child.on('error', (error) => refuse(`Node 24 could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
}
