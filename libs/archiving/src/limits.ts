/** When segments close and how much is held. */
export interface SealLimits {
  /** Bytes of records as received. */
  readonly segmentBytes: number;
  readonly segmentRecords: number;
  /** Cohorts of one segment: each takes about 1.4 KB of the manifest, which must stay below 64 KiB. */
  readonly segmentObjects: number;
  /** A segment closes at this age while a worker has at most 8 active partitions, milliseconds. */
  readonly segmentAgeMs: number;
  /** … and at most at this age when it has more (requests cost money). */
  readonly segmentAgeMaxMs: number;
  /** Segments of one partition whose PUTs are under way. */
  readonly segmentsInFlight: number;
  /** Bytes that all partitions of the worker may hold. */
  readonly budgetBytes: number;
}

/** The figures of the design, section 4.4; a deployment may override them. */
export const SEAL_LIMITS: SealLimits = {
  segmentBytes: 16 * 1024 * 1024,
  segmentRecords: 16_000,
  segmentObjects: 24,
  segmentAgeMs: 2_000,
  segmentAgeMaxMs: 30_000,
  segmentsInFlight: 3,
  budgetBytes: 96 * 1024 * 1024,
};

const CALM_PARTITIONS = 8;

/** Age at which a segment closes while `active` partitions receive records. */
export function segmentAge(limits: SealLimits, active: number): number {
  return Math.min(limits.segmentAgeMaxMs, limits.segmentAgeMs * Math.max(1, active / CALM_PARTITIONS));
}
