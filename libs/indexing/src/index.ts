export { documentsOf } from './documents.js';
export type { RecordPlace } from './documents.js';
export { IndexFollower, indexLag } from './index-follower.js';
export type { IndexCounts, IndexFollowerOptions } from './index-follower.js';
