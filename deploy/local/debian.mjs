/** Programs of the Linux distribution, in a folder of their own: nothing is installed, the system's package lists stay as they are. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { need, run, Unavailable } from './run.mjs';

const STATUS = '/var/lib/dpkg/status';

/**
 * The folder name under usr/lib in which Debian keeps the libraries of a processor.
 * @type {Readonly<Record<string, string>>}
 */
const TRIPLETS = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const TRIPLET = TRIPLETS[process.arch] ?? process.arch;

/** @returns {string} such as `debian-12`; packages of another release never fit */
export function release() {
  const file = '/etc/os-release';
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const value = (/** @type {string} */ name) => new RegExp(`^${name}="?([^"\\n]+)`, 'm').exec(text)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_ID')}`;
}

/**
 * Fetches packages, with what they need beyond what the system has, and keeps the named programs and folders and all libraries.
 * The rest is dropped: among it are set-uid programs, which do not belong below a home directory.
 * @param {{ packages: readonly string[], programs: readonly string[], folders?: readonly string[], folder: string, scratch: string }} what
 */
export async function unpackPackages({ packages, programs, folders = [], folder, scratch }) {
  const apt = need('apt-get', 'Debian packages');
  const dpkg = need('dpkg', 'Debian packages');
  if (!existsSync(STATUS)) throw new Unavailable(`needs a Debian system: there is no ${STATUS}`);
  const own = (/** @type {string} */ name) => join(scratch, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'tree']) mkdirSync(own(name), { recursive: true });
  // With state and cache of its own apt needs no root rights.
  const options = Object.entries({
    'Dir::State': scratch,
    'Dir::State::lists': own('lists'),
    'Dir::State::status': STATUS,
    'Dir::Cache': own('cache'),
    // The user that apt downloads as cannot write below a home directory.
    'APT::Sandbox::User': '',
    'Debug::NoLocking': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run(apt, ['update', '-q', ...options]);
  await run(apt, ['install', '-q', '--yes', '--download-only', '--no-install-recommends', ...options, ...packages]);
  const archives = own('cache/archives');
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    await run(dpkg, ['-x', join(archives, file), own('tree')]);
  }
  const libraries = [`lib/${TRIPLET}`, `usr/lib/${TRIPLET}`];
  for (const path of [...programs.map((name) => `usr/bin/${name}`), ...folders, ...libraries]) {
    if (!existsSync(join(own('tree'), path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    renameSync(join(own('tree'), path), join(folder, path));
  }
  const missing = programs.filter((name) => !existsSync(join(folder, 'usr/bin', name)));
  if (missing.length > 0) throw new Unavailable(`needs ${missing.join(', ')}, which the packages of ${release()} do not hold`);
}

/** @param {string} folder */
export function unpacked(folder) {
  const libraries = join(folder, 'usr/lib', TRIPLET);
  return {
    libraries,
    program: (/** @type {string} */ name) => join(folder, 'usr/bin', name),
    searchPath: [libraries, join(libraries, 'ceph'), join(folder, 'lib', TRIPLET)].join(':'),
  };
}
