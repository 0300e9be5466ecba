import type { ServerResponse } from 'node:http';
import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import type { ApiDocument } from './api-document.js';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';
import { Route } from './route.js';
import { API_DOCUMENT, HEALTH, METRICS } from './tokens.js';

const moment = z.iso.datetime();
const alive = z.strictObject({ status: z.literal('alive') });
const readiness = z
  .strictObject({
    ready: z.boolean(),
    reasons: z.array(z.string()).describe('Why not; empty when ready.'),
    components: z.array(
      z.strictObject({
        name: z.string(),
        state: z.enum(['starting', 'running', 'draining', 'stopped', 'failed']),
        since: moment,
        reason: z.string().optional(),
      }),
    ),
    alarms: z.array(
      z.strictObject({
        component: z.string(),
        code: z.string(),
        since: moment,
        message: z.string(),
        whatToDo: z.string(),
        blocking: z.boolean().describe('Not ready while it is raised.'),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

/** What operators and their machines ask every service; open to strangers, so nothing here tells content. */
@Controller()
export class OperationsController {
  readonly #health: Health;
  readonly #metrics: Metrics;
  readonly #api: ApiDocument;

  constructor(@Inject(HEALTH) health: Health, @Inject(METRICS) metrics: Metrics, @Inject(API_DOCUMENT) api: ApiDocument) {
    this.#health = health;
    this.#metrics = metrics;
    this.#api = api;
  }

  @Route({
    method: 'get',
    path: '/health',
    operationId: 'health',
    summary: 'Whether the process is alive; says nothing about what it depends on.',
    tags: ['operations'],
    public: true,
    responses: { 200: { description: 'Alive.', schema: alive } },
  })
  health(): z.infer<typeof alive> {
    return { status: 'alive' };
  }

  @Route({
    method: 'get',
    path: '/ready',
    operationId: 'ready',
    summary: 'Whether the process does its work, with reasons and alarms.',
    tags: ['operations'],
    public: true,
    responses: { 200: { description: 'Ready.', schema: readiness }, 503: { description: 'Not ready.', schema: readiness } },
  })
  ready(@Res() response: ServerResponse): void {
    const report = this.#health.readiness();
    response.statusCode = report.ready ? 200 : 503;
    send(response, 'application/json', JSON.stringify(report));
  }

  @Route({
    method: 'get',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Metrics in the text format of Prometheus.',
    tags: ['operations'],
    public: true,
    responses: { 200: { description: 'Metrics.', contentType: 'text/plain' } },
  })
  async metrics(@Res() response: ServerResponse): Promise<void> {
    send(response, this.#metrics.contentType, await this.#metrics.text());
  }

  @Route({
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document.',
    tags: ['operations'],
    public: true,
    responses: { 200: { description: 'OpenAPI 3.1.', contentType: 'application/json' } },
  })
  openapi(@Res() response: ServerResponse): void {
    send(response, 'application/json', this.#api.text);
  }
}

function send(response: ServerResponse, contentType: string, text: string): void {
  response.setHeader('Content-Type', contentType);
  response.end(text);
}
