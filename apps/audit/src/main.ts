import 'reflect-metadata';
import { runService } from '@holdfast/platform';
import { auditConfig } from './config.js';
import { VERSION, startAudit } from './service.js';

const exitCode = await runService({
  name: 'audit',
  version: VERSION,
  config: () => auditConfig(process.env),
  start: async (config, logger) => {
    const { server, audit } = await startAudit(config, logger);
    return { server, fatal: audit.fatal };
  },
});
process.exit(exitCode);
