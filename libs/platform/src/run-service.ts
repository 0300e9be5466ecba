import { startFailure } from './exit.js';
import type { ExitCode } from './exit.js';
import type { LoggerOptions } from './logger.js';
import { createLogger } from './logger.js';
import type { Logger } from './logger.js';
import type { RunningServer } from './server.js';
import { runUntilSignal } from './shutdown.js';
import type { ProcessEvents } from './shutdown.js';

/** Settings that every service has. */
export interface ServiceConfig {
  readonly logLevel: LoggerOptions['level'];
  readonly shutdownGraceMs: number;
  readonly shutdownForceMs: number;
}

export interface ServiceProgram<C extends ServiceConfig> {
  readonly name: string;
  readonly version: string;
  /** Reads the environment. @throws HoldfastError `bad_configuration` */
  readonly config: () => C;
  /** `fatal` rejects when the service cannot go on and waiting would not help. */
  readonly start: (config: C, logger: Logger) => Promise<{ readonly server: Pick<RunningServer, 'close' | 'cut'>; readonly fatal: Promise<never> }>;
  readonly events?: ProcessEvents;
  /** Where a failure is told; default stderr. */
  readonly tell?: (text: string) => void;
}

/** A service from its configuration to its end: resolves with the exit code, never rejects. */
export async function runService<C extends ServiceConfig>(program: ServiceProgram<C>): Promise<ExitCode> {
  const tell =
    program.tell ??
    ((text: string): void => {
      process.stderr.write(text);
    });
  try {
    const config = program.config();
    const logger = createLogger({ service: program.name, version: program.version, level: config.logLevel, to: 'stdout' });
    const { server, fatal } = await program.start(config, logger);
    const ended = runUntilSignal({
      logger,
      close: () => server.close(),
      graceMs: config.shutdownGraceMs,
      whenGraceEnds: () => server.cut(),
      forceMs: config.shutdownForceMs,
      ...(program.events !== undefined && { events: program.events }),
    });
    const closed = fatal.catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
    return await Promise.race([ended, closed]);
  } catch (error) {
    const { text, exitCode } = startFailure(error);
    tell(`${text}\n`);
    return exitCode;
  }
}
