/** A browser for tests of pages, with a font for Chinese: no server, so it stands beside the stack, but fetched the same way. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { release, unpacked, unpackPackages } from './debian.mjs';
import { sayOnStderr } from './progress.mjs';
import { run, Unavailable } from './run.mjs';

/** Names a browser of one's own. */
const GIVEN = 'HOLDFAST_TEST_CHROMIUM';
const PACKAGES = ['chromium', 'fonts-wqy-microhei', 'fonts-dejavu-core'];
const BROWSER = 'usr/lib/chromium';
const FONTS = 'usr/share/fonts';
const START = 'chromium.sh';

/**
 * @param {import('./progress.mjs').Say} [say]
 * @returns {Promise<Record<string, string>>} what tests need to know to use it
 */
export async function chromium(say = sayOnStderr) {
  if (process.env[GIVEN]) return {};
  if (process.platform !== 'linux') throw new Unavailable(`needs Linux, and this is ${process.platform}; set ${GIVEN} to a browser of yours`);
  const place = await cached(`chromium-${release()}`, 'chromium: fetching the browser and its fonts (120 MB, once)', say, async (folder, scratch) => {
    await unpackPackages({ packages: PACKAGES, programs: [], folders: [BROWSER, FONTS], folder, scratch });
    if (!existsSync(join(folder, BROWSER, 'chromium'))) throw new Unavailable(`needs chromium, which the packages of ${release()} do not hold`);
    writeFileSync(join(folder, 'fonts.conf'), FONT_SETTINGS);
    writeFileSync(join(folder, START), startScript(folder));
    chmodSync(join(folder, START), 0o755);
    // A library that is missing shows now, and not as a test that fails.
    await run(join(folder, START), ['--version']);
  });
  return { [GIVEN]: join(place, START) };
}

const FONT_SETTINGS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">${FONTS}</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/**
 * One program to call, wherever the folder lies: it is built in one place and moved to another.
 * @param {string} folder
 */
function startScript(folder) {
  const { libraries, searchPath } = unpacked(folder);
  const search = `${searchPath}:${join(libraries, 'pulseaudio')}`.replaceAll(folder, '$here');
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="${search}" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/${BROWSER}/chromium" "$@"
`;
}
