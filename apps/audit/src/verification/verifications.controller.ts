import type { IncomingMessage, ServerResponse } from 'node:http';
import { Body, Controller, Inject, Param, Req, Res } from '@nestjs/common';
import { Route, principalOf } from '@holdfast/platform';
import { HoldfastError } from '@holdfast/record';
import type { z } from 'zod';
import { Audit } from '../audit.js';
import { chainsOf, jobParams, jobView, verificationBody, viewOf } from './verification-wire.js';

/** Verifications as jobs. What they find is the archive's own word; a third party runs `holdfast verify` himself. */
@Controller()
export class VerificationsController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'post',
    path: '/api/v1/verifications',
    operationId: 'startVerification',
    summary: 'Starts to verify the archive, or a part of it; one at a time.',
    tags: ['verification'],
    body: verificationBody,
    responses: { 202: { description: 'It runs.', schema: jobView } },
  })
  async start(
    @Req() request: IncomingMessage,
    @Body({ schema: verificationBody }) { level, chains }: z.infer<typeof verificationBody>,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<z.infer<typeof jobView>> {
    const job = await this.#audit.current.verifications.start(principalOf(request).id, { level, chains: chainsOf(chains) });
    response.setHeader('Location', `/api/v1/jobs/${job.id}`);
    return viewOf(job);
  }

  @Route({
    method: 'get',
    path: '/api/v1/jobs/{id}',
    operationId: 'readJob',
    summary: 'How far a job is, and what came of it. Jobs do not outlive a restart of the service.',
    tags: ['verification'],
    params: jobParams,
    responses: { 200: { description: 'The job.', schema: jobView } },
  })
  read(@Param({ schema: jobParams }) { id }: z.infer<typeof jobParams>): z.infer<typeof jobView> {
    return viewOf(this.#audit.current.verifications.find(id));
  }

  @Route({
    method: 'get',
    path: '/api/v1/jobs/{id}/report',
    operationId: 'readJobReport',
    summary: 'The whole report of a verification, with the texts of its findings.',
    tags: ['verification'],
    params: jobParams,
    responses: { 200: { description: 'A report, format holdfast-report/1.', contentType: 'application/json' } },
  })
  report(@Param({ schema: jobParams }) { id }: z.infer<typeof jobParams>, @Res() response: ServerResponse): void {
    const { document, state } = this.#audit.current.verifications.find(id);
    if (document === undefined) throw new HoldfastError('job_missing', `This job is ${state}: it has no report.`);
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Disposition', `attachment; filename="holdfast-report-${document.time.slice(0, 10)}.json"`);
    // The bytes whose SHA-256 was sealed.
    response.end(JSON.stringify(document));
  }

  @Route({
    method: 'delete',
    path: '/api/v1/jobs/{id}',
    operationId: 'cancelJob',
    summary: 'Cancels a job; one that has ended stays as it is.',
    tags: ['verification'],
    params: jobParams,
    responses: { 200: { description: 'The job.', schema: jobView } },
  })
  async cancel(@Param({ schema: jobParams }) { id }: z.infer<typeof jobParams>): Promise<z.infer<typeof jobView>> {
    return viewOf(await this.#audit.current.verifications.cancel(id));
  }
}
