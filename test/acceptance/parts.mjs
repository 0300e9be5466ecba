// The parts of `npm run acceptance -- archiving`, at full size.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { clusterArchive } from './archive-under-test.mjs';
import { killAndRival } from './kills.mjs';
import { fillSource, judgeEverything, sealAndIndex } from './main-path.mjs';
import { importSlack } from './slack.mjs';

/**
 * @typedef {object} PartContext
 * @property {string} dir
 * @property {string} root of the repository
 * @property {import('./archive-under-test.mjs').Environment} servers
 * @property {number} seed
 * @property {{ records: number, kills: number, messages: number, channels: number }} sizes
 * @property {import('./ledger.mjs').PartLedger} ledger
 * @property {(line: string) => void} say
 */

/** @type {Record<string, { title: string, run: (context: PartContext) => Promise<object> }>} */
export const PARTS = {
  1: {
    title: 'generated records through Kafka, S3 and Elasticsearch',
    async run({ dir, servers, seed, sizes: { records }, ledger, say }) {
      const { name, expected } = await ledger.step('produce', async () => {
        // What was half produced before cannot be told from what is produced now: a new topic.
        const fresh = freshName('main');
        const archive = await clusterArchive(servers, { name: fresh, folder: join(dir, fresh), partitions: 8 });
        return { name: fresh, expected: await fillSource(archive, { records, seed, say }) };
      });
      const archive = await clusterArchive(servers, { name, folder: join(dir, name), partitions: 8 });
      const sealed = await ledger.step('seal and index', () => sealAndIndex(archive, records));
      say(JSON.stringify(sealed));
      return { sealed, judged: await ledger.step('judge', () => judgeEverything(archive, expected)) };
    },
  },
  2: {
    title: 'kill -9 at random moments, and two workers on one partition',
    run: ({ dir, servers, seed, sizes: { kills }, ledger, say }) =>
      ledger.step('kill and judge', async () => {
        const name = freshName('kill');
        const archive = await clusterArchive(servers, { name, folder: join(dir, name), partitions: 4 });
        const { expected, figures } = await killAndRival(archive, { kills, seed, say });
        return { figures, judged: await judgeEverything(archive, expected) };
      }),
  },
  5: {
    title: 'a Slack export, and the loss of the search index',
    run: ({ dir, servers, seed, sizes: { messages, channels }, ledger, say }) =>
      ledger.step('import and rebuild', async () => {
        const name = freshName('slack');
        const archive = await clusterArchive(servers, { name, folder: join(dir, name), partitions: 8 });
        return await importSlack(archive, { messages, channels, seed, say });
      }),
  },
};

/** Servers may be shared by several runs. @param {string} what */
function freshName(what) {
  return `acceptance-${what}-${randomBytes(4).toString('hex')}`;
}
