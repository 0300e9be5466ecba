import type { Finding, FindingCode } from './findings.js';

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
  /** Thumbprints of the keys that may sign manifests: whoever has one of them is the archive. */
  readonly manifestKeys: readonly string[];
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
  /** Manifests that were taken as given, because a range begins behind them and the log does not prove them. */
  readonly assumed: readonly AssumedManifest[];
  /** What was not checked, and why; each a sentence. */
  readonly skipped: readonly string[];
  /** Per message chain: records and the next offset. */
  readonly partitions: readonly { readonly chain: string; readonly segments: number; readonly records: number; readonly next: string }[];
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  readonly notes: readonly Finding[];
  readonly notesTotal: number;
  /** How many there are of each code, also where not all of them are kept. */
  readonly counts: Readonly<Partial<Record<FindingCode, number>>>;
}

/** A manifest that was not judged, only built upon. */
export interface AssumedManifest {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** Findings and notes kept in the report; all are counted. A damaged archive must not exhaust the verifier's memory. */
export const MAX_KEPT = 1_000;
/** Kept of each code in any case: a thousand of one must not hide the one of another. */
const KEPT_OF_EACH = 50;

/** What a collector holds, as JSON. */
export interface Collected {
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
  readonly skipped: readonly string[];
  readonly partitions: VerifyReport['partitions'];
  readonly assumed: readonly AssumedManifest[];
  readonly counts: Readonly<Record<string, number>>;
  readonly findingsTotal: number;
  readonly notesTotal: number;
  readonly chains: number;
  readonly segments: number;
  readonly records: number;
  readonly recordsOpened: number;
  readonly bytes: number;
}

/** Collects while the verifier walks; memory does not grow with the archive. */
export class Collector {
  readonly findings: Finding[] = [];
  readonly notes: Finding[] = [];
  readonly skipped = new Set<string>();
  readonly partitions: { chain: string; segments: number; records: number; next: string }[] = [];
  readonly assumed: AssumedManifest[] = [];
  readonly counts = new Map<FindingCode, number>();
  findingsTotal = 0;
  notesTotal = 0;
  chains = 0;
  segments = 0;
  records = 0;
  recordsOpened = 0;
  bytes = 0;

  add(found: Finding): void {
    const before = this.counts.get(found.code) ?? 0;
    this.counts.set(found.code, before + 1);
    if (found.severity === 'finding') this.findingsTotal++;
    else this.notesTotal++;
    const kept = found.severity === 'finding' ? this.findings : this.notes;
    if (kept.length < MAX_KEPT || before < KEPT_OF_EACH) kept.push(found);
  }

  /** Takes back a note that something read later has answered. */
  withdraw(code: Finding['code'], place: string): void {
    const at = this.notes.findIndex((note) => note.code === code && note.place === place);
    if (at < 0) return;
    this.notes.splice(at, 1);
    this.notesTotal--;
    this.counts.set(code, (this.counts.get(code) ?? 1) - 1);
  }

  /** All of it, as JSON. */
  state(): Collected {
    const { findings, notes, partitions, assumed, findingsTotal, notesTotal, chains, segments, records, recordsOpened, bytes } = this;
    return {
      findings: [...findings],
      notes: [...notes],
      skipped: [...this.skipped],
      partitions: [...partitions],
      assumed: [...assumed],
      counts: Object.fromEntries(this.counts),
      findingsTotal,
      notesTotal,
      chains,
      segments,
      records,
      recordsOpened,
      bytes,
    };
  }

  /** Takes over what another one has collected. */
  merge(other: Collected): void {
    // What is kept stays bounded; the sums do not come from it.
    const sums = { findings: this.findingsTotal + other.findingsTotal, notes: this.notesTotal + other.notesTotal };
    const counts = new Map(this.counts);
    for (const found of [...other.findings, ...other.notes]) this.add(found);
    this.findingsTotal = sums.findings;
    this.notesTotal = sums.notes;
    for (const [code, count] of Object.entries(other.counts) as [FindingCode, number][]) this.counts.set(code, (counts.get(code) ?? 0) + count);
    for (const sentence of other.skipped) this.skipped.add(sentence);
    this.partitions.push(...other.partitions);
    this.assumed.push(...other.assumed);
    this.chains += other.chains;
    this.segments += other.segments;
    this.records += other.records;
    this.recordsOpened += other.recordsOpened;
    this.bytes += other.bytes;
  }

  report(archive: string, logKey: string, manifestKeys: readonly string[], level: number, log?: LogReport): VerifyReport {
    return {
      ok: this.findingsTotal === 0,
      archive,
      logKey,
      manifestKeys,
      anchored: log?.anchor !== undefined,
      ...(log !== undefined && { log }),
      level,
      chains: this.chains,
      segments: this.segments,
      records: this.records,
      recordsOpened: this.recordsOpened,
      bytes: this.bytes,
      assumed: this.assumed,
      skipped: [...this.skipped],
      partitions: this.partitions,
      findings: this.findings,
      findingsTotal: this.findingsTotal,
      notes: this.notes,
      notesTotal: this.notesTotal,
      counts: Object.fromEntries([...this.counts].filter(([, count]) => count > 0)),
    };
  }
}
