// The whole path through the real programs: on the servers (`cluster`, with `--bench` settings of Elasticsearch) and on a
// folder (`embedded`). HOLDFAST_BENCH_RECORDS sets the size.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStack } from '../../deploy/local/start-stack.mjs';
import { syntheticEvents } from '@holdfast/connectors';
import { RecordOpener } from '@holdfast/discovery';
import { parseMessageChain } from '@holdfast/record';
import { decodeRecord } from '@holdfast/seal';
import { DataKeys, SegmentReader, readCommitted } from '@holdfast/vault';
import { clusterArchive, embeddedArchive } from '../acceptance/archive-under-test.mjs';
import { IngestProcess } from '../acceptance/programs.mjs';
import { eventually, must } from '../acceptance/wait.mjs';
import { rate } from './measure.mjs';

/** @typedef {import('./measure.mjs').Line} Line */
/** @typedef {import('../acceptance/archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */

const RECORDS = Number(process.env['HOLDFAST_BENCH_RECORDS'] ?? 200_000);
const PARTITIONS = 8;
const PATIENCE_MS = 30 * 60_000;

/** @param {ArchiveUnderTest} archive @param {number} records @param {number} [seed] */
async function fill(archive, records, seed = 1) {
  const opened = await archive.open();
  const sink = opened.sink();
  try {
    const events = syntheticEvents({ records, seed, conversations: 300, timestamp: BigInt(Date.now()) });
    for (let done = 0; done < records;) {
      const batch = [];
      while (batch.length < 5_000 && done + batch.length < records) {
        const { value } = events.next();
        if (value !== undefined) batch.push(value);
      }
      await sink.append(archive.topic, batch);
      done += batch.length;
    }
  } finally {
    await sink.close();
    await opened.close();
  }
}

/**
 * What waits in the source or the vault, by one process with these roles.
 * @param {string} name
 * @param {ArchiveUnderTest} archive
 * @param {number} records
 * @param {'seal' | 'index' | 'seal,index'} roles
 * @returns {Promise<Line>}
 */
async function work(name, archive, records, roles) {
  const ingest = new IngestProcess(archive, { HOLDFAST_ROLES: roles });
  try {
    // The start of a process is not its work.
    await eventually('the archive is open', 60_000, () => ingest.log.some(({ message }) => message === 'archive opened'));
    const cpu = ingest.cpuSeconds;
    const began = performance.now();
    const last = roles === 'seal' ? 'holdfast_sealed_records_total' : 'holdfast_indexed_documents_total';
    await eventually(name, PATIENCE_MS, async () => (await ingest.metric(last)) >= records);
    const line = rate(
      name,
      records,
      { seconds: (performance.now() - began) / 1000, cpuSeconds: ingest.cpuSeconds - cpu },
      { 'MiB at most': ingest.peakMiB },
    );
    await ingest.stop();
    return line;
  } finally {
    await ingest.kill9();
  }
}

/** How long records take to be searchable at a steady pace. @param {ArchiveUnderTest} archive @returns {Promise<Line>} */
async function latency(archive, { perSecond = 1_000, seconds = 15 } = {}) {
  const opened = await archive.open();
  const index = opened.index();
  const ingest = new IngestProcess(archive);
  /** @type {Map<string, number>} when each segment was first covered by the index */
  const seen = new Map();
  try {
    await index.open();
    await ingest.ready();
    const sink = opened.sink();
    const events = syntheticEvents({ records: perSecond * seconds, seed: 7, conversations: 300 });
    let flowing = true;
    const poll = (async () => {
      for (let waiting = true; waiting;) {
        waiting = flowing;
        const { chains } = (await index.status()).position;
        const now = Date.now();
        for (const [chain, next] of Object.entries(chains)) {
          for (let seq = next - 1; seq >= 0 && !seen.has(`${chain} ${seq}`); seq--) seen.set(`${chain} ${seq}`, now);
        }
        await sleep(50);
      }
    })();
    const start = Date.now();
    for (let sent = 0; sent < perSecond * seconds; sent += perSecond / 10) {
      await sleep(Math.max(0, start + (sent / perSecond) * 1000 - Date.now()));
      await sink.append(
        archive.topic,
        [...Array(perSecond / 10)].flatMap(() => events.next().value ?? []).map((record) => ({ ...record, timestamp: BigInt(Date.now()) })),
      );
    }
    await sink.close();
    await eventually(
      'everything is searchable',
      120_000,
      async () => (await ingest.metric('holdfast_indexed_documents_total')) >= perSecond * seconds,
    );
    flowing = false;
    await poll;
    await opened.governance.refresh();
    /** @type {number[]} */
    const sealed = [];
    /** @type {number[]} */
    const sent = [];
    for (const [place, at] of seen) {
      const space = place.lastIndexOf(' ');
      const committed = await readCommitted(opened.archive, place.slice(0, space), Number(place.slice(space + 1)), opened.governance.keys);
      if (committed === undefined) continue;
      await opened.reader.walk(committed.manifest, () => (plain, from, to) => {
        const { timestamp } = decodeRecord(plain.slice(from, to)).record;
        // What was there before this measurement is none of it.
        if (Number(timestamp) < start) return;
        sent.push(at - Number(timestamp));
        sealed.push(at - Date.parse(committed.manifest.clock));
      });
    }
    await ingest.stop();
    return {
      name: `searchable, at ${perSecond} records/s`,
      records: sent.length,
      'ms after sealing p50': percentile(sealed, 50),
      'ms after sealing p95': percentile(sealed, 95),
      'ms after sending p50': percentile(sent, 50),
      'ms after sending p95': percentile(sent, 95),
    };
  } finally {
    await ingest.kill9();
    await index.close();
    await opened.close();
  }
}

