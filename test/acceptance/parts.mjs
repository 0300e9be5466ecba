// The parts of `npm run acceptance -- archiving`, at full size.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { claimAlarms, clockAlarm, keyAlarm, sourceAlarms } from './alarms.mjs';
import { clusterArchive, embeddedArchive } from './archive-under-test.mjs';
import { freshClone } from './fresh-clone.mjs';
import { killAndRival } from './kills.mjs';
import { fillSource, judgeEverything, sealAndIndex } from './main-path.mjs';
import { outages } from './server-faults.mjs';
import { importSlack } from './slack.mjs';
import { must } from './wait.mjs';

/**
 * @typedef {object} PartContext
 * @property {string} dir
 * @property {string} root of the repository
 * @property {import('./archive-under-test.mjs').Environment} servers
 * @property {import('../../deploy/local/start-stack.mjs').Stack} stack
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
  7: {
    title: 'the commands of the README on a fresh clone',
    run: ({ dir, root, ledger, say }) => ledger.step('clone and run', () => freshClone({ root, dir, say })),
  },
  8: {
    title: 'alarms in the running service, and their ways out',
    run: ({ dir, servers, ledger, say }) =>
      ledger.step('raise and end', async () => {
        const name = freshName('alarms');
        const folder = (/** @type {string} */ part) => join(dir, name, part);
        await sourceAlarms(await embeddedArchive({ folder: folder('source'), partitions: 1 }));
        say('SOURCE_LOST and SOURCE_RECREATED were raised and ended');
        await claimAlarms(await embeddedArchive({ folder: folder('claims'), partitions: 1 }));
        say('CLAIMS_ROLLED_BACK and CLAIM_UNREADABLE were raised and ended');
        await keyAlarm(await clusterArchive(servers, { name: `${name}-keys`, folder: folder('keys'), partitions: 1 }), { patient: true });
        say('KEYS_RUNNING_OUT was raised and ended');
        await clockAlarm(servers, { name: `${name}-clock`, folder: folder('clock') });
        say('CLOCK_SKEW was raised and ended');
        return { alarms: ['SOURCE_LOST', 'SOURCE_RECREATED', 'CLAIMS_ROLLED_BACK', 'CLAIM_UNREADABLE', 'KEYS_RUNNING_OUT', 'CLOCK_SKEW'] };
      }),
  },
  outages: {
    title: 'Kafka, the object store and the search engine are killed while records flow',
    run: ({ dir, servers, stack, seed, ledger, say }) =>
      ledger.step('kill and judge', async () => {
        must(stack.external.length === 0, 'servers of others are not killed: run this part without HOLDFAST_TEST_… variables.');
        const name = freshName('outages');
        const archive = await clusterArchive(servers, { name, folder: join(dir, name), partitions: 4 });
        const { expected, figures } = await outages(stack, archive, { seed, say });
        return { figures, judged: await judgeEverything(archive, expected) };
      }),
  },
};

/** Servers may be shared by several runs. @param {string} what */
function freshName(what) {
  return `acceptance-${what}-${randomBytes(4).toString('hex')}`;
}
