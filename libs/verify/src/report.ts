import type { Finding } from './findings.js';

/** What was seen of the transparency log. */
export interface LogReport {
  /** Entries. */
  readonly size: number;
  readonly batches: number;
  /** Time of the newest tick, RFC 3339. */
  readonly time?: string;
  /** Size of the newest checkpoint that the log has signed; 0 for none. */
  readonly signed: number;
  /** The newest checkpoint that a quorum of witnesses, a time-stamp authority of the policy, or the verifier himself holds. */
  readonly anchor?: {
    readonly size: number;
    /** Time of the newest tick under it. */
    readonly time: string;
    readonly witnesses: readonly string[];
    readonly authorities: readonly string[];
    readonly brought: boolean;
  };
  /** Committed manifests, and their records, that the log does not have yet. */
  readonly tail: { readonly segments: number; readonly records: number };
  /** Those that are younger than the newest anchor: chained and signed, but a holder of the keys could still write them anew. */
  readonly younger: { readonly segments: number; readonly records: number };
}

/** What a run of the verifier saw. */
export interface VerifyReport {
  /** True when there is no finding (notes do not count). */
  readonly ok: boolean;
  /** Archive id, hex; empty when there is no readable genesis. */
  readonly archive: string;
  /** RFC 7638 thumbprint of the log key, to compare by hand. */
  readonly logKey: string;
  /** True when the log is consistent with a checkpoint that the verifier has a reason to believe in; `log` says how much is younger. */
  readonly anchored: boolean;
  /** Absent below level 2. */
  readonly log?: LogReport;
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

  /** Takes back a note that something read later has answered. */
  withdraw(code: Finding['code'], place: string): void {
    const at = this.notes.findIndex((note) => note.code === code && note.place === place);
    if (at < 0) return;
    this.notes.splice(at, 1);
    this.notesTotal--;
  }

  report(archive: string, logKey: string, level: number, log?: LogReport): VerifyReport {
    return {
      ok: this.findingsTotal === 0,
      archive,
      logKey,
      anchored: log?.anchor !== undefined,
      ...(log !== undefined && { log }),
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
