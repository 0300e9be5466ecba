/** The S3 gateway of Ceph over a private cluster of one monitor and one OSD: the S3 server whose Object Lock rules are right. */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { cephConf } from './ceph-conf.mjs';
import { release, unpacked, unpackPackages } from './debian.mjs';
import { answers } from './http.mjs';
import { freePorts } from './ports.mjs';
import { run } from './run.mjs';
import { settingsOf } from './server.mjs';

const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd'];
const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'monmaptool', 'ceph-authtool'];
const USER = 'holdfast';

/** Who may do what inside the cluster. */
const CAPABILITIES = {
  'mon.': { mon: 'allow *' },
  'client.admin': { mon: 'allow *', osd: 'allow *' },
  'osd.0': { mon: 'allow profile osd', osd: 'allow *' },
  'client.rgw.a': { mon: 'allow rw', osd: 'allow rwx' },
};

/** @typedef {{ accessKey: string, secretKey: string }} Keys */
/** @typedef {{ fsid: string, http: number, monitor: [number, number], owner: Keys, reader: Keys }} Settings */

/**
 * @param {{ folder: string, say: import('./progress.mjs').Say }} options
 * @returns {Promise<import('./server.mjs').Plan>}
 */
export async function radosgw({ folder, say }) {
  const place = await cached(`ceph-${release()}`, 'radosgw: fetching the Ceph packages (70 MB, once)', say, (into, scratch) =>
    unpackPackages({ packages: PACKAGES, programs: PROGRAMS, folder: into, scratch }),
  );
  /** @type {Settings} */
  const settings = await settingsOf(folder, newSettings);
  const { libraries, program, searchPath } = unpacked(place);
  const data = join(folder, 'data');
  const complete = join(data, 'complete');
  const config = join(folder, 'ceph.conf');
  const endpoint = `http://127.0.0.1:${settings.http}`;
  const env = { ...process.env, LD_LIBRARY_PATH: searchPath };
  const call = (/** @type {string} */ name, /** @type {string[]} */ ...args) => run(program(name), ['-c', config, ...args], { cwd: folder, env });
  const daemon = (/** @type {string} */ name, /** @type {string[]} */ ...args) => ({
    name,
    logFile: join(folder, `${name}.log`),
    start: { command: program(name), args: ['-f', '-c', config, ...args], cwd: folder, env },
  });

  return {
    name: 'radosgw',
    folder,
    dataFolder: data,
    env: {
      HOLDFAST_TEST_S3_ENDPOINT: endpoint,
      HOLDFAST_TEST_S3_ACCESS_KEY: settings.owner.accessKey,
      HOLDFAST_TEST_S3_SECRET_KEY: settings.owner.secretKey,
      HOLDFAST_TEST_S3_READONLY_ACCESS_KEY: settings.reader.accessKey,
      HOLDFAST_TEST_S3_READONLY_SECRET_KEY: settings.reader.secretKey,
    },
    programs: [
      { ...daemon('ceph-mon', '-i', 'a'), ready: (log) => log.includes('mon.a is new leader') },
      // A gateway that is there before asks the OSD at its old address, and again only ten seconds later.
      { ...daemon('ceph-osd', '-i', '0'), ready: (log) => log.includes('state: booting -> active') },
      { ...daemon('radosgw', '-n', 'client.rgw.a'), ready: () => answers(endpoint) },
    ],
    async prepare() {
      writeFileSync(config, cephConf({ folder, data, libraries, http: settings.http, monitor: settings.monitor, fsid: settings.fsid }));
      // Written last of all: a first start that was cut short begins again.
      if (existsSync(complete)) return;
      rmSync(data, { recursive: true, force: true });
      for (const name of ['mon', 'osd', 'gateway']) mkdirSync(join(data, name), { recursive: true });
      const keyring = join(data, 'keyring');
      const monmap = join(data, 'monmap');
      for (const [name, allowed] of Object.entries(CAPABILITIES)) {
        const caps = Object.entries(allowed).flatMap(([service, rule]) => ['--cap', service, rule]);
        const create = existsSync(keyring) ? [] : ['--create-keyring'];
        await call('ceph-authtool', keyring, ...create, '--gen-key', '-n', name, ...caps);
      }
      const [v2, v1] = settings.monitor;
      await call('monmaptool', '--create', '--fsid', settings.fsid, '--addv', 'a', `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`, monmap);
      await Promise.all([
        call('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monmap, '--keyring', keyring),
        // Without asking a monitor, which does not run yet; at its first start the OSD enters itself in the cluster's map.
        call('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', randomUUID(), '--no-mon-config'),
      ]);
    },
    async finish() {
      if (existsSync(complete)) return;
      const { owner, reader } = settings;
      const keys = (/** @type {Keys} */ { accessKey, secretKey }) => ['--access-key', accessKey, '--secret-key', secretKey];
      await call('radosgw-admin', 'user', 'create', '--uid', USER, '--display-name', USER, ...keys(owner));
      const sub = ['--uid', USER, '--subuser', `${USER}:reader`, '--access', 'read', '--key-type', 's3'];
      await call('radosgw-admin', 'subuser', 'create', ...sub, ...keys(reader));
      writeFileSync(complete, '');
    },
  };
}

/** @returns {Promise<Settings>} */
async function newSettings() {
  const [http, v2, v1] = await freePorts(3);
  if (!http || !v2 || !v1) throw new Error('no ports for radosgw');
  const keys = () => ({ accessKey: randomBytes(10).toString('hex'), secretKey: randomBytes(20).toString('hex') });
  return { fsid: randomUUID(), http, monitor: [v2, v1], owner: keys(), reader: keys() };
}
