import { Module, StandardSchemaValidationPipe } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { ApiDocument } from './api-document.js';
import type { Health } from './health.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { OpenApiInfo } from './openapi.js';
import { OperationsController } from './operations-controller.js';
import { PrincipalGuard } from './principal.js';
import type { Authenticate } from './principal.js';
import { ProblemError } from './problem.js';
import { ProblemFilter } from './problem-filter.js';
import { API_DOCUMENT, HEALTH, LOGGER, METRICS } from './tokens.js';

const MAX_ISSUES = 50;

export interface PlatformOptions {
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly api: OpenApiInfo;
  /** Default: everybody is a stranger, so that a service that forgets this serves only what is public. */
  readonly authenticate?: Authenticate;
}

/** What every service has: operations endpoints, problem documents, validation by schema, and a guard against strangers. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    const authenticate = options.authenticate ?? (() => Promise.resolve(undefined));
    return {
      module: PlatformModule,
      global: true,
      imports: [DiscoveryModule],
      controllers: [OperationsController],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: HEALTH, useValue: options.health },
        { provide: METRICS, useValue: options.metrics },
        {
          provide: API_DOCUMENT,
          inject: [DiscoveryService],
          useFactory: (discovery: DiscoveryService) => new ApiDocument(discovery, options.api),
        },
        { provide: APP_FILTER, useFactory: () => new ProblemFilter(options.logger) },
        { provide: APP_GUARD, useFactory: () => new PrincipalGuard(authenticate) },
        { provide: APP_PIPE, useFactory: validationPipe },
      ],
      exports: [LOGGER, HEALTH, METRICS, API_DOCUMENT],
    };
  }
}

/** Makes `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` refuse what does not fit, with every reason. */
function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (found) => {
      const issues = found.slice(0, MAX_ISSUES).map(({ path, message }) => ({
        path: (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
        message,
      }));
      return new ProblemError('bad_request', 'The request does not have the form it must have; its issues say where.', { issues });
    },
  });
}
