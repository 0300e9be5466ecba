import type { ServerResponse } from 'node:http';
import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Logger } from './logger.js';
import { problemOf } from './problem.js';
import { requestIdOf } from './request-id.js';

/** The one place where errors become responses. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const problem = problemOf(error);
    const requestId = requestIdOf(response);
    if (problem.status >= 500) this.#logger.error({ err: error, code: problem.code, status: problem.status, requestId }, 'request failed');
    if (response.headersSent) {
      // Half a body is out: cut the connection, so that nobody takes it for a whole one.
      response.destroy();
      return;
    }
    response.statusCode = problem.status;
    if (problem.status === 503) response.setHeader('Retry-After', '2');
    response.setHeader('Content-Type', 'application/problem+json');
    response.setHeader('Cache-Control', 'no-store');
    response.end(JSON.stringify({ ...problem, requestId }));
  }
}
