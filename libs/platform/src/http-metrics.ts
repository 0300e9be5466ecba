import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from './metrics.js';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Duration of requests by method, route template and status; never by address, which carries ids and queries. */
export function httpMetrics(metrics: Metrics): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  const duration = metrics.histogram('holdfast_http_request_duration_seconds', 'Time from request to end of response.', BUCKETS, [
    'method',
    'route',
    'status',
  ]);
  const open = metrics.gauge('holdfast_http_open_requests', 'Requests being answered.');
  return (request: IncomingMessage & { readonly route?: { readonly path?: unknown } }, response, next) => {
    const since = process.hrtime.bigint();
    open.inc();
    response.once('close', () => {
      open.dec();
      const route = typeof request.route?.path === 'string' ? request.route.path : 'none';
      duration.observe(
        { method: request.method ?? 'none', route, status: String(response.statusCode) },
        Number(process.hrtime.bigint() - since) / 1e9,
      );
    });
    next();
  };
}
