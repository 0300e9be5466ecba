import type { Metrics } from '@holdfast/platform';
import type { NotaryRole } from './notary-role.js';

/** The metrics of the role notary, read from it when they are asked for. */
export function registerNotaryMetrics(metrics: Metrics, role: NotaryRole): void {
  metrics.gauge('holdfast_log_size', 'Entries of the transparency log as this notary has read it.', [], function () {
    this.set(role.notary?.size ?? 0);
  });
  metrics.gauge('holdfast_log_checkpoint_size', 'Entries that the newest checkpoint covers.', [], function () {
    this.set(role.notary?.published ?? 0);
  });
  metrics.gauge('holdfast_log_tick_seconds', 'When the last tick was, seconds since 1970; 0 before the first.', [], function () {
    this.set((role.notary?.ticked ?? 0) / 1000);
  });
  metrics.gauge('holdfast_log_anchor_seconds', 'When somebody outside has signed last, seconds since 1970; 0 when nobody has.', [], function () {
    this.set((role.notary?.anchoredAt ?? 0) / 1000);
  });
  metrics.gauge('holdfast_log_stopped_chains', 'Chains that the log takes nothing more of, because a manifest does not verify.', [], function () {
    this.set(role.notary?.stoppedChains.length ?? 0);
  });
  metrics.counter('holdfast_log_batches_total', 'Batches that this process has brought into the log.', [], function () {
    this.reset();
    this.inc(role.notary?.counts.batches ?? 0);
  });
  metrics.counter('holdfast_log_checkpoints_total', 'Checkpoints that this process has signed.', [], function () {
    this.reset();
    this.inc(role.notary?.counts.checkpoints ?? 0);
  });
  metrics.counter('holdfast_log_lost_claims_total', 'Batches of this process whose number another notary won.', [], function () {
    this.reset();
    this.inc(role.notary?.counts.claimsLost ?? 0);
  });
}