/** Opening one record with its proof. @param {ArchiveUnderTest} archive @returns {Promise<Line>} */
async function openOne(archive) {
  const opened = await archive.open();
  const index = opened.index();
  await index.open();
  await opened.governance.refresh();
  const { governance } = opened;
  try {
    /** @type {{ id: string, seq: number }[]} */
    const ids = [];
    for (const chain of governance.state.chains.keys()) {
      if (parseMessageChain(chain) === undefined) continue;
      let taken = 0;
      for await (const { id, seq } of index.all(chain)) {
        if (taken++ % 97 === 0) ids.push({ id, seq });
        if (taken > 4_000) break;
      }
    }
    const timed = async (/** @type {() => RecordOpener} */ opener, /** @type {number} */ most) => {
      const times = [];
      for (const { id, seq } of ids.slice(0, most)) {
        const one = opener();
        const began = performance.now();
        await one.open(id, seq);
        times.push(performance.now() - began);
      }
      return times;
    };
    // Cold: neither manifest nor data key is known.
    const cold = await timed(
      () =>
        new RecordOpener(
          opened.archive,
          governance,
          new SegmentReader(opened.archive, new DataKeys(opened.archive, () => governance.ledgerUntil(new Date()))),
        ),
      60,
    );
    const warmOpener = new RecordOpener(opened.archive, governance, opened.reader);
    await timed(() => warmOpener, 300);
    const warm = await timed(() => warmOpener, 300);
    return {
      name: 'open one record with its proof',
      'ms cold p50': percentile(cold, 50),
      'ms cold p95': percentile(cold, 95),
      'ms warm p50': percentile(warm, 50),
      'ms warm p95': percentile(warm, 95),
    };
  } finally {
    await index.close();
    await opened.close();
  }
}

/** Requests to the object store, counted on their way. @param {Record<string, string | undefined>} servers @param {string} folder @returns {Promise<Line>} */
async function requests(servers, folder) {
  const store = new URL(servers['HOLDFAST_TEST_S3_ENDPOINT'] ?? '');
  let count = 0;
  const proxy = createServer((incoming, outgoing) => {
    count++;
    const { url, method, headers } = incoming;
    const onward = request({ host: store.hostname, port: store.port, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = proxy.address();
  must(address !== null && typeof address === 'object', 'the proxy listens');
  try {
    const archive = await clusterArchive(
      { ...servers, HOLDFAST_TEST_S3_ENDPOINT: `http://127.0.0.1:${address.port}` },
      { name: `bench-requests-${Date.now().toString(36)}`, folder, partitions: 1 },
    );
    const ingest = new IngestProcess(archive, { HOLDFAST_ROLES: 'seal', HOLDFAST_SEGMENT_MAX_RECORDS: '500' });
    try {
      await fill(archive, 1_000);
      await eventually('the first segments are sealed', 60_000, async () => (await ingest.metric('holdfast_sealed_records_total')) === 1_000);
      // The keys of the day and the registration of the chain are behind us.
      const before = count;
      const segments = await ingest.metric('holdfast_sealed_segments_total');
      await fill(archive, 20_000);
      await eventually('all segments are sealed', 120_000, async () => (await ingest.metric('holdfast_sealed_records_total')) === 21_000);
      const more = (await ingest.metric('holdfast_sealed_segments_total')) - segments;
      // Opening the archive to fill it asks the store, too: what that costs is measured by doing it alone.
      const counted = count - before;
      const alone = count;
      await (await archive.open()).close();
      const line = { name: 'requests to the object store', 'a segment': Number(((counted - (count - alone)) / more).toFixed(2)), segments: more };
      await ingest.stop();
      return line;
    } finally {
      await ingest.kill9();
    }
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
}

/** @param {number[]} values @param {number} percent */
function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN).toFixed(1));
}

/** @returns {Promise<Line[]>} */
export async function benchCluster() {
  const dir = fileURLToPath(new URL('../../.stack/bench', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const stack = await startStack({ dir, only: ['kafka', 'radosgw', 'elasticsearch'], bench: true });
  try {
    must(
      stack.unavailable.length === 0,
      `the real servers are needed. ${stack.unavailable.map(({ name, reason }) => `${name}: ${reason}`).join('; ')}`,
    );
    const servers = { ...process.env, ...stack.env };
    const fresh = (/** @type {string} */ what) => {
      const name = `bench-${what}-${Date.now().toString(36)}`;
      return clusterArchive(servers, { name, folder: join(folder, what), partitions: PARTITIONS });
    };
    const apart = await fresh('apart');
    await fill(apart, RECORDS);
    const seal = await work('seal, Kafka to S3', apart, RECORDS, 'seal');
    const index = await work('index, S3 to Elasticsearch', apart, RECORDS, 'index');
    const whole = await fresh('whole');
    await fill(whole, RECORDS);
    const both = await work('whole path in one process', whole, RECORDS, 'seal,index');
    return [seal, index, both, await latency(await fresh('pace')), await openOne(whole), await requests(servers, join(folder, 'requests'))];
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true });
  }
}

/** @returns {Promise<Line[]>} */
export async function benchEmbedded() {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    const apart = await embeddedArchive({ folder: join(folder, 'apart') });
    await fill(apart, RECORDS);
    const seal = await work('seal, embedded', apart, RECORDS, 'seal');
    const index = await work('index, embedded', apart, RECORDS, 'index');
    return [seal, index, await openOne(apart)];
  } finally {
    await rm(folder, { recursive: true });
  }
}
