import { HoldfastError, type ErrorCode } from '@holdfast/record';

/**
 * What went wrong with one request, without the SDK's error: that one carries the signed request and the server's answer,
 * and would end up in logs.
 */
export class S3Fault extends Error {
  override readonly name = 'S3Fault';
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** The server's error code, or the network's. */
  readonly reason: string;

  constructor(status: number | undefined, reason: string) {
    super(status === undefined ? reason : `${reason} (HTTP ${String(status)})`);
    this.status = status;
    this.reason = reason;
  }

  /** The fault that `error` is. What is a mistake in a program, and no answer of a store, is thrown on as it is. */
  static of(error: unknown): S3Fault {
    if (error instanceof S3Fault) return error;
    if (MISTAKES.has(textField(error, 'name') ?? '') && textField(error, 'code') === undefined) throw error;
    const status = statusOf(error);
    // Errors of the network have a `code` (ECONNREFUSED); those of the service a `name` (NoSuchKey).
    const reason = textField(error, 'code') ?? textField(error, 'name') ?? 'unknown error';
    return new S3Fault(status, /^[A-Za-z0-9_.-]{1,64}$/.test(reason) ? reason : 'unknown error');
  }

  /** Worth sending again: no answer, a server fault, too many requests, or a race the server lost track of. */
  get transient(): boolean {
    if (this.status === undefined) return !FINAL_WITHOUT_ANSWER.has(this.reason);
    return this.status >= 500 || this.status === 429 || this.status === 408 || TRANSIENT.has(this.reason);
  }
}

const TRANSIENT = new Set(['RequestTimeout', 'SlowDown', 'ConditionalRequestConflict', 'OperationAborted']);
const MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError']);
/** The SDK found no credentials, or an argument that it cannot send: nothing will change by itself. */
const FINAL_WITHOUT_ANSWER = new Set(['CredentialsProviderError', 'InvalidIdentityTokenException', 'ERR_INVALID_URL']);

const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'CredentialsProviderError',
  'AuthorizationHeaderMalformed',
]);

/** The error for `doing` (`store KEY`), as far as it can be told without knowing the operation. */
export function toHoldfastError(error: unknown, doing: string, bucket: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const fault = S3Fault.of(error);
  const make = (code: ErrorCode, message: string): HoldfastError => new HoldfastError(code, message, { cause: fault });
  if (fault.reason === 'RequestTimeTooSkewed') return make('clock_skew', `the clock of this machine is too far off the object store's to ${doing}`);
  if (CREDENTIALS.has(fault.reason))
    return make('bad_configuration', `the object store refuses the credentials (${fault.message}): check access key and secret`);
  if (fault.reason === 'NoSuchBucket') return make('bad_configuration', `the bucket ${bucket} does not exist: create it, or check its name`);
  if (fault.status === 301 || fault.status === 307)
    return make('bad_configuration', `the bucket ${bucket} lives in another region or behind another endpoint (${fault.message})`);
  if (fault.status === 403) return make('bad_configuration', `these credentials may not ${doing} in the bucket ${bucket} (${fault.message})`);
  if (fault.status === 400) return make('bad_request', `the object store refuses to ${doing} (${fault.message})`);
  return make('store_unavailable', `the object store could not ${doing} (${fault.message})`);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function textField(error: unknown, field: 'code' | 'name'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' && value !== '' && value !== 'Error' ? value : undefined;
}
