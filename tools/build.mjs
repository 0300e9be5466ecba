// Compiles all projects to their dist folders; only what changed. Runs under Node 24 (see package.json).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Returns the exit code of the compiler; its messages go to stderr. */
export function build() {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  const { status, error } = spawnSync(process.execPath, [tsc, '-b', '--pretty', String(process.stderr.isTTY === true)], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (error) throw new Error(`the compiler could not be started: ${error.message}`, { cause: error });
  return status ?? 2;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const begun = performance.now();
  process.exitCode = build();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (process.exitCode !== 0) process.stderr.write(`The build failed after ${seconds} s\n`);
  else if (!process.argv.includes('--quiet')) process.stderr.write(`Built in ${seconds} s\n`);
}
