/** Versity S3 Gateway over a folder: the second S3 server, for what the first one lacks. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { answers } from './http.mjs';
import { freePorts } from './ports.mjs';
import { need, run } from './run.mjs';
import { settingsOf } from './server.mjs';

const VERSION = '1.7.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';

/** @typedef {{ port: number, accessKey: string, secretKey: string }} Settings */

/**
 * @param {{ folder: string, say: import('./progress.mjs').Say }} options
 * @returns {Promise<import('./server.mjs').Plan>}
 */
export async function versitygw({ folder, say }) {
  const bin = await cached(`versitygw-${VERSION}`, `versitygw: building version ${VERSION} with Go (once)`, say, async (place, scratch) => {
    const go = need('go', 'builds the second S3 server');
    // The user's own GOFLAGS (-mod=vendor, say) are meant for the user's own modules.
    const env = { ...process.env, GOBIN: place, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
    // It takes every processor for minutes, while the other servers want to start.
    await run(go, ['install', `${MODULE}@v${VERSION}`], { cwd: scratch, env, patient: true });
  });
  /** @type {Settings} */
  const settings = await settingsOf(folder, newSettings);
  const data = join(folder, 'data');
  const endpoint = `http://127.0.0.1:${settings.port}`;
  return {
    name: 'versitygw',
    folder,
    dataFolder: data,
    env: {
      HOLDFAST_TEST_S3_SECOND_ENDPOINT: endpoint,
      HOLDFAST_TEST_S3_SECOND_ACCESS_KEY: settings.accessKey,
      HOLDFAST_TEST_S3_SECOND_SECRET_KEY: settings.secretKey,
    },
    programs: [
      {
        name: 'versitygw',
        logFile: join(folder, 'versitygw.log'),
        start: {
          command: join(bin, 'versitygw'),
          args: [
            ...['--port', `127.0.0.1:${settings.port}`, '--quiet', '--iam-dir', join(data, 'iam')],
            ...['posix', '--versioning-dir', join(data, 'versions'), join(data, 'objects')],
          ],
          cwd: folder,
          env: { ...process.env, ROOT_ACCESS_KEY: settings.accessKey, ROOT_SECRET_KEY: settings.secretKey },
        },
        ready: () => answers(endpoint),
      },
    ],
    async prepare() {
      if (existsSync(data)) return;
      for (const name of ['iam', 'versions', 'objects']) mkdirSync(join(data, name), { recursive: true });
    },
  };
}

/** @returns {Promise<Settings>} */
async function newSettings() {
  const [port] = await freePorts(1);
  if (!port) throw new Error('no port for versitygw');
  return { port, accessKey: randomBytes(10).toString('hex'), secretKey: randomBytes(20).toString('hex') };
}
