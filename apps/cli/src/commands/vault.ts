import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { compareVaults, copyVault } from '@holdfast/vault';
import type { Comparison, CopyFinding, CopyReport } from '@holdfast/vault';
import { withCopy } from '../copy-stores.js';
import type { CopyPlaces } from '../copy-stores.js';
import { EXIT, Progress, count, print } from '../output.js';
import { untilSignal } from '../until-signal.js';

export interface CompareCommandOptions extends CopyPlaces {
  readonly deep?: boolean;
  readonly before?: string;
}

const clock = { now: () => new Date() };

/** `holdfast vault copy`: brings the second copy up to the archive; exits 1 when something could not be copied. */
export async function copy(options: CopyPlaces): Promise<number> {
  return withCopy(options, true, async (source, there) => {
    const progress = new Progress(options.json === true);
    const report = await untilSignal((signal) =>
      copyVault(source, there, {
        crypto: nodeCrypto,
        clock,
        signal,
        ...(options.withClaims === true && { claims: true }),
        onProgress: ({ looked, copied, bytes, place }) => {
          progress.show(`${count(looked)} versions looked at, ${count(copied)} copied (${megabytes(bytes)}), at ${place}`);
        },
      }),
    ).finally(() => {
      progress.end();
    });
    print(options.json === true, report, () => textOfCopy(report));
    return report.findingsTotal === 0 ? EXIT.done : EXIT.findings;
  });
}

/** `holdfast vault compare`: exits 1 when the copy is not what the archive is. */
export async function compare(options: CompareCommandOptions): Promise<number> {
  const before = options.before === undefined ? undefined : timeOf(options.before);
  return withCopy(options, false, async (source, there) => {
    const progress = new Progress(options.json === true);
    const comparison = await untilSignal((signal) =>
      compareVaults(source, there, {
        crypto: nodeCrypto,
        clock,
        signal,
        ...(options.deep === true && { deep: true }),
        ...(options.withClaims === true && { claims: true }),
        ...(before !== undefined && { before }),
        onProgress: ({ looked, findings, place }) => {
          progress.show(`${count(looked)} versions compared, ${count(findings)} findings, at ${place}`);
        },
      }),
    ).finally(() => {
      progress.end();
    });
    print(options.json === true, comparison, () => textOfComparison(comparison));
    return comparison.ok ? EXIT.done : EXIT.findings;
  });
}

function timeOf(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(time.getTime()))
    throw new HoldfastError('bad_configuration', `--before is a time such as 2026-03-01T00:00:00Z, not ${JSON.stringify(text)}.`);
  return time;
}

const MOST_SHOWN = 50;

function textOfCopy(report: CopyReport): string {
  return [
    `Archive   ${report.archive}`,
    `As of     ${report.asOf}`,
    `Copied    ${count(report.copied)} of ${count(report.looked)} versions (${megabytes(report.bytes)}); ${count(report.relocked)} locks made longer, ${count(report.held)} holds set, ${count(report.claims)} claims made`,
    ...leftOut(report),
    ...(report.later > 0 ? [`Later     ${count(report.later)} versions were stored while it ran: the next run takes them`] : []),
    ...findingsOf(report),
    report.findingsTotal === 0
      ? 'The copy has everything. "holdfast vault compare" looks at both sides, with --deep at every byte.'
      : 'The copy lacks what is named above.',
  ].join('\n');
}

function textOfComparison(comparison: Comparison): string {
  return [
    `Archive   ${comparison.archive}`,
    `Compared  ${count(comparison.looked)} versions stored until ${comparison.before}${comparison.deep ? ', every byte on both sides' : '; contents over 64 KiB by name and size (every byte: --deep)'}`,
    ...leftOut(comparison),
    ...(comparison.later > 0 ? [`Later     ${count(comparison.later)} versions were stored since, and were not judged`] : []),
    ...(comparison.notesTotal > 0 ? [`Notes (${count(comparison.notesTotal)}):`, ...comparison.notes.slice(0, MOST_SHOWN).map(line)] : []),
    ...findingsOf(comparison),
    comparison.ok ? 'No findings: the copy is what the archive is.' : 'The copy is not what the archive is.',
  ].join('\n');
}

function leftOut({ markers, probes }: { readonly markers: number; readonly probes: number }): string[] {
  return markers + probes === 0 ? [] : [`Left out  ${count(markers)} delete markers, ${count(probes)} probes of store-check`];
}

function findingsOf({ findings, findingsTotal }: { readonly findings: readonly CopyFinding[]; readonly findingsTotal: number }): string[] {
  return findingsTotal === 0 ? [] : [`FINDINGS (${count(findingsTotal)}):`, ...findings.slice(0, MOST_SHOWN).map(line)];
}

function line({ code, place, message }: CopyFinding<string>): string {
  return `  ${code}  ${place}\n      ${message}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;
}
