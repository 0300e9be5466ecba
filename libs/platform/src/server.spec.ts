import { createServer, request as httpRequest } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Body, Controller, Get, Inject, Module, Param, Query, Res } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';
import { Health } from './health.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';
import { ProblemError } from './problem.js';
import { Route } from './route.js';
import { startServer } from './server.js';
import type { RunningServer, ServerOptions } from './server.js';
import { HEALTH } from './tokens.js';

const matter = z.strictObject({ id: z.string(), name: z.string() }).meta({ id: 'Matter' });
const place = {
  method: 'post',
  path: '/api/v1/matters/{id}/holds',
  operationId: 'placeHold',
  summary: 'Places a hold.',
  params: z.strictObject({ id: z.string().regex(/^m\d+$/) }),
  query: z.strictObject({ dryRun: z.enum(['true', 'false']).optional() }),
  body: z.strictObject({ custodians: z.array(z.string()).min(1) }),
  responses: { 202: { description: 'Accepted.', schema: matter } },
} as const;

const open = (path: `/${string}`, operationId: string) =>
  ({ method: 'get', path, operationId, summary: operationId, public: true, responses: { 200: { description: 'x' } } }) as const;

let slowEntered: () => void = () => {};
let slowRelease: Promise<void> = Promise.resolve();
let whenIntakeStops: () => void = () => {};
const order: string[] = [];

@Controller()
class MattersController implements OnModuleDestroy, OnApplicationShutdown {
  readonly #health: Health;

  constructor(@Inject(HEALTH) health: Health) {
    this.#health = health;
  }

  @Route(place)
  place(
    @Param({ schema: place.params }) params: z.infer<typeof place.params>,
    @Query({ schema: place.query }) query: z.infer<typeof place.query>,
    @Body({ schema: place.body }) body: z.infer<typeof place.body>,
  ): z.infer<typeof matter> {
    return { id: params.id, name: `${body.custodians.join()}${query.dryRun ?? ''}` };
  }

  @Route(open('/ours', 'ours'))
  ours(): never {
    throw new HoldfastError('object_missing', 'There is no such object.');
  }

  @Route(open('/transient', 'transient'))
  transient(): never {
    throw new HoldfastError('store_unavailable', 'The store does not answer.');
  }

  @Route(open('/refused', 'refused'))
  refused(): never {
    throw new ProblemError('query_refused', 'The query cannot be read.', { diagnostics: [{ code: 'E_PAREN', start: 3, end: 4 }], status: 200 });
  }

  @Route(open('/theirs', 'theirs'))
  theirs(): never {
    throw new Error('select * from secrets');
  }

  @Route(open('/slow', 'slow'))
  async slow(): Promise<string> {
    slowEntered();
    await slowRelease;
    order.push('answered');
    return this.#health.readiness().ready ? 'ready' : 'draining';
  }

  @Route(open('/half', 'half'))
  half(@Res() response: ServerResponse): void {
    response.write('half of a ');
    throw new Error('the store went away');
  }

  onModuleDestroy(): void {
    order.push('intake stopped');
    whenIntakeStops();
  }

  onApplicationShutdown(): void {
    order.push('clients closed');
  }
}

@Module({ controllers: [MattersController] })
class MattersModule {}

const running: RunningServer[] = [];
const written: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  written.length = 0;
  order.length = 0;
});

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer & { readonly health: Health }> {
  const health = options.health ?? new Health();
  const logger = createLogger({ service: 'test', version: '1', level: 'info', to: { write: (line) => void written.push(line) } });
  const api = { title: 'Test', version: '1.0.0', description: 'Test.' };
  const metrics = options.metrics ?? new Metrics({ process: false });
  const server = await startServer({ logger, health, metrics, api, modules: [MattersModule], port: 0, ...options });
  running.push(server);
  return { ...server, health };
}

