import 'reflect-metadata';
import { createLogger, runUntilSignal, startFailure } from '@holdfast/platform';
import type { ExitCode } from '@holdfast/platform';
import { auditConfig } from './config.js';
import { VERSION, startAudit } from './service.js';

async function main(): Promise<ExitCode> {
  const config = auditConfig(process.env);
  const logger = createLogger({ service: 'audit', version: VERSION, level: config.logLevel, to: 'stdout' });
  const { server, audit } = await startAudit(config, logger);
  const ended = runUntilSignal({
    logger,
    close: () => server.close(),
    graceMs: config.shutdownGraceMs,
    whenGraceEnds: () => server.cut(),
    forceMs: config.shutdownForceMs,
  });
  const fatal = audit.fatal.catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  return Promise.race([ended, fatal]);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { text, exitCode } = startFailure(error);
    process.stderr.write(`${text}\n`);
    process.exit(exitCode);
  },
);
