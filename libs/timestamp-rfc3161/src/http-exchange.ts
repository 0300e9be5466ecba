/** One question and one answer over HTTP, RFC 3161 §3.4. */
import { HoldfastError } from '@holdfast/record';
import { MAX_TOKEN_BYTES } from './der.js';

export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  /** Value of the header `Authorization`; some authorities sell their stamps. */
  readonly authorization: string | undefined;
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
}

/**
 * The body of a good answer.
 * @throws HoldfastError `timestamp_unavailable`, `timestamp_refused`, `stopped`
 */
export async function exchange(endpoint: Endpoint, query: Uint8Array<ArrayBuffer>, stop: AbortSignal | undefined): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(endpoint.timeoutMs);
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/timestamp-query',
        accept: 'application/timestamp-reply',
        ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
      },
      body: query,
      // Following would send the digest, and the credentials, where nobody configured them to go.
      redirect: 'manual',
      signal: stop === undefined ? limit : AbortSignal.any([limit, stop]),
    });
    // The content type of the answer is not looked at: some authorities send another one, and the token is verified anyway.
    if (response.status === 200) return await bodyOf(response, endpoint.name);
    await response.body?.cancel();
    throw statusError(endpoint.name, response.status);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    if (stop?.aborted) throw new HoldfastError('stopped', 'time stamping was stopped', { cause: error });
    const reason = limit.aborted ? `no answer within ${endpoint.timeoutMs / 1000} s` : networkReason(error);
    throw new HoldfastError('timestamp_unavailable', `time-stamp authority ${endpoint.name} cannot be reached: ${reason}`, { cause: error });
  }
}

/** 429 and 408 say "later", 5xx is a fault of the other side; everything else will be the same next time. */
function statusError(name: string, status: number): HoldfastError {
  return status >= 500 || status === 429 || status === 408
    ? new HoldfastError('timestamp_unavailable', `time-stamp authority ${name} answers with HTTP ${status}`)
    : new HoldfastError('timestamp_refused', `time-stamp authority ${name} refuses with HTTP ${status}; check its address and credentials`);
}

/** Never more than the limit in memory, whatever the length header says. */
async function bodyOf(response: Response, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return new Uint8Array();
  const stream: AsyncIterable<Uint8Array> = response.body;
  for await (const part of stream) {
    size += part.length;
    // Leaving the loop cancels the stream and closes the connection.
    if (size > MAX_TOKEN_BYTES)
      throw new HoldfastError('timestamp_refused', `time-stamp authority ${name} answers with more than ${MAX_TOKEN_BYTES / 1024} KiB`);
    parts.push(part);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** The code of the operating system (ECONNREFUSED …), which `fetch` hides one level below. */
function networkReason(error: unknown): string {
  // Not by `instanceof Error`: a platform's own errors may be of another realm than ours.
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'the connection failed';
}
