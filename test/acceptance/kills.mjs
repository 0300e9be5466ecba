// Part 2: ingest is killed at any moment, and two of them believe that a partition is theirs.
import { setTimeout as sleep } from 'node:timers/promises';
import { syntheticEvents } from '@holdfast/connectors';
import { searchableCompletely, sealedCompletely } from './judge.mjs';
import { Producer } from './produced.mjs';
import { IngestProcess } from './programs.mjs';
import { Random } from './random.mjs';
import { CORPUS_QUERIES } from './spot-queries.mjs';
import { eventually, must } from './wait.mjs';

/** @typedef {import('./archive-under-test.mjs').ArchiveUnderTest} ArchiveUnderTest */

/** Small segments that close early: a kill then meets every step of many of them. */
const SMALL = { HOLDFAST_SEGMENT_MAX_RECORDS: '200', HOLDFAST_SEGMENT_MAX_AGE_MS: '150' };
const PAUSE_MS = 60;

/**
 * Records that flow until `stop`, at the pace of a busy company.
 * @param {ArchiveUnderTest} archive
 * @param {import('@holdfast/ports').RecordSink} sink
 * @param {number} seed
 */
export function flow(archive, sink, seed) {
  const producer = new Producer(archive, sink, CORPUS_QUERIES);
  const records = syntheticEvents({ records: 10_000_000, seed, conversations: 100, timestamp: BigInt(Date.now()) });
  const random = new Random(seed);
  let flowing = true;
  const done = (async () => {
    while (flowing) {
      /** @type {import('@holdfast/ports').NewRecord[]} */
      const batch = [];
      for (const wanted = random.whole(1, 60); batch.length < wanted;) {
        const { done, value } = records.next();
        must(done !== true, 'the generated corpus came to its end');
        batch.push(value);
      }
      await producer.append(batch);
      await sleep(PAUSE_MS);
    }
  })();
  // Met again by `stop`; until then it must not end the process.
  done.catch(() => undefined);
  /** @type {Promise<import('./produced.mjs').Expected> | undefined} */
  let stopped;
  return {
    producer,
    stop() {
      flowing = false;
      stopped ??= done.finally(() => producer.close()).then(() => producer.expected());
      return stopped;
    },
  };
}

/**
 * @param {ArchiveUnderTest} archive
 * @param {{ kills: number, seed: number, say?: (line: string) => void, rivalMs?: number }} options
 * @returns {Promise<{ expected: import('./produced.mjs').Expected, figures: Record<string, number> }>}
 */
export async function killAndRival(archive, { kills, seed, say = () => undefined, rivalMs = 6_000 }) {
  const opened = await archive.open();
  const random = new Random(seed);
  const flowing = flow(archive, opened.sink(), seed);
  let segments = 0;
  let idle = 0;
  /** @type {IngestProcess[]} */
  const running = [];
  try {
    for (let kill = 1; kill <= kills; kill++) {
      // A killed member keeps its partitions for the session timeout; every other one comes back under another name of the
      // group at once, so that kills also meet a worker at its busiest. Where to go on is never asked of the group.
      const ingest = new IngestProcess(archive, { ...SMALL, ...(kill % 2 === 0 && { HOLDFAST_KAFKA_GROUP: `after-kill-${kill}` }) });
      running.push(ingest);
      await ingest.listening();
      // Half of the moments lie in the start, half of them behind the first commit of this process.
      if (random.next() < 0.5) await sleep(random.whole(0, 2_500));
      else {
        // A member killed while it joined is waited for by the broker until the rebalance timeout (60 s), then for its session.
        await eventually('ingest seals again after a kill', 150_000, async () => (await ingest.metric('holdfast_sealed_segments_total')) > 0);
        await sleep(random.whole(0, 1_500));
      }
      const sealed = await ingest.metric('holdfast_sealed_segments_total');
      segments += sealed;
      if (sealed === 0) idle++;
      await ingest.kill9();
      say(`kill ${kill} of ${kills}: it had sealed ${sealed} segments; ${flowing.producer.records} records produced`);
    }
    // Two groups, one topic: each gives all partitions to its only worker. Whoever is ahead wins every claim; the other one
    // compares, starts again behind it, and must go on alone when the first is gone.
    const rivals = ['rival-a', 'rival-b'].map((group) => new IngestProcess(archive, { ...SMALL, HOLDFAST_KAFKA_GROUP: group }));
    running.push(...rivals);
    const counts = async (/** @type {IngestProcess} */ rival) => ({
      rival,
      won: await rival.metric('holdfast_sealed_segments_total'),
      lost: await rival.metric('holdfast_lost_claims_total'),
    });
    const met = await eventually('the two workers meet at claims', 90_000, async () => {
      const both = await Promise.all(rivals.map(counts));
      return both.every(({ won, lost }) => won + lost > 0) && both.some(({ lost }) => lost >= 3) ? both : undefined;
    });
    await sleep(rivalMs);
    const [first, second] = met.sort((a, b) => b.won - a.won);
    must(first !== undefined && second !== undefined, 'there are two rivals');
    const before = await Promise.all([counts(first.rival), counts(second.rival)]);
    await first.rival.kill9();
    const expected = await flowing.stop();
    await sealedCompletely(archive, opened, 180_000);
    await searchableCompletely(opened, 120_000);
    const after = await counts(second.rival);
    must(after.won > 0, 'the worker that is left seals nothing');
    await second.rival.stop();
    return {
      expected,
      figures: {
        kills,
        'kills before the first commit': idle,
        'segments sealed by killed processes': segments,
        'segments of the first rival': before[0].won,
        'claims lost by the first rival': before[0].lost,
        'segments of the second rival beside it': before[1].won,
        'claims lost by the second rival': after.lost,
        'segments of the second rival': after.won,
        records: flowing.producer.records,
      },
    };
  } finally {
    await Promise.all(running.map((ingest) => ingest.kill9()));
    await flowing.stop();
    await opened.close();
  }
}
