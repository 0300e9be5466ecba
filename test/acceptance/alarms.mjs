// Part 8: each alarm of the design fires in the running service, shows in /ready, /metrics and the log, and its way out
// on the command line works.
import { readdir, rm, unlink } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { syntheticEvents } from '@holdfast/connectors';
import { clusterArchive } from './archive-under-test.mjs';
import { judgeByVerifier } from './judge.mjs';
import { IngestProcess, holdfast, holdfastJson } from './programs.mjs';
import { eventually, must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */

const RECORDS = 40;

/**
 * Waits for an alarm wherever an operator looks, and answers what it tells him to do.
 * @param {IngestProcess} ingest
 * @param {string} code
 * @param {{ blocking?: boolean, timeoutMs?: number }} [options]
 */
async function shown(ingest, code, { blocking = true, timeoutMs = 60_000 } = {}) {
  const alarm = await ingest.alarm(code, timeoutMs);
  must(alarm.blocking === blocking, `${code} is ${alarm.blocking ? '' : 'not '}blocking`);
  must(alarm.whatToDo.includes('docs/operations/alarms.md'), `${code} names no runbook: ${alarm.whatToDo}`);
  const series = (await ingest.metrics()).split('\n').find((line) => line.startsWith('holdfast_alarm_active{') && line.includes(`alarm="${code}"`));
  must(series?.endsWith(' 1') === true, `${code} is not in the metrics`);
  must(
    ingest.log.some(({ message, alarm: logged }) => message === 'alarm raised' && logged === code),
    `${code} is not in the log`,
  );
  return alarm.whatToDo;
}

/**
 * @param {ArchiveUnderTest} archive
 * @param {number} seed
 */
async function append(archive, seed) {
  const opened = await archive.open();
  const sink = opened.sink();
  try {
    await sink.append(archive.topic, [...syntheticEvents({ records: RECORDS, seed, conversations: 5, timestamp: BigInt(Date.now()) })]);
  } finally {
    await sink.close();
    await opened.close();
  }
}

/** @param {ArchiveUnderTest} archive */
const seal = (archive) => holdfastJson(archive, ['ingest', '--until-idle']);

/**
 * @template T
 * @param {ArchiveUnderTest} archive
 * @param {(ingest: IngestProcess) => Promise<T>} work
 * @param {Record<string, string>} [env]
 */
async function withIngest(archive, work, env = {}) {
  const ingest = new IngestProcess(archive, env);
  try {
    const result = await work(ingest);
    await ingest.stop();
    return result;
  } finally {
    await ingest.kill9();
  }
}

/** @param {ArchiveUnderTest} archive embedded @param {string} statements */
function inSource(archive, statements) {
  const database = new DatabaseSync(join(archive.env['HOLDFAST_DATA'] ?? '', 'source.sqlite'));
  database.exec(statements);
  database.close();
}

/** Resolves when ingest has sealed so many records. @param {IngestProcess} ingest @param {number} records */
const sealed = (ingest, records) =>
  eventually(
    `${records} records are sealed after the way out`,
    60_000,
    async () => (await ingest.metric('holdfast_sealed_records_total')) === records,
  );

/**
 * SOURCE_LOST and `source accept-gap`, then SOURCE_RECREATED and `source new-epoch`.
 * @param {ArchiveUnderTest} archive embedded, one partition
 */
export async function sourceAlarms(archive) {
  const partition = `${archive.topic}/0`;
  await append(archive, 1);
  await seal(archive);
  await append(archive, 2);
  inSource(archive, 'UPDATE partition SET low = high; DELETE FROM record');
  await append(archive, 3);
  await withIngest(archive, async (ingest) => {
    must((await shown(ingest, 'SOURCE_LOST')).includes('accept-gap'), 'SOURCE_LOST does not name its way out');
    const gap = await holdfastJson(archive, ['source', 'accept-gap', '--partition', partition, '--reason', 'retention was too short']);
    must(gap['from'] === String(RECORDS) && gap['to'] === String(2 * RECORDS), `the gap is ${JSON.stringify(gap)}`);
    await ingest.cleared('SOURCE_LOST');
    await sealed(ingest, RECORDS);
    await ingest.ready();
  });
  await judgeByVerifier(archive, 2 * RECORDS);

  for (const suffix of ['', '-wal', '-shm']) await rm(join(archive.env['HOLDFAST_DATA'] ?? '', `source.sqlite${suffix}`), { force: true });
  await append(archive, 4);
  await withIngest(archive, async (ingest) => {
    must((await shown(ingest, 'SOURCE_RECREATED')).includes('new-epoch'), 'SOURCE_RECREATED does not name its way out');
    await holdfastJson(archive, ['source', 'new-epoch', '--partition', partition, '--reason', 'the log was recreated on purpose']);
    await ingest.cleared('SOURCE_RECREATED');
    await sealed(ingest, RECORDS);
    await ingest.ready();
  });
  await judgeByVerifier(archive, 3 * RECORDS);
}

/**
 * CLAIMS_ROLLED_BACK and `claims rebuild`, then CLAIM_UNREADABLE and `claims repair`.
 * @param {ArchiveUnderTest} archive embedded, one partition
 */
export async function claimAlarms(archive) {
  const data = archive.env['HOLDFAST_DATA'] ?? '';
  const chain = `msg/${archive.sourceName}/${archive.topic}/0/0`;
  const files = async (/** @type {RegExp} */ pattern) =>
    (await readdir(data, { recursive: true }))
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(data, name));
  for (let segment = 0; segment < 4; segment++) {
    await append(archive, segment);
    await seal(archive);
  }
  for (const claim of (await files(/^claims\/msg\/.*\d{16}$/)).slice(-2)) await unlink(claim);
  await withIngest(archive, async (ingest) => {
    must((await shown(ingest, 'CLAIMS_ROLLED_BACK')).includes('claims rebuild'), 'CLAIMS_ROLLED_BACK does not name its way out');
  });
  must((await holdfast(archive, ['claims', 'rebuild'])).code !== 0, 'claims are rebuilt without a word about the writers');
  const rebuilt = await holdfastJson(archive, ['claims', 'rebuild', '--writers-stopped']);
  must(rebuilt['made'] === 2, `claims rebuild says ${JSON.stringify(rebuilt)}`);
  await append(archive, 5);
  await withIngest(archive, async (ingest) => {
    await sealed(ingest, RECORDS);
    await ingest.ready();
  });
  await judgeByVerifier(archive, 5 * RECORDS);

  const last = (await files(/^vault\/m\/msg\//)).at(-1);
  must(last !== undefined, 'there is no manifest');
  await rm(last, { force: true });
  await withIngest(archive, async (ingest) => {
    must((await shown(ingest, 'CLAIM_UNREADABLE')).includes('claims repair'), 'CLAIM_UNREADABLE does not name its way out');
  });
  await holdfastJson(archive, ['claims', 'repair', '--chain', chain, '--reason', 'a disk lost the manifest', '--writers-stopped']);
  await append(archive, 6);
  await withIngest(archive, async (ingest) => {
    // The records of the lost segment are still in the source.
    await sealed(ingest, 2 * RECORDS);
    await ingest.ready();
  });
  await judgeByVerifier(archive, 6 * RECORDS);
}

/**
 * KEYS_RUNNING_OUT and `keys init`.
 * @param {ArchiveUnderTest} archive on the real servers
 * @param {{ patient: boolean }} options patient: the running process must notice the new keys by itself (a minute)
 */
export async function keyAlarm(archive, { patient }) {
  const keys = archive.env['HOLDFAST_KEYS_DIR'] ?? '';
  const months = (await readdir(join(keys, 'kek', 'standard'))).sort();
  for (const month of months.slice(1)) await unlink(join(keys, 'kek', 'standard', month));
  const renew = () => holdfastJson(archive, ['keys', 'init', '--dir', keys, '--classes', 'standard=84', '--escrow-private']);
  await withIngest(archive, async (ingest) => {
    must((await shown(ingest, 'KEYS_RUNNING_OUT', { blocking: false })).includes('keys init'), 'KEYS_RUNNING_OUT does not name its way out');
    await renew();
    if (patient) await ingest.cleared('KEYS_RUNNING_OUT', 90_000);
  });
  await withIngest(archive, async (ingest) => {
    await ingest.ready();
    must(!(await ingest.readiness()).alarms.some(({ code }) => code === 'KEYS_RUNNING_OUT'), 'there are keys and the alarm is raised');
  });
}

/**
 * CLOCK_SKEW: the store's clock goes away from ours and comes back. The alarm ends by itself.
 * @param {import('./archive-under-test.mjs').Environment} servers
 * @param {{ name: string, folder: string }} options
 */
export async function clockAlarm(servers, { name, folder }) {
  const store = new URL(servers['HOLDFAST_TEST_S3_ENDPOINT'] ?? '');
  let aheadMs = 0;
  const proxy = createServer((incoming, outgoing) => {
    const onward = request(
      { host: store.hostname, port: store.port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        const { date = '' } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date: new Date(Date.parse(date) + aheadMs).toUTCString() });
        answer.pipe(outgoing);
      },
    );
    // The store went away: so do we.
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = proxy.address();
  must(address !== null && typeof address === 'object', 'the proxy listens');
  try {
    const archive = await clusterArchive(
      { ...servers, HOLDFAST_TEST_S3_ENDPOINT: `http://127.0.0.1:${address.port}` },
      { name, folder, partitions: 1 },
    );
    await withIngest(archive, async (ingest) => {
      await append(archive, 1);
      await sealed(ingest, RECORDS);
      aheadMs = 300_000;
      await shown(ingest, 'CLOCK_SKEW', { timeoutMs: 150_000 });
      aheadMs = 0;
      await ingest.cleared('CLOCK_SKEW', 150_000);
      await append(archive, 2);
      await sealed(ingest, 2 * RECORDS);
    });
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
}
