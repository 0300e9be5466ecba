import { importRecords, importStarted } from '@holdfast/archiving';
import { osPrincipal } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { openEventsFile, openSlackExport } from '@holdfast/connectors';
import type { Importer, ImportOptions } from '@holdfast/connectors';
import { HoldfastError } from '@holdfast/record';
import { EXIT, Progress, count, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { untilSignal } from '../until-signal.js';

/** Formats of `holdfast import`. */
const FORMATS: Readonly<Record<string, (path: string, options: ImportOptions & { readonly keepGoing?: boolean }) => Promise<Importer>>> = {
  slack: openSlackExport,
  events: openEventsFile,
};

/** `holdfast import FORMAT PATH`: an export of another system into the source, once. */
export async function importFile(format: string, path: string, options: GlobalOptions & { readonly keepGoing?: boolean }): Promise<number> {
  const open = FORMATS[format];
  if (open === undefined)
    throw new HoldfastError(
      'bad_configuration',
      `${JSON.stringify(format)} is not a format that can be imported; there are: ${Object.keys(FORMATS).join(', ')}.`,
    );
  const work = async (opened: OpenedArchive, signal: AbortSignal): Promise<number> => {
    const right = opened.importing();
    const progress = new Progress(options.json === true);
    progress.show(`reading ${path}`);
    let timestamp = BigInt(Date.now());
    let importer: Importer | undefined;
    try {
      importer = await open(path, { timestamp, keepGoing: options.keepGoing === true });
      const known = await importStarted(opened.governance, importer.importId);
      if (known !== undefined && known.timestamp !== timestamp) {
        // An interrupted import goes on with the records it began with, and those carry its timestamp.
        await importer.close();
        timestamp = known.timestamp;
        progress.show('going on with an interrupted import');
        importer = await open(path, { timestamp, keepGoing: options.keepGoing === true });
      }
      const topic = opened.topics[0];
      if (topic === undefined) throw new HoldfastError('bad_configuration', 'The archive has no topic to import into.');
      const sink = opened.sink();
      const { importId, total } = importer;
      const parts = {
        archive: opened.archive,
        governance: opened.governance,
        sink,
        // Two runs in one group would share the partitions, and each would miss what the other reads.
        scan: (run: string) => opened.source(`holdfast-import-${importId.slice(0, 16)}-${run.slice(0, 16)}`),
        settleMs: right.settleMs,
        topic,
        principal: osPrincipal(),
        format,
      };
      const outcome = await importRecords(
        parts,
        importer,
        timestamp,
        (done) => {
          progress.show(`${count(done)} of ${count(total)} records are in the source`);
        },
        signal,
      ).finally(() => sink.close());
      progress.end();
      // Only now: it is counted while the records are read.
      const { summary } = importer;
      print(options.json === true, { ...outcome, total, summary }, () =>
        outcome.before
          ? `This file was imported before (${outcome.importId}); nothing was written.`
          : [
              `${count(outcome.written)} records were put into the source${outcome.found > 0 ? `, ${count(outcome.found)} were there from an earlier run` : ''}: ${count(summary.messages)} messages, ${count(summary.conversations)} conversations, ${count(summary.people)} people.`,
              ...(summary.filesByReference > 0
                ? [`${count(summary.filesByReference)} files are named but not contained; each is listed as an exception.`]
                : []),
              ...summary.warnings,
              'Next: holdfast ingest --until-idle',
            ].join('\n'),
      );
      return EXIT.done;
    } finally {
      await importer?.close();
      right.release();
    }
  };
  return withArchive(options, { create: true }, (opened) => untilSignal((signal) => work(opened, signal)));
}
