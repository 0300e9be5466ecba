/** The OpenAPI 3.1 document, made from the route descriptions; its schemas are JSON Schema 2020-12 as zod writes them. */
import { z } from 'zod';
import type { RouteDescription, RouteResponse } from './route.js';

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

type Json = Record<string, unknown>;

const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; branch on this.'),
    detail: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document.' });

export function openApiDocument(info: OpenApiInfo, routes: readonly RouteDescription[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  const seen = new Set<string>();
  for (const route of [...routes].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (seen.has(route.operationId)) throw new TypeError(`operation ${route.operationId} is described twice`);
    seen.add(route.operationId);
    // OpenAPI knows no parameter that takes the rest of a path; its name alone says as much.
    const path = (paths[route.path.replace('...}', '}')] ??= {});
    if (route.method in path) throw new TypeError(`${route.method} ${route.path} is described twice`);
    path[route.method] = operation(route, schemas);
  }
  return {
    openapi: '3.1.0',
    info: { ...info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ session: [] }, { bearer: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'holdfast_session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

function operation(route: RouteDescription, schemas: Json): Json {
  const named = new Set([...route.path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)].map((match) => match[1]));
  const described = Object.keys(route.params?.shape ?? {});
  if (described.length !== named.size || described.some((name) => !named.has(name))) {
    throw new TypeError(`${route.operationId}: the parameters in ${route.path} and in its schema differ`);
  }
  const parameters = [...parametersOf('path', route.params, schemas), ...parametersOf('query', route.query, schemas)];
  const responses = Object.fromEntries(Object.entries(route.responses).map(([status, one]) => [status, response(one, schemas)]));
  const failed = { description: 'A problem.', content: { 'application/problem+json': { schema: reference(problem, 'output', schemas) } } };
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.tags === undefined ? {} : { tags: route.tags }),
    ...(route.public === true ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(route.body, 'input', schemas) } } } }),
    responses: { ...responses, default: failed },
  };
}

function response({ description, schema, contentType }: RouteResponse, schemas: Json): Json {
  if (schema === undefined && contentType === undefined) return { description };
  const content = { [contentType ?? 'application/json']: schema === undefined ? {} : { schema: reference(schema, 'output', schemas) } };
  return { description, content };
}

function parametersOf(place: 'path' | 'query', object: z.ZodObject | undefined, schemas: Json): readonly Json[] {
  if (object === undefined) return [];
  return Object.entries(object.shape as Readonly<Record<string, z.ZodType>>).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || !schema.safeParse(undefined).success,
    schema: reference(schema, 'input', schemas),
  }));
}

/** A schema in place; schemas with an id (`.meta({ id })`) become components, and so do those inside. */
function reference(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $schema: _dialect, $defs, id, ...own } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Json & { $defs?: Json };
  if (JSON.stringify(own).includes('"$ref":"#"')) throw new TypeError('a schema that contains itself needs an id');
  for (const [name, one] of Object.entries($defs ?? {})) add(name, one as Json, schemas);
  if (typeof id !== 'string') return moved(own);
  add(id, own, schemas);
  return { $ref: `#/components/schemas/${id}` };
}

function add(name: string, schema: Json, schemas: Json): void {
  if (name.startsWith('__')) throw new TypeError('a schema that contains itself needs an id');
  const { id: _id, ...rest } = schema;
  const component = moved(rest);
  // The same id for two shapes, or for one whose input and output differ: the client would get the wrong one.
  if (name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(component)) throw new TypeError(`two schemas have the id ${name}`);
  schemas[name] = component;
}

function moved(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/')) as Json;
}
