// `npm start`: from a fresh clone to a running archive with sample conversations. Installs and builds what is missing,
// then runs `holdfast start`. Runs under any Node from 20 on and imports nothing that must be installed first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installMissing } from '../../../tools/install.mjs';
import { findNode24, NODE_24_MISSING, runUnderNode24 } from '../../../tools/node24.mjs';

const BAD_CONFIGURATION = 78;
const repository = (/** @type {string} */ path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Compiles what changed since the last start; a few tenths of a second when nothing did. */
function build() {
  const main = repository('apps/cli/dist/main.js');
  if (!existsSync(main)) process.stderr.write('Building Holdfast ...\n');
  const { status, error } = spawnSync(findNode24() ?? process.execPath, [repository('tools/build.mjs'), '--quiet'], { stdio: ['ignore', 2, 2] });
  if (error) throw new Error(`the build could not be started: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error('Holdfast could not be built; the messages above say why');
}

/** @param {string[]} given */
function argumentsOfStart(given) {
  const hasData = given.some((text) => text === '--data' || text.startsWith('--data='));
  // An archive of one's own begins without our sample.
  return hasData ? given : ['--data', repository('data'), '--sample', ...given];
}

try {
  await installMissing();
  if (findNode24() === undefined) throw new Error(NODE_24_MISSING);
  build();
  runUnderNode24([repository('apps/cli/bin/holdfast.js'), 'start', ...argumentsOfStart(process.argv.slice(2))]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = BAD_CONFIGURATION;
}
