import type { PublicKey } from '@holdfast/seal';
import type { BundleReport } from './bundle/bundle-report.js';
import type { Sentence } from './bundle/bundle-sentences.js';
import type { FindingText } from './finding-texts/finding-text.js';
import { textOfFinding } from './finding-texts/text-of-finding.js';
import type { FindingCode } from './findings.js';
import type { VerifyReport } from './report.js';
import { summaryOf } from './summary.js';

export const REPORT_FORMAT = 'holdfast-report/1';
/** `typ` of a signed report. */
export const REPORT_TYP = 'holdfast-report';

/** What the verifier was asked for, and whom he believed. */
export interface Asked {
  readonly level?: number;
  /** As on the command line; absent: all. */
  readonly chains?: string;
  readonly archiveId?: string;
  /** SHA-256 of the policy file, hex. */
  readonly policy?: string;
  /** SHA-256 of each checkpoint that he brought, hex. */
  readonly checkpoints: readonly string[];
  readonly claims?: boolean;
  /** SHA-256 of the evidence bundle, hex; absent: an archive was judged. */
  readonly bundle?: string;
}

/** A report to keep, to send and to sign: with the texts of its findings, so that it explains itself in ten years. */
export interface ReportDocument {
  readonly format: typeof REPORT_FORMAT;
  /** When it was made, RFC 3339. */
  readonly time: string;
  /** What made it. */
  readonly software: string;
  readonly asked: Asked;
  /** Whole seconds. */
  readonly seconds: number;
  readonly summary: readonly Sentence[];
  readonly report: VerifyReport | BundleReport;
  readonly texts: Readonly<Partial<Record<FindingCode, FindingText>>>;
  /** The public half of the key that signs it. */
  readonly signer?: PublicKey;
}

export function reportDocument(
  report: VerifyReport | BundleReport,
  made: Pick<ReportDocument, 'time' | 'software' | 'asked' | 'seconds'> & { readonly signer?: PublicKey },
): ReportDocument {
  const { time, software, asked, seconds, signer } = made;
  const texts = textsOf([...report.findings, ...report.notes]);
  return {
    format: REPORT_FORMAT,
    time,
    software,
    asked,
    seconds,
    summary: 'proven' in report ? ofBundle(report) : summaryOf(report),
    report,
    texts,
    ...(signer !== undefined && { signer }),
  };
}

/** What a bundle does not prove must not read as if it did. */
function ofBundle({ proven, notProven }: BundleReport): Sentence[] {
  return [
    ...notProven.map(({ en, zh }) => ({ en: `Not proven: ${en}`, zh: `未证明：${zh}` })),
    ...proven.map(({ en, zh }) => ({ en: `Proven: ${en}`, zh: `已证明：${zh}` })),
  ];
}

/** The texts of the codes that occur. */
export function textsOf(found: readonly { readonly code: FindingCode }[]): Partial<Record<FindingCode, FindingText>> {
  return Object.fromEntries(found.map(({ code }) => [code, textOfFinding(code)]));
}
