import 'reflect-metadata';
import { runService } from '@holdfast/platform';
import { ingestConfig } from './config.js';
import { VERSION, startIngest } from './service.js';

const exitCode = await runService({
  name: 'ingest',
  version: VERSION,
  config: () => ingestConfig(process.env),
  start: async (config, logger) => {
    const { server, ingest } = await startIngest(config, logger);
    return { server, fatal: ingest.fatal };
  },
});
process.exit(exitCode);
