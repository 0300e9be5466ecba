// Installs the dependencies when they are missing or are not those of the lock file. Runs under any Node from 20 on
// and imports nothing that must be installed first.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode24, packagedNode } from './node24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} LockEntry */

/**
 * @param {string} file
 * @returns {Record<string, LockEntry>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * Why `npm ci` must run, or undefined when it need not. Compares contents, not dates: a checkout of another branch and
 * back must not cost an installation.
 */
export function whyInstall() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'nothing is installed yet';
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const present = lockedPackages(installed);
  for (const [path, entry] of Object.entries(wanted)) {
    // Entries outside node_modules are the projects of this repository; optional ones may be for other systems.
    if (!path.startsWith('node_modules/')) continue;
    const found = present[path];
    if (found === undefined) {
      if (entry.optional || entry.devOptional) continue;
      return `${path} is missing`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} is not the version of the lock file`;
  }
  if (findNode24() === undefined && packagedNode() !== undefined) return 'Node 24 is missing';
  return undefined;
}

/** Runs `npm ci` when needed; its progress goes to the terminal. Rejects with one sentence when it fails. */
export async function installMissing() {
  const why = whyInstall();
  if (why === undefined) return;
  const begun = Date.now();
  process.stderr.write(`Installing dependencies with npm ci (${why}) ...\n`);
  const windows = process.platform === 'win32';
  await new Promise((resolve, reject) => {
    const npm = spawn(windows ? 'npm.cmd' : 'npm', ['ci'], { cwd: root, stdio: ['ignore', 2, 2], shell: windows });
    npm.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`, { cause: error })));
    npm.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`npm ci ended with ${signal ?? `exit code ${code}`}; its messages above say why`));
    });
  });
  process.stderr.write(`Dependencies installed in ${Math.round((Date.now() - begun) / 1000)} s\n`);
}
