export { auditConfig, auditSettings } from './config.js';
export type { AuditConfig } from './config.js';
export { startAudit } from './service.js';
export type { RunningAudit } from './service.js';
