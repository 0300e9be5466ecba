export { ingestConfig, ingestSettings } from './config.js';
export type { IngestConfig } from './config.js';
export { startIngest } from './service.js';
export type { RunningIngest } from './service.js';
