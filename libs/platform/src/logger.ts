import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { errorFields } from './error-fields.js';
import type { LogFields } from './log-fields.js';

/**
 * error: a person must act · warn: degraded and self-healing · info: a state change · debug: everything else.
 * The message is a constant; what varies is in the fields.
 */
export interface Logger {
  error(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  /** A logger whose lines all carry `fields`. */
  child(fields: LogFields): Logger;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;

export interface LoggerOptions {
  readonly service: string;
  readonly version: string;
  readonly level: (typeof LOG_LEVELS)[number];
  /** Commands print results on stdout and log to stderr. */
  readonly to: 'stdout' | 'stderr' | DestinationStream;
}

/** Last net under careless fields; the first is that `LogFields` has no name for them. */
const SECRETS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'd', 'k', 'privateKey', 'dataKey'];

export function createLogger({ service, version, level, to }: LoggerOptions): Logger {
  // Written at once: the last lines before a crash are the ones that matter. Per record nothing is logged.
  const destination = typeof to === 'string' ? pino.destination({ dest: to === 'stdout' ? 1 : 2, sync: true }) : to;
  return pino(
    {
      level,
      base: { service, version },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withTextNumbers },
      serializers: { err: errorFields },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}

/** JSON has no 64-bit integers: they are logged as decimal text. */
function withTextNumbers(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]));
}

/** Nest's own lines, in our form. It reports its start step by step, which is `debug`. */
export function nestLogger(logger: Logger): LoggerService {
  const line =
    (level: 'error' | 'warn' | 'debug') =>
    (detail: unknown, ...rest: unknown[]): void => {
      const component = rest.findLast((one) => typeof one === 'string');
      logger[level]({ detail: typeof detail === 'string' ? detail : typeof detail, ...(component === undefined ? {} : { component }) }, 'nest');
    };
  return { log: line('debug'), debug: line('debug'), verbose: line('debug'), warn: line('warn'), error: line('error'), fatal: line('error') };
}
