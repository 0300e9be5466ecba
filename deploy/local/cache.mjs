/** What was fetched once, outside the clone, whole or not at all. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { step } from './progress.mjs';
import { need } from './run.mjs';

/** @returns {string} */
export function cacheFolder() {
  const own = process.env['HOLDFAST_CACHE_DIR'];
  if (own) return resolve(own);
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast');
}

/**
 * Builds `key` into the cache unless it is there. It is built beside its place and renamed, so a folder with that name is
 * always complete; a second run that wants the same one waits for the first.
 * @param {string} key says the version, so that another version never finds this one
 * @param {string} what for the person waiting
 * @param {import('./progress.mjs').Say} say
 * @param {(folder: string, scratch: string) => Promise<void>} build fills `folder`; `scratch` is thrown away
 * @returns {Promise<string>} the folder
 */
export async function cached(key, what, say, build) {
  const root = cacheFolder();
  const place = join(root, key);
  if (existsSync(place)) return place;
  mkdirSync(root, { recursive: true });
  return await locked(join(root, `${key}.lock`), `another run: ${what}`, say, async () => {
    if (existsSync(place)) return place;
    // Holding the lock, any such folder is what a killed run left.
    for (const entry of readdirSync(root)) {
      if (entry.startsWith(`${key}.part-`)) rmSync(join(root, entry), { recursive: true, force: true });
    }
    const part = mkdtempSync(join(root, `${key}.part-`));
    try {
      const folder = join(part, 'result');
      const scratch = join(part, 'scratch');
      mkdirSync(folder);
      mkdirSync(scratch);
      await step(
        say,
        what,
        () => build(folder, scratch),
        () => megabytes(bytesUnder(part)),
      );
      renameSync(folder, place);
    } finally {
      rmSync(part, { recursive: true, force: true });
    }
    return place;
  });
}

/**
 * Holds an exclusive lock while working. The kernel holds it for a child that reads our pipe: when this process ends in
 * whatever way, the pipe closes, the child ends and the lock is free. No lock is ever left behind.
 * @template T
 * @param {string} file
 * @param {string} waitingFor
 * @param {import('./progress.mjs').Say} say
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(file, waitingFor, say, work) {
  const flock = need('flock', 'package util-linux');
  // A group of its own, so that Ctrl-C does not take the lock away while the runner is still tidying up.
  const holder = spawn(flock, ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(holder, 'exit');
  const held = await step(say, `waiting for ${waitingFor}`, () =>
    Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]),
  );
  if (!held) throw new Error(`cannot lock ${file}`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/**
 * @param {string} folder
 * @returns {number}
 */
function bytesUnder(folder) {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // Files come and go while a tool is unpacking; the figure is for the eye only.
    if (entry.isDirectory()) sum += existsSync(path) ? bytesUnder(path) : 0;
    else if (entry.isFile()) sum += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes < 1e6 ? '' : `${Math.round(bytes / 1e6)} MB so far`);
