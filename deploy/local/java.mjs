/** Any Java 17 or newer of this machine. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, run, Unavailable, which } from './run.mjs';

const OLDEST = 17;
const INSTALLED = '/usr/lib/jvm';

/** @type {Promise<string> | undefined} */
let found;

/** @returns {Promise<string>} the folder that JAVA_HOME would name */
export function javaHome() {
  found ??= find();
  return found;
}

async function find() {
  const own = process.env['JAVA_HOME'];
  const onPath = which('java');
  const installed = existsSync(INSTALLED)
    ? readdirSync(INSTALLED)
        .sort()
        .map((name) => join(INSTALLED, name, 'bin/java'))
    : [];
  for (const java of [own ? join(own, 'bin/java') : undefined, onPath, ...installed]) {
    if (java === undefined || !isExecutable(java)) continue;
    const settings = await run(java, ['-XshowSettings:properties', '-version'], { both: true });
    const version = Number(/java\.specification\.version = (?:1\.)?(\d+)/.exec(settings)?.[1]);
    const home = /java\.home = (.+)/.exec(settings)?.[1];
    if (home && version >= OLDEST) return home;
  }
  throw new Unavailable(`needs Java ${OLDEST} or newer, found neither by JAVA_HOME, nor on PATH, nor in ${INSTALLED}`);
}
