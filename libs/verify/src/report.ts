import type { Finding } from './findings.js';

/** What a run of the verifier saw. */
export interface VerifyReport {
  /** True when there is no finding (notes do not count). */
  readonly ok: boolean;
  /** Archive id, hex; empty when there is no readable genesis. */
  readonly archive: string;
  /** RFC 7638 thumbprint of the log key, to compare by hand. */
  readonly logKey: string;
  /** True only when a policy was given and a checkpoint under it covers everything. */
  readonly anchored: boolean;
  readonly level: number;
  readonly chains: number;
  readonly segments: number;
  readonly records: number;
  /** Records whose content was decrypted and re-hashed. */
  readonly recordsOpened: number;
  readonly bytes: number;
  /** What was not checked, and why; each a sentence. */
  readonly skipped: readonly string[];
  /** Per message chain: records and the next offset. */
  readonly partitions: readonly { readonly chain: string; readonly segments: number; readonly records: number; readonly next: string }[];
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  readonly notes: readonly Finding[];
  readonly notesTotal: number;
}

/** Findings and notes kept in the report; all are counted. A damaged archive must not exhaust the verifier's memory. */
export const MAX_KEPT = 1_000;

/** Collects while the verifier walks; memory does not grow with the archive. */
export class Collector {
  readonly findings: Finding[] = [];
  readonly notes: Finding[] = [];
  readonly skipped = new Set<string>();
  readonly partitions: { chain: string; segments: number; records: number; next: string }[] = [];
  findingsTotal = 0;
  notesTotal = 0;
  chains = 0;
  segments = 0;
  records = 0;
  recordsOpened = 0;
  bytes = 0;

  add(found: Finding): void {
    if (found.severity === 'finding') {
      this.findingsTotal++;
      if (this.findings.length < MAX_KEPT) this.findings.push(found);
    } else {
      this.notesTotal++;
      if (this.notes.length < MAX_KEPT) this.notes.push(found);
    }
  }

  report(archive: string, logKey: string, level: number): VerifyReport {
    return {
      ok: this.findingsTotal === 0,
      archive,
      logKey,
      anchored: false,
      level,
      chains: this.chains,
      segments: this.segments,
      records: this.records,
      recordsOpened: this.recordsOpened,
      bytes: this.bytes,
      skipped: [...this.skipped],
      partitions: this.partitions,
      findings: this.findings,
      findingsTotal: this.findingsTotal,
      notes: this.notes,
      notesTotal: this.notesTotal,
    };
  }
}
