// Development: compiles on every change and starts the embedded archive again. Runs under Node 24 (see package.json).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);

// The first build comes before the start, so that the program never begins with half of its files.
process.exitCode = build();
if (process.exitCode === 0) {
  run(join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc'), '-b', '-w', '--preserveWatchOutput');
  const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
  const main = join(root, 'apps', 'cli', 'dist', 'main.js');
  run('--watch', '--watch-preserve-output', ...quiet, main, 'start', ...(given.length > 0 ? given : ['--data', 'data', '--sample']));
}

/** @param {string[]} args */
function run(...args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  process.on('exit', () => child.kill());
  child.on('exit', (code) => process.exit(code ?? 1));
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
