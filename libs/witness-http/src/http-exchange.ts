/** One question and one answer over HTTP, bounded in time and size. */
import { HoldfastError } from '@holdfast/record';

export interface Endpoint {
  /** The operator's name for the witness. */
  readonly name: string;
  readonly url: URL;
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Without parameters, in lower case. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** Some 500 signature lines; a witness has one key or a few. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** @throws HoldfastError `witness_unavailable`, `witness_refused`, `stopped` */
export async function exchange({ name, url, timeoutMs }: Endpoint, body: Uint8Array, stop: AbortSignal | undefined): Promise<HttpAnswer> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: new Uint8Array(body),
      // Following would ask somebody whom nobody configured, and a POST may arrive there as a GET.
      redirect: 'manual',
      signal: stop === undefined ? limit : AbortSignal.any([limit, stop]),
    });
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { status: response.status, type, body: await bodyOf(response, name) };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    if (stop?.aborted === true) throw new HoldfastError('stopped', `asking the witness ${name} was stopped`, { cause: error });
    const reason = limit.aborted ? `no answer within ${timeoutMs / 1000} s` : networkReason(error);
    throw new HoldfastError('witness_unavailable', `the witness ${name} cannot be reached: ${reason}`, { cause: error });
  }
}

/** Never more than the limit in memory, whatever the length header says. */
async function bodyOf(response: Response, name: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> = response.body;
  for await (const part of stream) {
    size += part.length;
    // Leaving the loop cancels the stream and closes the connection.
    if (size > MAX_ANSWER_BYTES)
      throw new HoldfastError('witness_refused', `the witness ${name} answers with more than ${MAX_ANSWER_BYTES / 1024} KiB`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The code of the operating system (ECONNREFUSED …), which `fetch` hides one level below. */
function networkReason(error: unknown): string {
  // Not by `instanceof Error`: a platform's own errors may be of another realm than ours.
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'the connection failed';
}
