import { HoldfastError } from '@holdfast/record';
import { setTimeout as delay } from 'node:timers/promises';

/** What may be known of a failed call: never the request, the query or the answer's text. */
export interface Failure {
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** Elasticsearch's exception type, or the name of the client's error class. */
  readonly type: string;
}

// Types are identifiers; anything else could carry text of a query.
const TYPE = /^[A-Za-z_]{1,100}$/;

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function typeOf(value: unknown): string {
  return typeof value === 'string' && TYPE.test(value) ? value : 'unknown';
}

/** Reads status and type off an error of the client, which itself carries query and payload in every redaction mode. */
export function failureOf(error: unknown): Failure {
  const meta = field(error, 'meta');
  const status = field(meta, 'statusCode');
  const cause = field(field(meta, 'body'), 'error');
  // 0 is the client's word for no answer at all.
  if (typeof status !== 'number' || status === 0) return { type: typeOf(field(error, 'name')) };
  return { status, type: typeOf(field(cause, 'type')) };
}

const TRANSIENT_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const TRANSIENT_TYPE: ReadonlySet<string> = new Set(['ConnectionError', 'TimeoutError', 'NoLivingConnectionsError', 'circuit_breaking_exception']);

export function isTransient({ status, type }: Failure): boolean {
  return (status !== undefined && TRANSIENT_STATUS.has(status)) || TRANSIENT_TYPE.has(type);
}

export function isMissingIndex({ status, type }: Failure): boolean {
  return status === 404 && type === 'index_not_found_exception';
}

/** The failure of a call, for callers of this library that can do something about a certain one. */
export class ElasticFailure extends HoldfastError {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super('index_unavailable', `Elasticsearch: ${failure.status === undefined ? '' : `${String(failure.status)} `}${failure.type}`);
    this.failure = failure;
  }
}

export function replaced(): HoldfastError {
  return new HoldfastError('index_unavailable', 'the generation was replaced: open the index again');
}

/** Milliseconds before the `attempt`-th repeat (from 0): doubling, at most 5 s, spread so that writers do not come back together. */
export function backoff(attempt: number): number {
  return Math.min(5000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

const STOPPED = new HoldfastError('stopped', 'the search was stopped');

export function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw STOPPED;
}

/**
 * Calls Elasticsearch, again when it is overloaded or cannot be reached, up to `attempts` times in all. Every failure comes
 * out as a HoldfastError without a cause: the client's errors show the query when they are printed.
 */
export async function call<T>(work: () => Promise<T>, attempts: number, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    stopIf(signal);
    try {
      return await work();
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      stopIf(signal);
      const failure = failureOf(error);
      if (attempt + 1 >= attempts || !isTransient(failure)) throw new ElasticFailure(failure);
    }
    await delay(backoff(attempt));
  }
}
