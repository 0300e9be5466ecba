export { ElasticRecordIndex } from './elastic-index.js';
export type { ElasticAuth, ElasticIndexOptions } from './elastic-options.js';
