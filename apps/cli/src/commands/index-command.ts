import { IndexFollower, indexLag } from '@holdfast/indexing';
import { EXIT, Progress, count, print } from '../output.js';
import { PrintedAlarms, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';

/** `holdfast index rebuild`: a new generation from the vault alone, while searches go on in the old one. */
export async function rebuildIndex(options: GlobalOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const progress = new Progress(options.json === true);
    const index = opened.index();
    const began = performance.now();
    try {
      await index.open();
      const follower = new IndexFollower({ ...opened, index, alarms: new PrintedAlarms() });
      const position = await follower.rebuild(({ documents, segments }) => {
        progress.show(`${count(segments)} segments read, ${count(documents)} events indexed`);
      });
      progress.end();
      const report = { ...follower.counts, generation: position.generation, seconds: Math.round((performance.now() - began) / 10) / 100 };
      print(
        options.json === true,
        report,
        () =>
          `${count(report.documents)} events from ${count(report.segments)} segments are searchable (generation ${report.generation}, ${report.seconds} s).`,
      );
      return EXIT.done;
    } finally {
      await index.close();
    }
  });
}

/** `holdfast index status`: what the index covers and what it does not. */
export async function indexStatus(options: GlobalOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const index = opened.index();
    try {
      const status = await index.open();
      const lag = await indexLag(opened.archive, opened.governance, status.position);
      print(options.json === true, { ...status, lag }, () =>
        [
          `${count(status.documents)} events, ${count(status.unindexed)} of them could not be indexed; generation ${status.position.generation}; tokenizer ${status.tokenizer}.`,
          lag.length === 0
            ? 'Everything that is sealed is searchable.'
            : lag.map(({ chain, segments }) => `${chain}: ${count(segments)} segments are not searchable yet`).join('\n'),
        ].join('\n'),
      );
      return EXIT.done;
    } finally {
      await index.close();
    }
  });
}
