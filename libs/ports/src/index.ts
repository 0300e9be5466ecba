export type { AlarmCode, Alarms, AlarmSeverity } from './alarms.js';
export type { ClaimStore } from './claim-store.js';
export type { Clock } from './clock.js';
export type { CohortKeys, CohortName, KeyRing, PublicJwk, WrapContext } from './key-ring.js';
export { checkClaimBody, checkLock, checkObjectBody, checkObjectKey, checkRange, MAX_CLAIM_BYTES, MAX_OBJECT_BYTES } from './object-limits.js';
export type { ByteRange, Lock, LockMode, ObjectKey, ObjectState, ObjectStore, ObjectVersion, VersionId } from './object-store.js';
export { orderOf } from './index-order.js';
export { boundedSentAt, refusal } from './index-refusal.js';
export { checkPublishable } from './publishable.js';
export type {
  NewRecord,
  PartitionHandler,
  RecordBatch,
  RecordSink,
  RecordSource,
  StartAt,
  Subscription,
  TopicPartition,
  Uncompared,
  Watermarks,
} from './record-source.js';
export type {
  DocumentDifference,
  IndexDocument,
  IndexFailure,
  IndexStatus,
  RecordIndex,
  SearchPage,
  SearchRequest,
  SearchHit,
  Position,
} from './record-index.js';
export { SourceLostError } from './source-lost.js';
export type { NoTimestamp, Timestamp, TimestampAuthority, TimestampCheck } from './timestamp-authority.js';
export type { Witness, WitnessAnswer } from './witness.js';
