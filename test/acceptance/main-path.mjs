// Part 1: generated records through the whole path, and everything about them is right.
import { syntheticEvents } from '@holdfast/connectors';
import { judgeByVerifier, judgeRecords, judgeSearches, searchableCompletely, sealedCompletely } from './judge.mjs';
import { Producer } from './produced.mjs';
import { IngestProcess } from './programs.mjs';
import { CORPUS_QUERIES } from './spot-queries.mjs';
import { must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {import('./produced.mjs').Expected} Expected */

const BATCH = 5_000;

/**
 * Fills the source with the generated corpus.
 * @param {ArchiveUnderTest} archive
 * @param {{ records: number, seed: number, say?: (line: string) => void }} options
 * @returns {Promise<Expected>}
 */
export async function fillSource(archive, { records, seed, say = () => undefined }) {
  const opened = await archive.open();
  const producer = new Producer(archive, opened.sink(), CORPUS_QUERIES);
  try {
    /** @type {import('@holdfast/ports').NewRecord[]} */
    let batch = [];
    for (const record of syntheticEvents({ records, seed, conversations: 300, timestamp: BigInt(Date.now()) })) {
      batch.push(record);
      if (batch.length < BATCH) continue;
      await producer.append(batch);
      batch = [];
      say(`${producer.records} of ${records} records produced`);
    }
    await producer.append(batch);
    return producer.expected();
  } finally {
    await producer.close();
    await opened.close();
  }
}

/**
 * Seals and indexes what waits with one real ingest process.
 * @param {ArchiveUnderTest} archive
 * @param {number} records
 */
export async function sealAndIndex(archive, records) {
  const opened = await archive.open();
  const ingest = new IngestProcess(archive);
  const patience = 120_000 + records;
  try {
    const began = performance.now();
    await sealedCompletely(archive, opened, patience);
    const sealed = performance.now();
    await searchableCompletely(opened, patience);
    const searchable = performance.now();
    await ingest.ready();
    const figures = {
      secondsToSeal: seconds(sealed - began),
      secondsToSearchable: seconds(searchable - began),
      'records/s to searchable': Math.round((records / (searchable - began)) * 1000),
      cpuSeconds: ingest.cpuSeconds,
      peakMiB: ingest.peakMiB,
    };
    // A process that goes on after a restart has not sealed everything itself.
    must((await ingest.metric('holdfast_sealed_records_total')) <= records, 'ingest says that it sealed more records than there are');
    await ingest.stop();
    return figures;
  } finally {
    await ingest.kill9();
    await opened.close();
  }
}

/**
 * @param {ArchiveUnderTest} archive
 * @param {Expected} expected
 */
export async function judgeEverything(archive, expected) {
  const records = expected.partitions.reduce((sum, partition) => sum + partition.records, 0);
  const opened = await archive.open();
  try {
    const found = await judgeRecords(archive, opened, expected);
    const hits = await judgeSearches(opened, expected);
    return { records, ...found, verify: await judgeByVerifier(archive, records), hits };
  } finally {
    await opened.close();
  }
}

/** @param {number} ms */
function seconds(ms) {
  return Math.round(ms / 10) / 100;
}
