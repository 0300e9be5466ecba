// The parts of `npm run acceptance -- proof`, at full size. No servers: folders and memory.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Notary } from '@holdfast/notary';
import { measure } from '../bench/measure.mjs';
import { embeddedArchive } from './archive-under-test.mjs';
import { sealedCompletely } from './judge.mjs';
import { fillSource } from './main-path.mjs';
import { openWithProof } from './opening.mjs';
import { IngestProcess, holdfastJson, holdfastMeasured } from './programs.mjs';
import { must } from './wait.mjs';

/**
 * @typedef {object} ProofContext
 * @property {string} dir
 * @property {string} root of the repository
 * @property {number} seed
 * @property {{ records: number, messages: number }} sizes
 * @property {import('./ledger.mjs').PartLedger} ledger
 * @property {(line: string) => void} say
 */

/** What `test/tamper/every-mutation.spec.ts` calls the kinds of stored things; each is a step that is done once. */
const KINDS = ['genesis', 'statement', 'token', 'checkpoint', 'state', 'batch', 'wrap', 'escrow wrap', 'claim', 'content', 'manifest'];

/** @type {Record<string, { title: string, run: (context: ProofContext) => Promise<object> }>} */
export const PROOF_PARTS = {
  mutation: {
    title: 'each byte of each object of an archive with log, witness and tokens, and every other change',
    async run({ dir, root, seed, ledger, say }) {
      /** @type {Record<string, unknown>} */
      const figures = {};
      const waiting = [...KINDS];
      // Two cores.
      await Promise.all(
        [1, 2].map(async () => {
          for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
            const env = { HOLDFAST_TEST_FLIPS: 'all', HOLDFAST_TEST_FLIPS_IN: kind, HOLDFAST_TEST_SEED: String(seed) };
            figures[kind] = await ledger.step(kind, () => specs({ dir, root, name: kind, files: ['test/tamper/every-mutation.spec.ts'], env }));
            say(`every ${kind}: ${JSON.stringify(figures[kind])}`);
          }
        }),
      );
      return figures;
    },
  },
  notary: {
    title: 'the notary killed and failed at every call, and several at once',
    run: ({ dir, root, seed, ledger }) =>
      ledger.step('fault matrix', () =>
        specs({
          dir,
          root,
          name: 'notary',
          files: ['test/faults/notary.spec.ts', 'test/notary/notary.spec.ts'],
          env: { HOLDFAST_TEST_STEPS: 'all', HOLDFAST_TEST_SEED: String(seed) },
        }),
      ),
  },
  million: {
    title: 'records sealed, logged and verified in a folder; one record opened with its full proof',
    async run({ dir, seed, sizes: { records }, ledger, say }) {
      const { folder } = await ledger.step('produce', async () => {
        // What was half produced before cannot be told from what is produced now.
        const made = join(dir, randomBytes(4).toString('hex'));
        await fillSource(await embeddedArchive({ folder: made, partitions: 4 }), { records, seed, say });
        return { folder: made };
      });
      const archive = await embeddedArchive({ folder, partitions: 4 });
      const sealed = await ledger.step('seal', () => seal(archive, records));
      say(`sealed: ${JSON.stringify(sealed)}`);
      const logged = await ledger.step('log', () => log(archive));
      say(`logged: ${JSON.stringify(logged)}`);
      const verified = await ledger.step('verify', () => verify(archive, records));
      say(`verified: ${JSON.stringify(verified)}`);
      return { sealed, logged, verified, opened: await ledger.step('open', () => openWithProof(archive, { records, seed })) };
    },
  },
  bundle: {
    title: 'a bundle of a whole conversation, made and verified',
    run: ({ dir, seed, sizes: { messages }, ledger }) =>
      ledger.step('export and verify', async () => {
        const folder = join(dir, randomBytes(4).toString('hex'));
        const archive = await embeddedArchive({ folder, partitions: 4 });
        await holdfastJson(archive, ['generate', '--records', String(messages), '--conversations', '1', '--seed', String(seed)]);
        await holdfastJson(archive, ['ingest', '--until-idle']);
        const file = join(folder, 'evidence.zip');
        const [hit] = (await holdfastJson(archive, ['search', 'budget OR 项目', '--limit', '1']))['hits'];
        const { platform, workspace, conversation } = hit.event;
        const id = `${platform}:${workspace.id}:${conversation.id}`;
        const made = await holdfastMeasured(archive, ['bundle', '--conversation', id, '-o', file]);
        const judged = await holdfastMeasured(undefined, ['verify', '--bundle', file]);
        must(judged.document['ok'] === true, `the bundle does not verify: ${JSON.stringify(judged.document)}`);
        return {
          messages,
          bytes: (await stat(file)).size,
          made: { seconds: made.seconds, ...made.used },
          verified: { seconds: judged.seconds, ...judged.used, 'messages/s': Math.round(messages / judged.seconds) },
        };
      }),
  },
};

