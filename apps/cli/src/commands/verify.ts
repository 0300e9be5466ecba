import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { HIGHEST_LEVEL, verifyArchive } from '@holdfast/verify';
import type { Finding, VerifyReport } from '@holdfast/verify';
import { withEvidence } from '../evidence.js';
import { EXIT, Progress, count, print } from '../output.js';
import type { GlobalOptions } from '../session.js';

export interface VerifyCommandOptions extends GlobalOptions {
  readonly level?: number;
  readonly archiveId?: string;
  readonly withoutClaims?: boolean;
}

/** `holdfast verify`: judges the archive with read access only; exits 1 with findings. */
export async function verify(options: VerifyCommandOptions): Promise<number> {
  const level = options.level ?? HIGHEST_LEVEL;
  if (!Number.isInteger(level) || level < 1 || level > 8) throw new HoldfastError('bad_configuration', '--level is a number from 1 to 8.');
  return withEvidence(options, async (evidence) => {
    const progress = new Progress(options.json === true);
    const began = performance.now();
    const report = await verifyArchive(evidence, {
      crypto: nodeCrypto,
      level,
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

function textOf(report: VerifyReport, seconds: number): string {
  const line = ({ code, place, message }: Finding): string => `  ${code}  ${place}\n      ${message}`;
  const lines = [
    `Archive   ${report.archive}`,
    `Log key   ${report.logKey}`,
    `Checked   ${count(report.chains)} chains, ${count(report.segments)} segments, ${count(report.records)} records (${count(report.recordsOpened)} opened), ${seconds.toFixed(1)} s, level ${report.level}`,
    ...report.skipped.map((sentence) => `Not checked: ${sentence}`),
  ];
  const notes = report.notes.filter(({ code }) => code !== 'NOT_ANCHORED');
  if (notes.length > 0) lines.push(`Notes (${count(report.notesTotal)}):`, ...notes.slice(0, MOST_SHOWN).map(line));
  if (report.findingsTotal > 0) {
    lines.push(`FINDINGS (${count(report.findingsTotal)}):`, ...report.findings.slice(0, MOST_SHOWN).map(line));
    lines.push('The archive is not what was sealed. Keep it as it is, and compare with a copy.');
  } else {
    lines.push('No findings: everything that was checked is as it was sealed.');
    lines.push('Not anchored: self-consistent only. Compare the archive id and the log key with what you hold from elsewhere.');
  }
  return lines.join('\n');
}
