export type { Evidence, StoredState, StoredVersion } from './evidence.js';
export type { Finding, FindingCode } from './findings.js';
export type { VerifyReport } from './report.js';
export { HIGHEST_LEVEL, verifyArchive } from './verify-archive.js';
export type { VerifyOptions } from './verify-archive.js';
