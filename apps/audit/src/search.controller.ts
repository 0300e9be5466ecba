import type { IncomingMessage } from 'node:http';
import { Controller, Inject, Query, Req } from '@nestjs/common';
import type { SearchResult } from '@holdfast/discovery';
import { ProblemError, Route, principalOf } from '@holdfast/platform';
import type { z } from 'zod';
import { Audit } from './audit.js';
import { refusedQuery, searchQuery, searchResult } from './wire.js';

@Controller()
export class SearchController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'get',
    path: '/api/v1/search',
    operationId: 'search',
    summary: 'Searches the archive; what is shown was read from the vault and checked, and the access is sealed first.',
    tags: ['search'],
    query: searchQuery,
    responses: {
      200: { description: 'A page of results.', schema: searchResult },
      422: { description: 'The query was refused.', schema: refusedQuery },
    },
  })
  async search(@Req() request: IncomingMessage, @Query({ schema: searchQuery }) query: z.infer<typeof searchQuery>): Promise<SearchResult> {
    const { q, sort, limit, cursor } = query;
    const result = await this.#audit.current.discovery.search(principalOf(request).id, q, { sort, limit, ...(cursor !== undefined && { cursor }) });
    if (result.ok) return result;
    const { errors, warnings } = result;
    throw new ProblemError('query_refused', 'The query cannot mean what it says; its errors say where and why.', { errors, warnings });
  }
}
