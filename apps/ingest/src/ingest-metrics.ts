import type { AuditCounts, IndexCounts } from '@holdfast/indexing';
import type { SealCounts } from '@holdfast/archiving';
import type { Metrics } from '@holdfast/platform';
import type { Ingest } from './ingest.js';

const SEALED: readonly (readonly [name: `holdfast_${string}_total`, help: string, count: keyof SealCounts])[] = [
  ['holdfast_sealed_records_total', 'Records sealed by this process.', 'records'],
  ['holdfast_sealed_segments_total', 'Segments sealed by this process.', 'segments'],
  ['holdfast_sealed_bytes_total', 'Bytes of content objects sealed by this process.', 'bytes'],
  ['holdfast_lost_claims_total', 'Segments that another writer sealed first.', 'claimsLost'],
];
const INDEXED: readonly (readonly [name: `holdfast_${string}_total`, help: string, count: keyof IndexCounts])[] = [
  ['holdfast_indexed_segments_total', 'Segments indexed by this process.', 'segments'],
  ['holdfast_indexed_documents_total', 'Documents written to the search index by this process.', 'documents'],
  [
    'holdfast_unindexed_documents_total',
    'Documents that the search engine refused: they match nothing and are counted in every result.',
    'unindexed',
  ],
  ['holdfast_unparsed_records_total', 'Records met by this process that could not be read as events; they are sealed as received.', 'unparsed'],
  ['holdfast_mismatched_records_total', 'Records met by this process whose key names another conversation than their content.', 'keyMismatches'],
];

const AUDITED: readonly (readonly [name: `holdfast_${string}_total`, help: string, count: keyof AuditCounts])[] = [
  ['holdfast_index_audit_samples_total', 'Samples of the search index that this process compared with the vault.', 'samples'],
  ['holdfast_index_audit_segments_total', 'Segments of those samples.', 'segments'],
  ['holdfast_index_audit_documents_total', 'Documents of those samples that were compared word by word.', 'documents'],
  ['holdfast_index_audit_findings_total', 'Differences between index and vault that those samples met.', 'findings'],
];

/** The metrics of ingest, read from its roles when they are asked for. */
export function registerIngestMetrics(metrics: Metrics, ingest: Ingest): void {
  if (ingest.seal !== undefined) {
    const { seal } = ingest;
    for (const [name, help, count] of SEALED) {
      metrics.counter(name, help, [], function () {
        this.reset();
        this.inc(seal.worker?.counts[count] ?? 0);
      });
    }
    metrics.gauge('holdfast_held_bytes', 'Bytes of records taken and not yet committed.', [], function () {
      this.set(seal.worker?.bytesHeld ?? 0);
    });
    metrics.gauge(
      'holdfast_partition_lag_records',
      'Offsets between the last record taken and the end of the partition.',
      ['topic', 'partition'],
      function () {
        this.reset();
        for (const { topic, partition, lag } of seal.worker?.status() ?? []) this.set({ topic, partition: String(partition) }, Number(lag));
      },
    );
    metrics.gauge('holdfast_partition_stopped', 'Partitions that cannot go on: 1 for each.', ['topic', 'partition', 'code'], function () {
      this.reset();
      for (const { topic, partition, stopped: code } of seal.worker?.status() ?? []) {
        if (code !== undefined) this.set({ topic, partition: String(partition), code }, 1);
      }
    });
    metrics.gauge('holdfast_last_record_seconds', 'When the last record came, seconds since 1970; 0 before the first.', [], function () {
      this.set((seal.worker?.lastReceived ?? 0) / 1000);
    });
  }
  if (ingest.index !== undefined) {
    const { index } = ingest;
    for (const [name, help, count] of INDEXED) {
      metrics.counter(name, help, [], function () {
        this.reset();
        this.inc(index.follower?.counts[count] ?? 0);
      });
    }
    for (const [name, help, count] of AUDITED) {
      metrics.counter(name, help, [], function () {
        this.reset();
        this.inc(index.auditor?.counts[count] ?? 0);
      });
    }
    metrics.gauge('holdfast_index_lag_segments', 'Segments that are sealed and not searchable yet.', [], function () {
      // Absent while it is unknown: 0 would say that all is well.
      this.reset();
      if (index.lag !== undefined) this.set(index.lag.reduce((sum, { segments }) => sum + segments, 0));
      else this.remove();
    });
  }
}
