// The judgement after every test of this folder: every offset sealed exactly once and byte for byte, nothing found by the
// verifier, index and vault equal both ways, searches exact.
import { openDiscovery } from '@holdfast/discovery';
import { documentsOf, indexLag } from '@holdfast/indexing';
import { messageChain, parseMessageChain } from '@holdfast/record';
import { decodeRecord } from '@holdfast/seal';
import { readCommitted, readHead } from '@holdfast/vault';
import { RecordDigest } from './produced.mjs';
import { holdfast } from './programs.mjs';
import { eventually, must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {import('@holdfast/assembly').OpenedArchive} OpenedArchive */
/** @typedef {import('./produced.mjs').Expected} Expected */

/**
 * Resolves when the vault holds everything that the source holds now.
 * @param {ArchiveUnderTest} archive
 * @param {OpenedArchive} opened
 * @param {number} timeoutMs
 */
export async function sealedCompletely(archive, opened, timeoutMs) {
  const highs = await watermarks(archive, opened);
  const waiting = new Map(highs.map(({ high }, partition) => [partition, high]));
  await eventually(
    'everything in the source is sealed',
    timeoutMs,
    async () => {
      await opened.governance.refresh();
      for (const [partition, high] of waiting) {
        const chain = messageChain({ source: archive.sourceName, topic: archive.topic, partition, epoch: 0 });
        const head = await readHead(opened.archive, chain, opened.governance.keys);
        if (BigInt(head.last?.manifest.next ?? '0') >= high) waiting.delete(partition);
      }
      return waiting.size === 0;
    },
    () => `Waiting for partitions ${[...waiting.keys()].join(', ')}.`,
  );
}

/**
 * Resolves when the index covers everything that is sealed now.
 * @param {OpenedArchive} opened
 * @param {number} timeoutMs
 */
export async function searchableCompletely(opened, timeoutMs) {
  await eventually('everything sealed is searchable', timeoutMs, async () => {
    const index = opened.index();
    try {
      const { position } = await index.open();
      return (await indexLag(opened.archive, opened.governance, position)).length === 0;
    } finally {
      await index.close();
    }
  });
}

/**
 * @param {ArchiveUnderTest} archive
 * @param {OpenedArchive} opened
 */
async function watermarks({ topic, partitions }, opened) {
  const source = opened.source();
  try {
    const marks = [];
    for (let partition = 0; partition < partitions; partition++) marks.push(await source.watermarks({ topic, partition }));
    return marks;
  } finally {
    await source.close();
  }
}

/**
 * Counts per partition equal the source's offsets, each offset once, all bytes as produced; the index holds exactly the
 * documents of the vault.
 * @param {ArchiveUnderTest} archive
 * @param {OpenedArchive} opened
 * @param {Expected} expected
 */
export async function judgeRecords(archive, opened, expected) {
  const { governance, reader } = opened;
  await governance.refresh();
  const marks = await watermarks(archive, opened);
  const index = opened.index();
  await index.open();
  let segments = 0;
  let documents = 0;
  try {
    const chains = [...governance.state.chains.keys()].filter((chain) => parseMessageChain(chain) !== undefined);
    for (const chain of chains) {
      const at = parseMessageChain(chain);
      must(at !== undefined && at.partition < archive.partitions, `an unexpected chain: ${chain}`);
      const digest = new RecordDigest();
      /** @type {Map<string, string>} */
      const sealed = new Map();
      for (let seq = 0; ; seq++) {
        const committed = await readCommitted(opened.archive, chain, seq, governance.keys);
        if (committed === undefined) break;
        segments++;
        /** @type {import('@holdfast/record').RawRecord[]} */
        const records = [];
        await reader.walk(committed.manifest, (object) => (plain, start, end) => {
          const { record } = decodeRecord(plain.slice(start, end));
          records.push(record);
          const place = { at, chain, seq, cohort: { className: object.cohort.class, period: object.cohort.period } };
          for (const { id, order, sentAt } of documentsOf(record, place)) {
            must(!sealed.has(id), `${id} is sealed twice`);
            sealed.set(id, `${seq} ${order} ${sentAt}`);
          }
        });
        for (const record of records.sort((a, b) => (a.offset < b.offset ? -1 : 1))) {
          must(record.offset === BigInt(digest.records), `${chain} ${seq}: offset ${record.offset} where ${digest.records} must follow`);
          digest.add(record);
        }
      }
      documents += sealed.size;
      const { low, high } = marks[at.partition] ?? { low: 0n, high: -1n };
      must(low === 0n && high === BigInt(digest.records), `${chain} holds ${digest.records} records, the source ${low}..${high}`);
      const facts = digest.facts();
      const wanted = expected.partitions[at.partition];
      must(facts.records === wanted?.records, `${chain} holds ${facts.records} records, ${wanted?.records} were produced`);
      must(facts.digest === wanted.digest, `${chain} holds other bytes than were produced`);
      for await (const hit of index.all(chain)) {
        must(sealed.get(hit.id) === `${hit.seq} ${hit.order} ${hit.sentAt}`, `the index names ${hit.id}, which the vault does not hold there or so`);
        sealed.delete(hit.id);
      }
      must(sealed.size === 0, `the index lacks ${sealed.size} documents of ${chain}, such as ${sealed.keys().next().value}`);
    }
    must(
      chains.length === expected.partitions.filter(({ records }) => records > 0).length || chains.length === archive.partitions,
      'a partition has no chain',
    );
  } finally {
    await index.close();
  }
  return { segments, documents };
}

/**
 * The searches of the product answer exactly what the scan of everything answers.
 * @param {OpenedArchive} opened
 * @param {Expected} expected
 * @returns {Promise<Record<string, number>>} hits by query
 */
export async function judgeSearches(opened, expected) {
  const index = opened.index();
  await index.open();
  /** @type {Record<string, number>} */
  const hits = {};
  try {
    await opened.governance.refresh();
    const discovery = openDiscovery(opened, index, 'acceptance');
    for (const { query, ids } of expected.answers) {
      const found = [];
      for await (const { id } of discovery.ids('os:acceptance', query)) found.push(id);
      const [wanted, got] = [new Set(ids), new Set(found)];
      const missing = ids.filter((id) => !got.has(id));
      const extra = found.filter((id) => !wanted.has(id));
      must(
        missing.length === 0 && extra.length === 0 && found.length === ids.length,
        `${query}: ${found.length} found, ${ids.length} expected; missing ${missing.slice(0, 3).join(' ')}, extra ${extra.slice(0, 3).join(' ')}`,
      );
      hits[query] = found.length;
    }
  } finally {
    await index.close();
  }
  const idle = Object.entries(hits).filter(([, count]) => count === 0);
  must(idle.length === 0, `queries that find nothing show nothing: ${idle.map(([query]) => query).join(' | ')}`);
  return hits;
}

/**
 * `holdfast verify` finds nothing, and has looked at everything.
 * @param {ArchiveUnderTest} archive
 * @param {number} records that it must have opened at least
 */
export async function judgeByVerifier(archive, records) {
  const { code, stdout, stderr } = await holdfast(archive, ['verify', '--json']);
  must(stdout.startsWith('{'), `holdfast verify ended with ${code}: ${stderr}`);
  const report = JSON.parse(stdout);
  must(code === 0 && report.ok === true && report.findingsTotal === 0, `holdfast verify ended with ${code}: ${JSON.stringify(report.findings)}`);
  must(report.recordsOpened >= records, `holdfast verify opened ${report.recordsOpened} records of ${records}`);
  return { seconds: report.seconds, segments: report.segments, records: report.records, notes: report.notesTotal };
}
