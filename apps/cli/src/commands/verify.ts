import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { HIGHEST_LEVEL, verifyArchive } from '@holdfast/verify';
import type { Finding, VerifyReport } from '@holdfast/verify';
import { anchorsOf } from '../anchors.js';
import { withEvidence } from '../evidence.js';
import { EXIT, Progress, count, print } from '../output.js';
import type { GlobalOptions } from '../session.js';
import { verifyBundleFile } from './verify-bundle.js';

export interface VerifyCommandOptions extends GlobalOptions {
  readonly bundle?: string;
  readonly level?: number;
  readonly archiveId?: string;
  readonly withoutClaims?: boolean;
  readonly policy?: string;
  readonly checkpoint?: readonly string[];
  readonly disclose?: string;
}

/** `holdfast verify`: judges the archive with read access only, or a bundle with nothing else; exits 1 with findings. */
export async function verify(options: VerifyCommandOptions): Promise<number> {
  const level = options.level ?? HIGHEST_LEVEL;
  if (!Number.isInteger(level) || level < 1 || level > 8) throw new HoldfastError('bad_configuration', '--level is a number from 1 to 8.');
  const anchors = await anchorsOf(options);
  if (options.bundle !== undefined) return verifyBundleFile(options.bundle, options, anchors);
  if (options.disclose !== undefined) throw new HoldfastError('bad_configuration', '--disclose goes with --bundle.');
  return withEvidence(options, async (evidence) => {
    const progress = new Progress(options.json === true);
    const began = performance.now();
    const report = await verifyArchive(evidence, {
      crypto: nodeCrypto,
      level,
      anchors,
      ...(options.archiveId !== undefined && { archiveId: options.archiveId }),
      onProgress: ({ chain, segments, records, findings }) => {
        progress.show(`${chain}: ${count(segments)} segments, ${count(records)} records, ${count(findings)} findings`);
      },
    });
    progress.end();
    const seconds = (performance.now() - began) / 1000;
    print(options.json === true, { ...report, seconds: Math.round(seconds * 100) / 100 }, () => textOf(report, seconds));
    return report.ok ? EXIT.done : EXIT.findings;
  });
}

const MOST_SHOWN = 50;

export function lineOf({ code, place, message }: Finding): string {
  return `  ${code}  ${place}\n      ${message}`;
}

function textOf(report: VerifyReport, seconds: number): string {
  const lines = [
    `Archive   ${report.archive}`,
    `Log key   ${report.logKey}`,
    `Checked   ${count(report.chains)} chains, ${count(report.segments)} segments, ${count(report.records)} records (${count(report.recordsOpened)} opened), ${seconds.toFixed(1)} s, level ${report.level}`,
    ...logLines(report),
    ...report.skipped.map((sentence) => `Not checked: ${sentence}`),
  ];
  const notes = report.notes.filter(({ code }) => code !== 'NOT_ANCHORED');
  if (notes.length > 0) lines.push(`Notes (${count(report.notesTotal)}):`, ...notes.slice(0, MOST_SHOWN).map(lineOf));
  if (report.findingsTotal > 0) {
    lines.push(`FINDINGS (${count(report.findingsTotal)}):`, ...report.findings.slice(0, MOST_SHOWN).map(lineOf));
    lines.push('The archive is not what was sealed. Keep it as it is, and compare with a copy.');
  } else {
    lines.push('No findings: everything that was checked is as it was sealed.');
    if (!report.anchored) lines.push('Not anchored: self-consistent only. Compare the archive id and the log key with what you hold from elsewhere.');
  }
  return lines.join('\n');
}

/** What the log adds: who else holds it, and how much nobody else holds yet. */
function logLines({ log }: VerifyReport): string[] {
  if (log === undefined) return [];
  const { anchor, tail, younger } = log;
  const part = ({ segments, records }: { readonly segments: number; readonly records: number }): string =>
    `${count(segments)} segments, ${count(records)} records`;
  const holders = anchor === undefined ? [] : [...anchor.witnesses, ...anchor.authorities, ...(anchor.brought ? ['a checkpoint of yours'] : [])];
  return [
    `Log       ${count(log.size)} entries in ${count(log.batches)} batches, signed up to ${count(log.signed)}${log.time === undefined ? '' : `, newest tick ${log.time}`}`,
    ...(anchor === undefined ? [] : [`Anchored  up to ${count(anchor.size)} entries, ${anchor.time}, by ${holders.join(', ')}`]),
    `Younger   ${part(younger)} are younger than what others hold; of them ${part(tail)} are not in the log yet`,
  ];
}
