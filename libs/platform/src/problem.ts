/** Errors as RFC 9457 problem documents. What a client may branch on is `code`; `detail` is for people. */
import { HttpException } from '@nestjs/common';
import { HoldfastError, kindOf } from '@holdfast/record';
import type { ErrorCode } from '@holdfast/record';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly [extension: string]: unknown;
}

/** A HoldfastError with more members for its problem document: diagnostics of a query, issues of a body. */
export class ProblemError extends HoldfastError {
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, extensions: Readonly<Record<string, unknown>>) {
    super(code, message);
    this.extensions = extensions;
  }
}

/** Where the status does not follow from the kind of error (transient 503, permanent 400, integrity 500). */
const STATUS: Partial<Record<ErrorCode, number>> = {
  busy: 409,
  claim_lost: 409,
  disk_full: 507,
  index_rebuild_needed: 503,
  job_missing: 404,
  key_missing: 410,
  object_locked: 409,
  object_missing: 404,
  query_refused: 422,
  record_missing: 404,
};
const BY_KIND = { transient: 503, permanent: 400, integrity: 500 } as const;

/** Refusals of HTTP itself: no use case was reached, so they have no ErrorCode. */
const HTTP: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['bad_request', 'The request could not be understood.'],
  401: ['unauthenticated', 'Sign in first.'],
  403: ['forbidden', 'You may not do this.'],
  404: ['not_found', 'There is nothing at this address.'],
  405: ['method_not_allowed', 'This address does not take that method.'],
  406: ['not_acceptable', 'There is no such representation.'],
  408: ['request_timeout', 'The request took too long to arrive.'],
  409: ['conflict', 'The request contradicts the present state.'],
  413: ['body_too_large', 'The body is too large.'],
  415: ['unsupported_media_type', 'The body must be JSON.'],
  421: ['misdirected_request', 'This host is not served here.'],
  429: ['too_many_requests', 'Too many requests; try again later.'],
  503: ['unavailable', 'Not available now; try again later.'],
};

export function problemOf(error: unknown): Problem {
  if (error instanceof HoldfastError) {
    const status = STATUS[error.code] ?? BY_KIND[kindOf(error)];
    const extensions = error instanceof ProblemError ? error.extensions : {};
    return { ...extensions, ...document(status, error.code, error.message) };
  }
  const status = httpStatus(error);
  const known = status === undefined ? undefined : HTTP[status];
  if (status === undefined || known === undefined) {
    // Nothing of an unknown error is shown: its message may carry content, paths or queries.
    return document(status ?? 500, 'internal', 'Something failed inside. The log has the details under this request id.');
  }
  return document(status, ...known);
}

function document(status: number, code: string, detail: string): Problem {
  return { type: `urn:holdfast:error:${code}`, title: code.replaceAll('_', ' '), status, code, detail };
}

/** Status of Nest's exceptions, and of the body parser's, which mark what may be exposed. Their texts quote the request. */
function httpStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('status' in error) || !('expose' in error)) return undefined;
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500 && error.expose === true ? error.status : undefined;
}
