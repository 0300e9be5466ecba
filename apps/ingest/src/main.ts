import 'reflect-metadata';
import { createLogger, runUntilSignal, startFailure } from '@holdfast/platform';
import type { ExitCode } from '@holdfast/platform';
import { ingestConfig } from './config.js';
import { VERSION, startIngest } from './service.js';

async function main(): Promise<ExitCode> {
  const config = ingestConfig(process.env);
  const logger = createLogger({ service: 'ingest', version: VERSION, level: config.logLevel, to: 'stdout' });
  const { server, ingest } = await startIngest(config, logger);
  const ended = runUntilSignal({
    logger,
    close: () => server.close(),
    graceMs: config.shutdownGraceMs,
    whenGraceEnds: () => server.cut(),
    forceMs: config.shutdownForceMs,
  });
  const fatal = ingest.fatal.catch(async (error: unknown) => {
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
