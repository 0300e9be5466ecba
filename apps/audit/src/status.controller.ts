import { Controller, Inject } from '@nestjs/common';
import { Route } from '@holdfast/platform';
import { Audit } from './audit.js';
import { statusView } from './wire.js';
import type { StatusView } from './wire.js';

@Controller()
export class StatusController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'get',
    path: '/api/v1/status',
    operationId: 'status',
    summary: 'Where the archive stands: its id, chains with their heads, what is searchable, accepted gaps.',
    tags: ['archive'],
    responses: { 200: { description: 'The status.', schema: statusView } },
  })
  status(): Promise<StatusView> {
    return this.#audit.current.status.read();
  }
}
