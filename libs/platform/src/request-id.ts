import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const ids = new WeakMap<ServerResponse, string>();

/** The id of a request: made here, never taken from the client, sent back as `X-Request-Id` and logged with failures. */
export function requestIdOf(response: ServerResponse): string {
  const known = ids.get(response);
  if (known !== undefined) return known;
  const id = randomUUID();
  ids.set(response, id);
  return id;
}
