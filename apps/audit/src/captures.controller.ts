import { Controller, Inject, Query } from '@nestjs/common';
import { Route } from '@holdfast/platform';
import type { z } from 'zod';
import { Audit } from './audit.js';
import { captureQuery, captureView } from './wire.js';

@Controller()
export class CapturesController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'get',
    path: '/api/v1/captures',
    operationId: 'findCapture',
    summary: 'What became of an event that a producer sent, named by its CloudEvents source and id.',
    tags: ['captures'],
    query: captureQuery,
    responses: { 200: { description: 'Sealed, anchored or unknown.', schema: captureView } },
  })
  async find(@Query({ schema: captureQuery }) { source, id }: z.infer<typeof captureQuery>): Promise<z.infer<typeof captureView>> {
    const { captures, status } = this.#audit.current;
    const records = await captures.find(source, id);
    if (records.length === 0) return { source, id, state: 'unknown', records, notYetSearchable: await status.notYetSearchable() };
    // Several copies are one delivery repeated: the state of the one that is furthest.
    return { source, id, state: records.some(({ state }) => state === 'anchored') ? 'anchored' : 'sealed', records };
  }
}
