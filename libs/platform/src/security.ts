/** What every response carries and every request must pass before Nest sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { requestIdOf } from './request-id.js';

/** The console brings its own scripts and styles as files; nothing inline, nothing from elsewhere, never inside a frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  // Evidence does not belong into caches; files of the console that may be cached say so themselves.
  'Cache-Control': 'no-store',
};

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

export function securityHeaders(): Middleware {
  return (_request, response, next) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    response.setHeader('X-Request-Id', requestIdOf(response));
    next();
  };
}

/**
 * Refuses requests for other hosts than these. A page from anywhere can point its own name at 127.0.0.1 (DNS rebinding) and
 * would then read the archive of whoever has it open; its requests carry that name. Addresses are always let through:
 * a browser cannot be made to believe that they are somebody else's name.
 */
export function allowHosts(hosts: readonly string[]): Middleware {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (request, _response, next) => {
    const name = hostName(request.headers.host ?? '');
    // 421 Misdirected Request (RFC 9110 §15.5.20), in the form of the errors that the filter exposes.
    next(isIP(name) !== 0 || allowed.has(name) ? undefined : { status: 421, expose: true });
  };
}

/**
 * Refuses what a page from elsewhere makes a browser send in the name of its user (CSRF). Programs send neither header.
 * Sign-in is left out: identity providers post their answer from their own origin, and the answer itself is checked.
 */
export function sameOrigin(): Middleware {
  return (request, _response, next) => {
    const reads = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
    const allowed = reads || (request.url ?? '').startsWith('/auth/') || comesFromHere(request);
    next(allowed ? undefined : { status: 403, expose: true });
  };
}

function comesFromHere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // Browsers that are too old for fetch metadata.
  return headers.origin === undefined || URL.parse(headers.origin)?.host === headers.host;
}

function hostName(host: string): string {
  const literal = /^\[([0-9a-f:.]+)\](?::\d*)?$/i.exec(host)?.[1];
  return literal ?? host.replace(/:\d*$/, '').toLowerCase();
}
