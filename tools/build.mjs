// Compiles all projects to their dist folders and makes the verifier page; only what changed. Runs under Node 24 (see package.json).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Returns the exit code of the first step that failed; messages go to stderr. */
export function build() {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  const compiled = run(tsc, '-b', '--pretty', String(process.stderr.isTTY === true));
  return compiled === 0 ? run(join(root, 'tools', 'verifier-page.mjs'), '--quiet') : compiled;
}

/** @param {string[]} args */
function run(...args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw new Error(`${args[0]} could not be started: ${error.message}`, { cause: error });
  return status ?? 2;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const begun = performance.now();
  process.exitCode = build();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (process.exitCode !== 0) process.stderr.write(`The build failed after ${seconds} s\n`);
  else if (!process.argv.includes('--quiet')) process.stderr.write(`Built in ${seconds} s\n`);
}
