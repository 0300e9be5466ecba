// Every package we install may be used under Apache-2.0, and nothing that ships needs a compiler or an install script.
// Reads the lock file, so that packages for other systems are judged as well.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'Unlicense',
  'Zlib',
]);

/**
 * Packages under other licences, each with the reason why that is no obstacle. They must not ship.
 * @type {Record<string, string>}
 */
const DEVELOPMENT_ONLY = {
  argparse: 'Python-2.0, a permissive licence; parses YAML for the linter and Nx',
  'caniuse-lite': 'CC-BY-4.0, a table of browsers; read by the test transformer',
};

/** @typedef {{ license?: string, dev?: boolean, link?: boolean, hasInstallScript?: boolean }} LockEntry */

/**
 * Whether an SPDX expression leaves us a choice that is allowed.
 * @param {string} expression
 * @returns {boolean}
 */
export function isAllowed(expression) {
  const bare = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (/ OR /.test(bare)) return bare.split(' OR ').some(isAllowed);
  if (/ AND /.test(bare)) return bare.split(' AND ').every(isAllowed);
  return ALLOWED.has(bare);
}

/**
 * The licence as the package itself states it; old packages use a list, which the lock file leaves out.
 * @param {string} path
 */
function statedLicence(path) {
  const file = join(root, path, 'package.json');
  if (!existsSync(file)) return undefined;
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof license === 'string') return license;
  const list = [license, licenses].flat().map((entry) => entry?.type ?? entry);
  return list.find((entry) => typeof entry === 'string');
}

/** One sentence for each package that breaks the rule. */
export function licenceProblems() {
  /** @type {Record<string, LockEntry>} */
  const packages = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const problems = [];
  for (const [path, entry] of Object.entries(packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    if (entry.link) continue;
    const licence = entry.license ?? statedLicence(path);
    if (!path.includes('node_modules/')) {
      if (licence !== 'Apache-2.0') problems.push(`${path || 'the workspace'}: package.json must say "license": "Apache-2.0"`);
      continue;
    }
    const excused = entry.dev === true && name in DEVELOPMENT_ONLY;
    if (licence === undefined) problems.push(`${path}: states no licence`);
    else if (!isAllowed(licence) && !excused) problems.push(`${path}: the licence ${licence} is not on the list of tools/licences.mjs`);
    if (entry.hasInstallScript && !entry.dev) problems.push(`${path}: runs a script when installed, and is needed at run time`);
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = licenceProblems();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
