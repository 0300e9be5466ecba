import type { Client, estypes } from '@elastic/elasticsearch';
import type { SearchHit } from '@holdfast/ports';
import { call, ElasticFailure } from './elastic-errors.js';

export type Place = Pick<SearchHit, 'sentAt' | 'order'>;

type Dsl = estypes.QueryDslQueryContainer;

export interface PageRequest {
  readonly newest: boolean;
  readonly limit: number;
  readonly after?: Place;
  /** Whether to count all that match. */
  readonly total: boolean;
  readonly signal?: AbortSignal;
}

const SCAN_PAGE = 5000;
const CHAINS_AT_ONCE = 1000;
const KEEP_ALIVE = '5m';
const FIELDS = ['id', 'chain', 'seq', 'sentAt', 'order'];

function one(fields: Record<string, unknown> | undefined, name: string): unknown {
  const values = fields?.[name];
  return Array.isArray(values) ? (values[0] as unknown) : undefined;
}

function hitOf({ fields }: { readonly fields?: Record<string, unknown> }): SearchHit {
  const [id, chain, seq, sent, order] = FIELDS.map((name) => one(fields, name));
  // Dates come back in the format of the mapping: milliseconds, as text.
  const sentAt = typeof sent === 'string' ? Number(sent) : sent;
  if (typeof id !== 'string' || typeof chain !== 'string' || typeof seq !== 'number' || typeof order !== 'string' || typeof sentAt !== 'number') {
    throw new ElasticFailure({ type: 'hit_incomplete' });
  }
  return { id, chain, seq, sentAt, order };
}

/** An answer counts only when it is whole: every shard, in time. */
function whole<T extends { readonly timed_out: boolean; readonly _shards: { readonly failed: number } }>(answer: T): T {
  if (answer.timed_out || answer._shards.failed > 0) throw new ElasticFailure({ type: 'partial_answer' });
  return answer;
}

/** Hits page by page from one state of the indices. */
export interface Scan {
  readonly page: readonly SearchHit[];
  /** Reads the next page; false when there is none. */
  next(): Promise<boolean>;
  close(): Promise<void>;
}

/** Searches that are exact or fail: everything in filters, no scores, no partial answers. */
export class ElasticSearcher {
  readonly #client: Client;
  readonly #attempts: number;

  constructor(client: Client, attempts: number) {
    this.#client = client;
    this.#attempts = attempts;
  }

  async page(index: string[], query: Dsl, request: PageRequest): Promise<{ readonly hits: readonly SearchHit[]; readonly total: number }> {
    const order = request.newest ? 'desc' : 'asc';
    const { hits } = await this.#search(
      {
        index,
        allow_partial_search_results: false,
        query: { bool: { filter: [query] } },
        size: request.limit,
        sort: [{ sentAt: { order } }, { order: { order } }],
        track_total_hits: request.total,
        ...(request.after === undefined ? {} : { search_after: [request.after.sentAt, request.after.order] }),
      },
      request.signal,
    );
    const total = typeof hits.total === 'number' ? hits.total : (hits.total?.value ?? 0);
    return { hits: hits.hits.map(hitOf), total };
  }

  async count(index: string[], query: Dsl): Promise<number> {
    const { hits } = await this.#search(
      { index, allow_partial_search_results: false, query: { bool: { filter: [query] } }, size: 0, track_total_hits: true },
      undefined,
    );
    return typeof hits.total === 'number' ? hits.total : (hits.total?.value ?? 0);
  }

  /** Up to a thousand names of chains that documents bear, ascending, behind `after`. */
  async chains(index: string[], after: string | undefined): Promise<readonly string[]> {
    const composite = {
      size: CHAINS_AT_ONCE,
      sources: [{ chain: { terms: { field: 'chain' } } }],
      ...(after === undefined ? {} : { after: { chain: after } }),
    };
    const { aggregations } = await this.#search(
      { index, allow_partial_search_results: false, size: 0, track_total_hits: false, aggregations: { chains: { composite } } },
      undefined,
    );
    // The client types an aggregation as the union of all kinds; this is the kind that was asked for.
    const { buckets } = (aggregations?.['chains'] ?? { buckets: [] }) as estypes.AggregationsCompositeAggregate;
    return Object.values(buckets).map(({ key }) => String(key['chain']));
  }

  /** Opens a point in time and reads the first page. */
  async scan(index: string[], query: Dsl, sort: readonly ('sentAt' | 'order')[], signal: AbortSignal | undefined): Promise<Scan> {
    let pit = (await call(() => this.#client.openPointInTime({ index, keep_alive: KEEP_ALIVE }), this.#attempts, signal)).id;
    let last: estypes.SortResults | undefined;
    let page: readonly SearchHit[] = [];
    const next = async (): Promise<boolean> => {
      const answer = await this.#search(
        {
          pit: { id: pit, keep_alive: KEEP_ALIVE },
          allow_partial_search_results: false,
          query: { bool: { filter: [query] } },
          size: SCAN_PAGE,
          sort: sort.map((field) => ({ [field]: { order: 'asc' as const } })),
          track_total_hits: false,
          ...(last === undefined ? {} : { search_after: last }),
        },
        signal,
      );
      // The server may give the point in time another name with every answer.
      pit = answer.pit_id ?? pit;
      last = answer.hits.hits.at(-1)?.sort;
      page = answer.hits.hits.map(hitOf);
      return page.length > 0;
    };
    const close = async (): Promise<void> => {
      // Only a courtesy: a point in time that cannot be closed now ends by itself, and the hits given out stay right.
      await Promise.allSettled([this.#client.closePointInTime({ id: pit })]);
    };
    try {
      await next();
    } catch (error) {
      await close();
      throw error;
    }
    return {
      get page() {
        return page;
      },
      next,
      close,
    };
  }

  async #search(body: estypes.SearchRequest, signal: AbortSignal | undefined): Promise<estypes.SearchResponse> {
    return whole(
      await call(
        () =>
          this.#client.search({ ...body, _source: false, docvalue_fields: body.size === 0 ? [] : FIELDS }, signal === undefined ? {} : { signal }),
        this.#attempts,
        signal,
      ),
    );
  }
}
