import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { RecordDetail, RecordView } from '@holdfast/discovery';
import { Route, principalOf } from '@holdfast/platform';
import type { z } from 'zod';
import { Audit } from './audit.js';
import { contextQuery, contextResult, recordDetail, recordParams } from './wire.js';

@Controller()
export class RecordsController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'get',
    path: '/api/v1/records/{id}',
    operationId: 'openRecord',
    summary: 'Opens a record from the vault, with its original bytes and its proof.',
    tags: ['records'],
    params: recordParams,
    responses: { 200: { description: 'The record.', schema: recordDetail } },
  })
  open(@Req() request: IncomingMessage, @Param({ schema: recordParams }) { id }: z.infer<typeof recordParams>): Promise<RecordDetail> {
    return this.#audit.current.discovery.open(principalOf(request).id, id);
  }

  @Route({
    method: 'get',
    path: '/api/v1/records/{id}/context',
    operationId: 'readContext',
    summary: 'A record and what was said before and after it in its conversation.',
    tags: ['records'],
    params: recordParams,
    query: contextQuery,
    responses: { 200: { description: 'A page of the conversation.', schema: contextResult } },
  })
  context(
    @Req() request: IncomingMessage,
    @Param({ schema: recordParams }) { id }: z.infer<typeof recordParams>,
    @Query({ schema: contextQuery }) { before, after }: z.infer<typeof contextQuery>,
  ): Promise<{ readonly before: readonly RecordView[]; readonly record: RecordDetail; readonly after: readonly RecordView[] }> {
    return this.#audit.current.discovery.context(principalOf(request).id, id, before, after);
  }

  @Route({
    method: 'get',
    path: '/api/v1/records/{id}/raw',
    operationId: 'rawRecord',
    summary: 'The value of a record, byte for byte as it was received.',
    tags: ['records'],
    params: recordParams,
    responses: {
      200: { description: 'The bytes; empty for an empty value.', contentType: 'application/octet-stream' },
      204: { description: 'The record has no value (null).' },
    },
  })
  async raw(
    @Req() request: IncomingMessage,
    @Param({ schema: recordParams }) { id }: z.infer<typeof recordParams>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const { record } = await this.#audit.current.discovery.open(principalOf(request).id, id);
    if (record.value === null) {
      response.statusCode = 204;
      response.end();
      return;
    }
    // Whoever wrote the message chose these bytes: a browser must neither guess a type nor run them in our name.
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
    // An id that was opened has only letters, digits and . _ ~ -
    response.setHeader('Content-Disposition', `attachment; filename="${id}.bin"`);
    response.end(Buffer.from(record.value.base64url, 'base64url'));
  }
}
