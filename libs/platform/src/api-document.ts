import type { OnApplicationBootstrap } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { openApiDocument } from './openapi.js';
import type { OpenApiInfo } from './openapi.js';
import { routeOf } from './route.js';
import type { RouteDescription } from './route.js';

const PATH_METADATA = 'path';

/** The OpenAPI document of every controller in the process. A handler that is not described stops the start. */
export class ApiDocument implements OnApplicationBootstrap {
  readonly #discovery: DiscoveryService;
  readonly #info: OpenApiInfo;
  #text = '';

  constructor(discovery: DiscoveryService, info: OpenApiInfo) {
    this.#discovery = discovery;
    this.#info = info;
  }

  onApplicationBootstrap(): void {
    this.#text = JSON.stringify(openApiDocument(this.#info, this.routes()));
  }

  get text(): string {
    return this.#text;
  }

  routes(): readonly RouteDescription[] {
    return this.#discovery.getControllers().flatMap(({ metatype, name }) => {
      if (typeof metatype !== 'function') return [];
      const prototype = metatype.prototype as object;
      return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([method, { value }]) => {
        if (typeof value !== 'function' || method === 'constructor') return [];
        const route = routeOf(value as object);
        // Nest marks handlers with their path: one without a description would be served, undocumented.
        if (route === undefined && Reflect.hasMetadata(PATH_METADATA, value as object)) {
          throw new TypeError(`${name}.${method} is a handler without a description: use @Route`);
        }
        return route === undefined ? [] : [route];
      });
    });
  }
}