/**
 * Runs spec files under settings of their own; what they print lies in the work folder.
 * @param {{ dir: string, root: string, name: string, files: string[], env: Record<string, string> }} what
 */
async function specs({ dir, root, name, files, env }) {
  await mkdir(dir, { recursive: true });
  const log = join(dir, `${name.replaceAll(' ', '-')}.log`);
  const out = createWriteStream(log);
  const began = performance.now();
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, join(root, 'node_modules/jest/bin/jest.js'), '-i', ...files], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let report = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      out.write(chunk);
      report += chunk.toString();
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  out.end();
  must(code === 0, `${files.join(' ')} with ${JSON.stringify(env)} ended with ${code}: see ${log}`);
  const passed = /Tests:\s+(.*)/.exec(report)?.[1] ?? '';
  return { minutes: Number(((performance.now() - began) / 60_000).toFixed(1)), tests: passed };
}

/**
 * @param {import('./archive-under-test.mjs').ArchiveUnderTest} archive
 * @param {number} records
 */
async function seal(archive, records) {
  const opened = await archive.open();
  const ingest = new IngestProcess(archive, { HOLDFAST_ROLES: 'seal' });
  try {
    const began = performance.now();
    await sealedCompletely(archive, opened, 120_000 + records);
    const seconds = (performance.now() - began) / 1000;
    const figures = { seconds, 'records/s': Math.round(records / seconds), cpuSeconds: ingest.cpuSeconds, peakMiB: ingest.peakMiB };
    await ingest.stop();
    return figures;
  } finally {
    await ingest.kill9();
    await opened.close();
  }
}

/** @param {import('./archive-under-test.mjs').ArchiveUnderTest} archive */
async function log(archive) {
  const opened = await archive.open();
  /** @type {string[]} */
  const raised = [];
  try {
    const alarms = { raise: (/** @type {string} */ code) => void raised.push(code), clear: () => undefined };
    const notary = new Notary({ archive: opened.archive, governance: opened.governance, clock: opened.clock, alarms });
    const { seconds, cpuSeconds } = await measure(() => notary.untilCovered());
    must(raised.length === 0, `the notary raised ${raised.join(', ')}`);
    return { seconds, cpuSeconds, entries: notary.size, 'entries/s': Math.round(notary.size / seconds) };
  } finally {
    await opened.close();
  }
}

/**
 * @param {import('./archive-under-test.mjs').ArchiveUnderTest} archive
 * @param {number} records
 */
async function verify(archive, records) {
  const { document, seconds, used } = await holdfastMeasured(archive, ['verify']);
  must(document['ok'] === true, `verify has findings: ${JSON.stringify(document['findings'])}`);
  /** @type {{ records: number }[]} the others are events of gov and accesses */
  const partitions = document['partitions'];
  const messages = partitions.reduce((sum, partition) => sum + partition.records, 0);
  must(messages === records && document['recordsOpened'] === document['records'], `${messages} of ${records} records were opened`);
  must(document['log']?.tail?.segments === 0, 'the log does not cover everything');
  return {
    seconds,
    ...used,
    segments: document['segments'],
    'records/s': Math.round(records / seconds),
    'records/s per core': Math.round(records / used.cpuSeconds),
  };
}
