import { HoldfastError, kindOf } from '@holdfast/record';

const MAX_CAUSES = 5;
/** Errors of the runtime whose messages name code or files, not data. A SyntaxError of JSON quotes what it could not parse. */
const RUNTIME = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError', 'AbortError', 'TimeoutError']);

/**
 * An error as fields for the log. Messages of vendors' errors are left out: clients of search engines and stores put
 * queries, records and payloads into them. What remains (type, code, status, frames) says where to look.
 */
export function errorFields(error: unknown, depth = 0): Record<string, unknown> {
  if (!isErrorLike(error)) return { type: typeof error };
  const fields: Record<string, unknown> = { type: error.name };
  for (const name of ['code', 'status', 'statusCode', 'syscall', 'errno'] as const) {
    const value = error[name];
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  if (error instanceof HoldfastError) fields['kind'] = kindOf(error);
  if (error instanceof HoldfastError || typeof error.syscall === 'string' || RUNTIME.has(error.name)) fields['message'] = error.message;
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  if (frames !== undefined && frames.length > 0) fields['stack'] = frames.map((line) => line.trim());
  if (error.cause !== undefined && depth < MAX_CAUSES) fields['cause'] = errorFields(error.cause, depth + 1);
  return fields;
}

interface ErrorLike {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly syscall?: unknown;
  readonly errno?: unknown;
}

/** Not `instanceof`: errors also come from other realms (worker threads, test runners). */
function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === 'object' && error !== null && 'name' in error && typeof error.name === 'string' && 'message' in error;
}
