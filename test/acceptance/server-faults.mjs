// Servers that die while records flow: ingest waits, says so, loses nothing and catches up. Only on servers of one's own.
import { searchableCompletely, sealedCompletely } from './judge.mjs';
import { flow } from './kills.mjs';
import { IngestProcess } from './programs.mjs';
import { eventually, must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */
/** @typedef {import('../../deploy/local/start-stack.mjs').Stack} Stack */

const OUTAGES = /** @type {const} */ ([
  { server: 'kafka', alarm: 'SOURCE_UNAVAILABLE' },
  { server: 'radosgw', alarm: 'STORE_UNAVAILABLE' },
  { server: 'elasticsearch', alarm: 'INDEX_UNAVAILABLE' },
]);

/**
 * @param {Stack} stack those of its servers that run here are killed
 * @param {ArchiveUnderTest} archive
 * @param {{ seed: number, say?: (line: string) => void }} options
 */
export async function outages(stack, archive, { seed, say = () => undefined }) {
  const opened = await archive.open();
  const flowing = flow(archive, opened.sink(), seed);
  const ingest = new IngestProcess(archive);
  const sealedRecords = () => ingest.metric('holdfast_sealed_records_total');
  /** @type {Record<string, number>} */
  const figures = {};
  try {
    await ingest.ready();
    await eventually('records are sealed', 60_000, async () => (await sealedRecords()) > 0);
    for (const { server, alarm } of OUTAGES) {
      const running = stack.servers[server];
      if (running === undefined) continue;
      await running.kill9();
      await ingest.alarm(alarm, 60_000);
      must(!(await ingest.readiness()).ready, `ingest says it is ready without ${server}`);
      const before = await sealedRecords();
      // Sealing never waits for the search engine.
      if (server === 'elasticsearch')
        await eventually('sealing goes on without the search engine', 30_000, async () => (await sealedRecords()) > before);
      const began = performance.now();
      await running.start();
      const back = performance.now();
      await eventually(`sealing goes on behind the outage of ${server}`, 120_000, async () => (await sealedRecords()) > before);
      await ingest.cleared(alarm, 120_000);
      await ingest.ready(120_000);
      figures[`${server}: seconds to start`] = Math.round((back - began) / 100) / 10;
      figures[`${server}: seconds from its return to ready`] = Math.round((performance.now() - back) / 100) / 10;
      say(`${server} was killed and is back; ${alarm} was raised and ended`);
    }
    const expected = await flowing.stop();
    await sealedCompletely(archive, opened, 120_000);
    await searchableCompletely(opened, 120_000);
    await ingest.stop();
    return { expected, figures: { ...figures, records: flowing.producer.records } };
  } finally {
    await ingest.kill9();
    await flowing.stop();
    await opened.close();
  }
}
