import { randomInt } from 'node:crypto';
import type { OpenedArchive } from '@holdfast/assembly';
import { IndexFollower, attestIndex, indexLag, recordAttestation } from '@holdfast/indexing';
import type { AttestReport, ChainRange } from '@holdfast/indexing';
import { HoldfastError } from '@holdfast/record';
import { EXIT, Progress, count, print } from '../output.js';
import { PrintedAlarms, withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';
import { untilSignal } from '../until-signal.js';

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
          ...(status.failure === undefined
            ? []
            : [`It has differed from the vault since ${status.failure.since} (${count(status.failure.findings)} findings); searches say so.`]),
        ].join('\n'),
      );
      return EXIT.done;
    } finally {
      await index.close();
    }
  });
}

export interface AttestCommandOptions extends GlobalOptions {
  readonly chains?: string;
  readonly sample?: number;
  readonly seed?: number;
}

/**
 * `holdfast index attest`: compares the index with the vault, both ways, and stores what came of it in the index: findings mark
 * every search until an attestation of everything is clean, or a rebuild.
 */
export async function attestIndexCommand(options: AttestCommandOptions): Promise<number> {
  const { sample, chains, json } = options;
  const work = async (opened: OpenedArchive, signal: AbortSignal): Promise<number> => {
    const progress = new Progress(json === true);
    const index = opened.index();
    const began = performance.now();
    try {
      await index.open();
      const report = await attestIndex({
        ...opened,
        index,
        signal,
        ...(chains !== undefined && { chains: chains.split(',').map(chainRange) }),
        ...(sample !== undefined && { sample: { segments: sample, seed: options.seed ?? randomInt(2 ** 32) } }),
        onProgress: ({ chain, segments, documents, findings }) => {
          progress.show(`${chain}: ${count(segments)} segments, ${count(documents)} documents, ${count(findings)} findings`);
        },
      });
      const failure = await recordAttestation(index, report, opened.archive.clock.now());
      progress.end();
      const seconds = Math.round((performance.now() - began) / 10) / 100;
      print(json === true, { ...report, marked: failure ?? null, seconds }, () => textOf(report, failure !== undefined, seconds));
      return report.ok && !report.stopped ? EXIT.done : EXIT.findings;
    } finally {
      await index.close();
    }
  };
  // Once: told where it stopped. Twice: at once.
  return withArchive(options, {}, (opened) => untilSignal((signal) => work(opened, signal)));
}

/** `CHAIN`, `CHAIN:FROM-`, or `CHAIN:FROM-TO`. */
function chainRange(text: string): ChainRange {
  const [, chain, from, to] = /^([^:]+)(?::(\d+)-(\d*))?$/.exec(text.trim()) ?? [];
  if (chain === undefined) throw new HoldfastError('bad_request', `${JSON.stringify(text)} is no chain: CHAIN, or CHAIN:FROM-TO.`);
  return { chain, ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && to !== '' && { to: Number(to) }) };
}

const MOST_SHOWN = 50;

function textOf(report: AttestReport, marked: boolean, seconds: number): string {
  const { segments, documents, compared, findings, findingsTotal, unreadable, stopped, whole, seed } = report;
  return [
    `Compared ${count(segments)} segments, ${count(documents)} documents (${count(compared)} word by word), ${seconds} s${seed === undefined ? '' : `, sample ${seed}`}.`,
    ...(findingsTotal === 0 ? ['No findings: the index holds what was sealed and nothing else.'] : [`FINDINGS (${count(findingsTotal)}):`]),
    ...findings.slice(0, MOST_SHOWN).map(({ code, place, message }) => `  ${code}  ${place}\n      ${message}`),
    ...unreadable.map(({ place, message }) => `Not compared: ${place}: ${message} Run "holdfast verify".`),
    ...(stopped ? ['Stopped; it goes on with --chains ' + report.done.map(({ chain, to }) => `${chain}:${to}-`).join(',')] : []),
    ...(marked ? ['Search results are marked until "holdfast index rebuild", or until an attestation of everything is clean.'] : []),
    ...(whole || stopped ? [] : ['Only a part was compared.']),
  ].join('\n');
}
