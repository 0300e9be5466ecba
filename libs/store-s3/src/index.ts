export { bucketsOf, checkBuckets, createBuckets, type ArchiveBuckets } from './buckets.js';
export { S3ClaimStore } from './s3-claim-store.js';
export { S3ObjectStore } from './s3-object-store.js';
export { type S3Connection, type S3StoreOptions } from './s3-options.js';
export { checkStore, promisesOf, storeRefusal, type StoreCheckSettings, type StoreCheckTarget } from './store-check/check-store.js';
export { type Leftover, type PromiseGroup, type PromiseReport, type PromiseResult, type StoreReport } from './store-check/report.js';
