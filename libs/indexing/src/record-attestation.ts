import type { IndexFailure, RecordIndex } from '@holdfast/ports';
import type { AttestReport } from './attest-index.js';

/**
 * Stores what came of an attestation in the index, where every search finds it: findings mark it as failed; only a whole
 * attestation without any takes a mark away, and only the mark that stood when it began (a sample may have found something
 * meanwhile that the whole one had passed already).
 * @returns the mark that stands now
 */
export async function recordAttestation(index: RecordIndex, report: AttestReport, now: Date): Promise<IndexFailure | undefined> {
  const { failure: standing, position } = await index.status();
  // Of another build of the index it says nothing.
  if (position.generation !== report.generation) return standing;
  if (report.findingsTotal > 0) {
    const failure = {
      since: standing?.since ?? now.toISOString(),
      findings: report.whole ? report.findingsTotal : Math.max(report.findingsTotal, standing?.findings ?? 0),
    };
    if (failure.since !== standing?.since || failure.findings !== standing.findings) await index.mark(failure);
    return failure;
  }
  if (!report.ok || !report.whole || standing === undefined) return standing;
  if (standing.since !== report.failure?.since || standing.findings !== report.failure.findings) return standing;
  await index.mark(undefined);
  return undefined;
}
