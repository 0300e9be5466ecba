import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import type { Logger } from './logger.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/** The events of a process that matter here; `process` is one. */
export interface ProcessEvents {
  on(event: string, listener: (reason: unknown) => void): unknown;
  off(event: string, listener: (reason: unknown) => void): unknown;
}

export interface ShutdownOptions {
  readonly logger: Logger;
  /** Stop intake → finish the batch in flight → win the claim → commit offsets → close clients. */
  readonly close: () => Promise<void>;
  /** After this long `whenGraceEnds` is called: work in flight is given up. Redelivery is harmless. */
  readonly graceMs: number;
  readonly whenGraceEnds: () => void;
  /** After this long, counted from the signal, the process ends as it is. Must be longer than the grace. */
  readonly forceMs: number;
  readonly events?: ProcessEvents;
}

/**
 * Waits for a signal, shuts down in order, and resolves with the exit code; the caller exits. A second signal, a deadline
 * or a fault nobody caught ends at once: every durable step survives a kill, so ending is always safe.
 */
export function runUntilSignal(options: ShutdownOptions): Promise<ExitCode> {
  const { logger, close, graceMs, whenGraceEnds, forceMs, events = process } = options;
  if (forceMs <= graceMs) throw new TypeError('the force deadline must be after the grace deadline');
  const timers: NodeJS.Timeout[] = [];
  const listeners: (readonly [event: string, listener: (reason: unknown) => void])[] = [];
  const ended = new Promise<ExitCode>((resolve) => {
    let closing = false;
    const stop = (signal: string): void => {
      if (closing) {
        logger.warn({ signal }, 'second signal, ending at once');
        resolve(EXIT.failed);
        return;
      }
      closing = true;
      logger.info({ signal }, 'shutting down');
      timers.push(
        setTimeout(() => {
          logger.warn({ durationMs: graceMs }, 'grace is over, giving up work in flight');
          whenGraceEnds();
        }, graceMs),
        setTimeout(() => {
          logger.error({ durationMs: forceMs }, 'forced to end before everything was closed');
          resolve(EXIT.failed);
        }, forceMs),
      );
      close().then(
        () => {
          logger.info({}, 'stopped');
          resolve(EXIT.done);
        },
        (error: unknown) => {
          logger.error({ err: error }, 'shutdown failed');
          resolve(EXIT.failed);
        },
      );
    };
    for (const signal of SIGNALS) listeners.push([signal, () => stop(signal)]);
    for (const fault of FAULTS) {
      listeners.push([
        fault,
        (reason) => {
          logger.error({ err: reason, reason: fault }, 'fault nobody caught');
          resolve(EXIT.failed);
        },
      ]);
    }
    for (const [event, listener] of listeners) events.on(event, listener);
  });
  return ended.finally(() => {
    timers.forEach(clearTimeout);
    for (const [event, listener] of listeners) events.off(event, listener);
  });
}
