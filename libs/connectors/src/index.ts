export { recordOfEnvelope } from './envelope-record.js';
export type { Capture } from './envelope-record.js';
export type { Importer, ImportOptions, ImportSummary } from './importer.js';
export { openSlackExport } from './slack/slack-export.js';
export type { SlackImportOptions } from './slack/slack-export.js';
export { syntheticEvents } from './synthetic/synthetic-events.js';
export type { SyntheticOptions } from './synthetic/synthetic-events.js';
export { ZIP_LIMITS } from './zip/zip-archive.js';
export type { ZipLimits } from './zip/zip-archive.js';