const asAlice = { authenticate: () => Promise.resolve({ id: 'alice' }) };
const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/v1/matters/m1/holds`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });

describe('operations endpoints', () => {
  it('say that the process is alive, and why it is not ready', async () => {
    const { url, health } = await start();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'alive' });
    expect((await fetch(`${url}/ready`)).status).toBe(503);
    health.component('seal').to('running');
    const ready = await fetch(`${url}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true, components: [{ name: 'seal', state: 'running' }], alarms: [] });
  });

  it('serve metrics by route template', async () => {
    const { url } = await start(asAlice);
    await (await post(url, '{"custodians":["a"]}')).text();
    await (await fetch(`${url}/nothing/here`)).text();
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('holdfast_http_request_duration_seconds_count{method="POST",route="/api/v1/matters/:id/holds",status="202"} 1');
    expect(text).not.toContain('nothing');
  });

  it('serve an OpenAPI 3.1 document in which only public routes are open', async () => {
    const { url } = await start();
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      security: unknown[];
      paths: Record<
        string,
        Record<string, { security?: unknown[]; parameters?: unknown[]; requestBody?: unknown; responses: Record<string, unknown> }>
      >;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(document.security).toHaveLength(2);
    expect(document.paths['/health']?.['get']?.security).toEqual([]);
    const operation = document.paths['/api/v1/matters/{id}/holds']?.['post'];
    expect(operation?.security).toBeUndefined();
    expect(operation?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^m\\d+$' } },
      { name: 'dryRun', in: 'query', required: false, schema: { type: 'string', enum: ['true', 'false'] } },
    ]);
    expect(operation?.responses['202']).toMatchObject({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Matter' } } } });
    expect(operation?.responses['default']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(Object.keys(document.components.schemas).sort()).toEqual(['Matter', 'Problem', 'Readiness']);
  });
});

