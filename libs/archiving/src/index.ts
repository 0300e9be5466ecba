export { Classifier } from './classify.js';
export type { Classified } from './classify.js';
export { chainsOf } from './epochs.js';
export { importRecords, importStarted } from './import-records.js';
export type { ImportFile, ImportOutcome, ImportParts } from './import-records.js';
export { SEAL_LIMITS, segmentAge } from './limits.js';
export type { SealLimits } from './limits.js';
export { SealWorker } from './seal-worker.js';
export type { PartitionStatus, SealCounts, SealWorkerOptions } from './seal-worker.js';
