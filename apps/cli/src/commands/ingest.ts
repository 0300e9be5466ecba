import { SEAL_LIMITS, SealWorker } from '@holdfast/archiving';
import type { PartitionStatus } from '@holdfast/archiving';
import { openNotary } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { DayKeeper, IndexFollower } from '@holdfast/indexing';
import type { IndexCounts } from '@holdfast/indexing';
import { HoldfastError } from '@holdfast/record';
import { Progress, count, print } from '../output.js';
import { PrintedAlarms, anchorEnvironment, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { printable } from '../terminal.js';

const LOOK_MS = 50;
const QUIET_MS = 5_000;

export interface IngestOptions extends GlobalOptions {
  readonly untilIdle?: boolean;
  /** false: only seal (benchmarks). */
  readonly index?: boolean;
}

/** `holdfast ingest --until-idle`: seal and index what waits, print what happened. */
export async function ingest(options: IngestOptions): Promise<number> {
  if (options.untilIdle !== true) throw new HoldfastError('bad_configuration', 'Say --until-idle; "holdfast start" runs the services for good.');
  return withArchive(options, {}, async (opened) => {
    const alarms = new PrintedAlarms();
    const progress = new Progress(options.json === true);
    const began = performance.now();
    const sealed = await sealUntilIdle(opened, alarms, (records, lag) => {
      progress.show(`${count(records)} records sealed, ${count(lag)} waiting`);
    });
    const sealSeconds = (performance.now() - began) / 1000;
    const indexBegan = performance.now();
    const indexed =
      options.index === false
        ? undefined
        : await indexUntilIdle(opened, alarms, (documents) => {
            progress.show(`${count(documents)} events indexed`);
          });
    const log = options.index === false ? undefined : await coverByLog(options, opened, alarms);
    progress.end();
    const report = {
      records: sealed.records,
      segments: sealed.segments,
      bytes: sealed.bytes,
      sealSeconds: round(sealSeconds),
      recordsPerSecond: Math.round(sealed.records / sealSeconds),
      partitions: sealed.partitions,
      // Only the index role reads events, so only it can tell.
      ...(indexed !== undefined && {
        unparsed: indexed.unparsed,
        keyMismatches: indexed.keyMismatches,
        indexed: { documents: indexed.documents, unindexed: indexed.unindexed, seconds: round((performance.now() - indexBegan) / 1000) },
      }),
      ...(log !== undefined && { log }),
      alarms: [...alarms.standing.values()],
    };
    print(options.json === true, report, () => textOf(report));
    return alarms.stopped ? 1 : 0;
  });
}

interface Sealed {
  readonly records: number;
  readonly segments: number;
  readonly bytes: number;
  readonly partitions: readonly { readonly partition: string; readonly chain: string; readonly next: string }[];
}

/** Seals until every partition has reached the end that its log has now, or is stopped by an alarm. */
export async function sealUntilIdle(
  opened: OpenedArchive,
  alarms: PrintedAlarms,
  onProgress: (records: number, lag: number) => void,
): Promise<Sealed> {
  const source = opened.source();
  const worker = new SealWorker({ ...opened, source, limits: SEAL_LIMITS, alarms });
  const ends = new Map<string, bigint>();
  const stop = new AbortController();
  let last: readonly PartitionStatus[] = [];
  const stopped = Promise.withResolvers<undefined>();
  const onSignal = (): void => {
    stop.abort();
    stopped.resolve(undefined);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    for (const { topic, partitions } of await source.topics()) {
      for (let partition = 0; partition < partitions; partition++)
        ends.set(`${topic}/${partition}`, (await source.watermarks({ topic, partition })).high);
    }
    await worker.start();
    let quietSince = Date.now();
    let seen = -1;
    for (;;) {
      const status = worker.status();
      const lag = status.reduce((sum, partition) => sum + Number(partition.lag), 0);
      const taken = status.reduce((sum, partition) => sum + Number(partition.next), 0);
      onProgress(worker.counts.records, lag);
      if (taken !== seen) quietSince = Date.now();
      seen = taken;
      // The end of a log can be a transaction marker, which no reader is given: then its end is where nothing more comes.
      const quiet = status.length === ends.size && alarms.standing.size === 0 && Date.now() - quietSince > QUIET_MS;
      const reached = [...ends].every(([name, end]) => {
        const partition = status.find((candidate) => `${candidate.topic}/${candidate.partition}` === name);
        return partition?.stopped !== undefined ? alarms.stopped : (partition?.next ?? -1n) >= end;
      });
      if (reached || quiet || stop.signal.aborted) {
        // A store that is down is waited for, but not by somebody who presses Ctrl-C: `stop` gives up after its grace.
        await Promise.race([worker.flush(), stopped.promise]);
        last = worker.status();
        // Taken is not sealed: a commit that failed makes the partition begin anew, and then this goes on.
        if (stop.signal.aborted || last.every((partition) => partition.stopped !== undefined || partition.sealed === partition.next)) break;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    await worker.stop();
    await source.close();
  }
  if (stop.signal.aborted)
    throw new HoldfastError('stopped', 'Stopped on request; what was sealed stays sealed, and the next run goes on behind it.');
  const partitions = last.map(({ topic, partition, chain, sealed: offset }) => ({
    partition: `${topic}/${partition}`,
    chain,
    next: offset.toString(),
  }));
  return { ...worker.counts, partitions };
}

/** Indexes everything that is committed now. */
export async function indexUntilIdle(
  opened: OpenedArchive,
  alarms: PrintedAlarms,
  onProgress: (documents: number) => void,
): Promise<Readonly<IndexCounts>> {
  const index = opened.index();
  const follower = new IndexFollower({ ...opened, index, alarms });
  try {
    const position = await follower.catchUp((counts) => {
      onProgress(counts.documents);
    });
    // Days that were closed by what was sealed. The day under way stays open: nothing is sealed only to close it.
    await new DayKeeper({ ...opened, alarms }).catchUp(position);
    return follower.counts;
  } finally {
    await index.close();
  }
}

/** Runs the notary until the log covers every manifest that is committed now; undefined for an archive without a log yet. */
export async function coverByLog(
  options: GlobalOptions,
  opened: OpenedArchive,
  alarms: PrintedAlarms,
): Promise<{ readonly origin: string; readonly size: number; readonly root: string } | undefined> {
  // In a cluster the service audit has the role notary.
  if (options.data === undefined) return undefined;
  const notary = await openNotary(opened, await anchorEnvironment(options), {
    alarms,
    warn: (sentence) => process.stderr.write(printable(`${sentence}\n`)),
  });
  const covered = await notary.untilCovered();
  if (covered === undefined) return undefined;
  const { origin, size, root } = covered.checkpoint;
  return { origin, size, root: Buffer.from(root).toString('base64') };
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

function textOf(report: {
  readonly records: number;
  readonly segments: number;
  readonly sealSeconds: number;
  readonly recordsPerSecond: number;
  readonly unparsed?: number;
  readonly indexed?: { readonly documents: number; readonly seconds: number };
  readonly log?: { readonly origin: string; readonly size: number; readonly root: string };
}): string {
  const lines = [
    `${count(report.records)} records sealed in ${count(report.segments)} segments, ${report.sealSeconds} s (${count(report.recordsPerSecond)} records/s).`,
  ];
  if (report.unparsed !== undefined && report.unparsed > 0)
    lines.push(`${count(report.unparsed)} of them could not be read as events; they are sealed as received and listed by: is:unreadable`);
  if (report.indexed !== undefined) lines.push(`${count(report.indexed.documents)} events are searchable (${report.indexed.seconds} s).`);
  if (report.log !== undefined)
    lines.push(`The log ${report.log.origin} covers all of it: ${count(report.log.size)} entries, root ${report.log.root}`);
  return lines.join('\n');
}