describe('requests', () => {
  it('of strangers are refused with 401 everywhere but on public routes', async () => {
    const { url } = await start();
    const response = await post(url, '{"custodians":["a"]}');
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
    // Also before the body is looked at: a stranger learns nothing about schemas.
    expect((await post(url, '{}')).status).toBe(401);
  });

  it('reach the handler with what their schemas made of them', async () => {
    const { url } = await start(asAlice);
    const response = await post(url, '{"custodians":["a","b"]}');
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ id: 'm1', name: 'a,b' });
    const dry = await fetch(`${url}/api/v1/matters/m2/holds?dryRun=true`, {
      method: 'POST',
      body: '{"custodians":["c"]}',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(await dry.json()).toEqual({ id: 'm2', name: 'ctrue' });
  });

  it('that do not fit their schemas are refused with every reason', async () => {
    const { url } = await start(asAlice);
    const response = await post(url, '{"custodians":[],"more":1}');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'bad_request',
      issues: [{ path: ['custodians'] }, { path: [], message: expect.stringContaining('more') }],
    });
    for (const path of ['x/holds', 'm1/holds?dryRun=perhaps', 'm1/holds?dryRun=true&dryRun=false', 'm1/holds?other=1']) {
      const init = { method: 'POST', body: '{"custodians":["a"]}', headers: { 'Content-Type': 'application/json' } };
      expect(await (await fetch(`${url}/api/v1/matters/${path}`, init)).json()).toMatchObject({ code: 'bad_request' });
    }
    // A body of another kind is no body: what a form of another site can send is refused.
    expect((await post(url, '{"custodians":["a"]}', { 'Content-Type': 'text/plain' })).status).toBe(400);
  });

  it('that are not JSON, or too large, are refused without being quoted', async () => {
    const { url } = await start({ ...asAlice, bodyMaxBytes: 100 });
    const broken = await post(url, '{"custodians": my words');
    expect(broken.status).toBe(400);
    const text = await broken.text();
    expect(text).toContain('"code":"bad_request"');
    expect(text).not.toContain('my words');
    const large = await post(url, JSON.stringify({ custodians: ['x'.repeat(200)] }));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ code: 'body_too_large' });
    expect(written.join('')).not.toContain('my words');
  });

  it('for another host are refused on a loopback address (DNS rebinding)', async () => {
    const { port } = await start();
    const status = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        httpRequest({ port, host: '127.0.0.1', path: '/health', headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await status(`localhost:${port}`)).toBe(200);
    expect(await status('LOCALHOST')).toBe(200);
    expect(await status('[::1]:80')).toBe(200);
    expect(await status('evil.example.org')).toBe(421);
    expect(await status('127.0.0.1.evil.example.org')).toBe(421);
    expect(await status('localhost.evil.example.org:80')).toBe(421);
  });

  it('that a page from elsewhere makes a browser send are refused (CSRF)', async () => {
    const { url } = await start(asAlice);
    const status = async (headers: Record<string, string>): Promise<number> => (await post(url, '{"custodians":["a"]}', headers)).status;
    expect(await status({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await status({ 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await status({ Origin: 'https://evil.example.org' })).toBe(403);
    expect(await status({ Origin: 'null' })).toBe(403);
    expect(await status({ 'Sec-Fetch-Site': 'same-origin', Origin: url })).toBe(202);
    expect(await status({ Origin: url })).toBe(202);
    expect(await status({})).toBe(202);
  });

  it('carry security headers and an id of ours on every answer', async () => {
    const { url } = await start();
    for (const path of ['/health', '/nothing', '/ours']) {
      const { headers } = await fetch(`${url}${path}`, { headers: { 'X-Request-Id': 'mine' } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('errors', () => {
  it('of ours become problem documents by their code', async () => {
    const { url } = await start();
    const missing = await fetch(`${url}/ours`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({
      type: 'urn:holdfast:error:object_missing',
      title: 'object missing',
      status: 404,
      code: 'object_missing',
      detail: 'There is no such object.',
      requestId: missing.headers.get('x-request-id'),
    });
    const transient = await fetch(`${url}/transient`);
    expect(transient.status).toBe(503);
    expect(transient.headers.get('retry-after')).toBe('2');
    expect(await (await fetch(`${url}/nothing`)).json()).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('may carry diagnostics, which cannot replace members of the document', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/refused`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ status: 422, code: 'query_refused', diagnostics: [{ code: 'E_PAREN' }] });
  });

  it('nobody foresaw show nothing but an id to look for', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/theirs`);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('"code":"internal"');
    expect(text).not.toContain('secrets');
    const line = written.map((one) => JSON.parse(one) as Record<string, unknown>).find(({ message }) => message === 'request failed');
    expect(line).toMatchObject({ requestId: response.headers.get('x-request-id'), err: { type: 'Error' } });
    expect(written.join('')).not.toContain('secrets');
  });
});

describe('an answer that breaks off', () => {
  it('is cut, so that nobody takes it for a whole one', async () => {
    const { url } = await start();
    await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow();
    expect(written.join('')).toContain('request failed');
  });
});

describe('startServer', () => {
  it('says in one sentence that a port is in use', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    await expect(start({ port })).rejects.toMatchObject({
      code: 'bad_configuration',
      message: `Port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another port.`,
    });
    expect(written.join('')).toBe('');
    await new Promise((resolve) => blocker.close(resolve));
  });

  it('refuses to start with a handler that is not described', async () => {
    @Controller()
    class BareController {
      @Get('/bare')
      bare(): string {
        return 'x';
      }
    }
    @Module({ controllers: [BareController] })
    class BareModule {}
    await expect(start({ modules: [BareModule] })).rejects.toThrow('BareController.bare is a handler without a description');
  });

  it('shuts down in order: intake, requests in flight, clients', async () => {
    const entered = new Promise<void>((resolve) => (slowEntered = resolve));
    slowRelease = new Promise((resolve) => (whenIntakeStops = resolve));
    const { url, close } = await start();
    const answer = fetch(`${url}/slow`);
    await entered;
    const closed = close();
    expect(await (await answer).text()).toBe('draining');
    await closed;
    expect(order).toEqual(['intake stopped', 'answered', 'clients closed']);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('cuts connections that do not end', async () => {
    const { port, close, cut } = await start();
    const socket = connect(port, '127.0.0.1');
    const gone = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-Never: ');
    await new Promise((resolve) => setImmediate(resolve));
    const closed = close();
    cut();
    await Promise.all([closed, gone]);
  });
});
