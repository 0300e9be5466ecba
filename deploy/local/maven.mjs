/** Artifacts from the Maven repository that this machine is set up to use. */
import { join } from 'node:path';
import { javaHome } from './java.mjs';
import { need, run } from './run.mjs';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/**
 * Runs one goal of the dependency plugin with a repository folder of its own, so that two at once cannot disturb each other
 * and nothing is left in the user's. `--strict-checksums`: a download whose checksum differs fails.
 * @param {string} goal
 * @param {Readonly<Record<string, string>>} properties
 * @param {string} cwd
 * @returns {Promise<string>} the repository folder
 */
export async function maven(goal, properties, cwd) {
  const mvn = need('mvn', 'Apache Maven');
  const repository = join(cwd, 'repository');
  const all = { ...properties, 'maven.repo.local': repository };
  await run(
    mvn,
    ['-q', '-B', '-ntp', '--strict-checksums', `${PLUGIN}:${goal}`, ...Object.entries(all).map(([name, value]) => `-D${name}=${value}`)],
    { cwd, env: { ...process.env, JAVA_HOME: await javaHome() } },
  );
  return repository;
}
