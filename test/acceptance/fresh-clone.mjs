// Part 7: what the README promises to somebody who has just cloned.
import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './wait.mjs';

const RECORDS = 20_000;

/**
 * @param {{ root: string, dir: string, say: (line: string) => void }} options `root`: a clone of the repository
 */
export async function freshClone({ root, dir, say }) {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const clone = join(dir, 'clone');
  const data = join(dir, 'data');
  /** @type {Record<string, number>} */
  const seconds = {};
  // npm hands its own settings down to what it starts; a stranger's shell has none of them.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOLDFAST_|npm_(lifecycle|package|command))/.test(name)));
  const run = (/** @type {string} */ program, /** @type {string[]} */ args, cwd = clone) => {
    const began = performance.now();
    const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
    const line = [program, ...args].join(' ');
    seconds[line.replaceAll(dir, '')] = Math.round((performance.now() - began) / 100) / 10;
    must(error === undefined && status === 0, `${line} ended with ${status ?? error?.message}: ${stderr}${stdout}`);
    say(`${line}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return stdout;
  };
  const holdfast = (/** @type {string[]} */ ...args) => {
    const document = run('npx', ['--no-install', 'holdfast', ...args, '--data', data, '--json']);
    return /** @type {Record<string, any>} */ (JSON.parse(document));
  };
  run('git', ['clone', '--quiet', '--no-hardlinks', root, clone], dir);
  run('npm', ['ci', '--no-audit', '--no-fund']);
  run('npm', ['run', 'build']);
  run('npx', ['--no-install', 'holdfast', 'generate', '--records', String(RECORDS), '--data', data]);
  const sealed = holdfast('ingest', '--until-idle');
  must(sealed['records'] === RECORDS && sealed['alarms'].length === 0, `ingest says ${JSON.stringify(sealed)}`);
  must(sealed['indexed'].documents === RECORDS, `ingest made ${sealed['indexed'].documents} documents`);
  const verified = holdfast('verify');
  must(verified['ok'] === true && verified['recordsOpened'] >= RECORDS, `verify says ${JSON.stringify(verified)}`);
  await rm(dir, { recursive: true, force: true });
  return { records: RECORDS, seconds, 'records/s sealed': sealed['recordsPerSecond'] };
}
