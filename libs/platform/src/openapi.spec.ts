import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { openApiDocument } from './openapi.js';
import type { RouteDescription } from './route.js';

const INFO = { title: 'T', version: '1', description: 'D' };
const route = (more: Partial<RouteDescription>): RouteDescription => ({
  method: 'get',
  path: '/x',
  operationId: 'x',
  summary: 'X.',
  responses: { 200: { description: 'Ok.' } },
  ...more,
});

describe('openApiDocument', () => {
  it('makes components of schemas with an id, also inside others', () => {
    const inner = z.strictObject({ a: z.string() }).meta({ id: 'Inner' });
    const tree: z.ZodType = z.strictObject({ inner, children: z.array(z.lazy(() => tree)) }).meta({ id: 'Tree' });
    const document = openApiDocument(INFO, [
      route({ responses: { 200: { description: 'Ok.', schema: z.array(inner) } } }),
      route({ method: 'post', operationId: 'y', body: tree }),
    ]) as { paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, unknown> } };
    expect(document.components.schemas['Tree']).toMatchObject({
      properties: { inner: { $ref: '#/components/schemas/Inner' }, children: { items: { $ref: '#/components/schemas/Tree' } } },
    });
    expect(document.paths['/x']?.['get']).toMatchObject({
      responses: { 200: { content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Inner' } } } } } },
    });
    expect(JSON.stringify(document)).not.toContain('$defs');
  });

  it('refuses descriptions that contradict each other', () => {
    expect(() => openApiDocument(INFO, [route({}), route({ path: '/y' })])).toThrow('operation x is described twice');
    expect(() => openApiDocument(INFO, [route({}), route({ operationId: 'y' })])).toThrow('get /x is described twice');
    expect(() => openApiDocument(INFO, [route({ path: '/{id}' })])).toThrow('differ');
    expect(() => openApiDocument(INFO, [route({ params: z.object({ id: z.string() }) })])).toThrow('differ');
    const endless: z.ZodType = z.strictObject({ more: z.lazy(() => endless).optional() });
    expect(() => openApiDocument(INFO, [route({ body: endless })])).toThrow('needs an id');
    const inner: z.ZodType = z.strictObject({ more: z.lazy(() => inner).optional() });
    expect(() => openApiDocument(INFO, [route({ body: z.strictObject({ inner }) })])).toThrow('needs an id');
  });
});
