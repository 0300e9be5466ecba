import { HttpCode, RequestMapping, RequestMethod, SetMetadata, applyDecorators } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { z } from 'zod';

export const ROUTE = Symbol('holdfast.route');

const METHODS = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
} as const;

export interface RouteResponse {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default `application/json`; without a schema only this is documented. */
  readonly contentType?: string;
}

/** An operation, described once: Nest routes by it, the guard reads `public`, OpenAPI is made from it. */
export interface RouteDescription {
  readonly method: keyof typeof METHODS;
  /** From the root, parameters as `{name}`; `{name...}` at the end takes the rest of the path, slashes and all. */
  readonly path: `/${string}`;
  /** Unique; names the method of the generated client. */
  readonly operationId: string;
  readonly summary: string;
  readonly tags?: readonly string[];
  /** Served to strangers. Everything else asks who is there. */
  readonly public?: true;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** By status; the lowest is sent on success. */
  readonly responses: Readonly<Record<number, RouteResponse>>;
}

/**
 * Makes a controller method the handler of `description`. Parameters are validated where they are taken, with the same
 * schemas: `@Body({ schema: place.body })`. The controller's own path stays empty.
 */
export function Route(description: RouteDescription): MethodDecorator {
  const status = Math.min(...Object.keys(description.responses).map(Number));
  return applyDecorators(
    RequestMapping({
      method: METHODS[description.method],
      path: description.path.replaceAll(/\{(\w+)\}/g, ':$1').replace(/\{(\w+)\.\.\.\}$/, '*$1'),
    }),
    HttpCode(status),
    SetMetadata(ROUTE, description),
  );
}

export function routeOf(handler: object): RouteDescription | undefined {
  // Metadata is untyped; only `Route` writes under this symbol.
  return Reflect.getMetadata(ROUTE, handler) as RouteDescription | undefined;
}

export function isPublic(context: ExecutionContext): boolean {
  return routeOf(context.getHandler())?.public === true;
}
