import type { Client, estypes } from '@elastic/elasticsearch';
import { checkPublishable } from '@holdfast/ports';
import type { IndexDocument, IndexStatus, Position, RecordIndex, SearchHit, SearchPage, SearchRequest } from '@holdfast/ports';
import { TOKENIZER_VERSION } from '@holdfast/query';
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { BulkWriter, type Written } from './bulk-writer.js';
import type { Cursor, CursorState } from './cursor.js';
import { facet } from './elastic-document.js';
import { call, ElasticFailure, stopIf } from './elastic-errors.js';
import { ElasticNames } from './elastic-names.js';
import { checkPrefix, connect, type ElasticIndexOptions } from './elastic-options.js';
import { toDsl } from './elastic-query.js';
import { ElasticSearcher, type Place } from './elastic-searcher.js';
import { Generations } from './generations.js';

type Dsl = estypes.QueryDslQueryContainer;

const MIB = 1024 * 1024;
const MAX_PAGE = 1000;

/** What this handle knows of the generation it writes. */
interface Writing {
  cursor: Cursor;
  /** Data indices that are known to exist. */
  readonly indices: Set<string>;
  /** Data indices with something to refresh. */
  readonly touched: Set<string>;
  /** Chain → highest seq written since the last publish. */
  readonly highest: Map<string, number>;
  readonly rebuild: boolean;
}

/** The search index of a cluster, on Elasticsearch 8.x or 9.x. */
export class ElasticRecordIndex implements RecordIndex {
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #generations: Generations;
  readonly #searcher: ElasticSearcher;
  readonly #bulk: BulkWriter;
  readonly #attempts: number;
  readonly #tokenizer: string;
  #writing: Writing | undefined;
  #closed = false;

  constructor(options: ElasticIndexOptions) {
    this.#client = connect(options);
    this.#attempts = options.attempts ?? 4;
    this.#names = new ElasticNames(checkPrefix(options.prefix));
    this.#generations = new Generations(this.#client, this.#names, options.shards ?? 1, this.#attempts);
    this.#searcher = new ElasticSearcher(this.#client, this.#attempts);
    this.#bulk = new BulkWriter(this.#client, {
      bytes: options.bulkBytes ?? 4 * MIB,
      inFlight: options.bulksInFlight ?? 3,
      attempts: options.bulkAttempts ?? 10,
    });
    this.#tokenizer = options.tokenizer ?? TOKENIZER_VERSION;
  }

  async open(): Promise<IndexStatus> {
    this.#writing = undefined;
    const cursor = await this.#generations.open(this.#tokenizer);
    this.#writing = this.#startWriting(cursor, false);
    return await this.#statusOf(cursor.state);
  }

  async write(documents: readonly IndexDocument[]): Promise<Written> {
    const writing = this.#writable();
    await this.#announceChains(writing, documents);
    const { generation } = writing.cursor.state.position;
    const targets = new Map<string, string>();
    const targetOf = ({ cohort }: IndexDocument): string => {
      const key = `${cohort.className}/${cohort.period}`;
      let alias = targets.get(key);
      if (alias === undefined) {
        alias = this.#names.writeAlias(this.#names.data(generation, cohort));
        targets.set(key, alias);
      }
      return alias;
    };
    for (const index of new Set(documents.map(({ cohort }) => this.#names.data(generation, cohort)))) {
      await this.#ensureIndex(writing, index);
      writing.touched.add(index);
    }
    for (const { chain, seq } of documents) writing.highest.set(chain, Math.max(writing.highest.get(chain) ?? -1, seq));
    return await this.#bulk.write(documents, targetOf);
  }

  async publish(position: Position): Promise<void> {
    const writing = this.#writable();
    const { state } = writing.cursor;
    checkPublishable(state.position, position, writing.highest);
    if (writing.touched.size > 0) {
      const index = [...writing.touched];
      const { _shards } = await call(() => this.#client.indices.refresh({ index }), this.#attempts);
      if (_shards === undefined || _shards.failed > 0) throw new ElasticFailure({ type: 'refresh_incomplete' });
    }
    // Documents are durable (each bulk was acknowledged from the translog) and refreshed, but the old position still hides
    // them. A crash here leaves them hidden; the next writer gets 409 for each and publishes them.
    writing.cursor = await this.#generations.cursors.move(writing.cursor, { ...state, position });
    writing.touched.clear();
    writing.highest.clear();
  }

  async status(): Promise<IndexStatus> {
    return await this.#inGeneration((state) => this.#statusOf(state));
  }

  async search(request: SearchRequest): Promise<SearchPage> {
    const { query, sort, limit, after, signal } = request;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new HoldfastError('bad_request', 'a page holds 1 to 1,000 hits');
    stopIf(signal);
    return await this.#inGeneration(async (state) => {
      this.#checkTokenizer(state);
      const indices = this.#names.search(state.position.generation);
      const [{ hits, total }, unindexed] = await Promise.all([
        this.#searcher.page(indices, this.#visible(state, toDsl(query), false), {
          newest: sort === 'newest',
          // One more than asked for tells whether more follow.
          limit: limit + 1,
          total: true,
          ...(after === undefined ? {} : { after }),
          ...(signal === undefined ? {} : { signal }),
        }),
        this.#count(state, true),
      ]);
      return { total, hits: hits.slice(0, limit), more: hits.length > limit, unindexed, position: state.position };
    });
  }

  ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit> {
    const checked = (state: CursorState): Dsl => {
      this.#checkTokenizer(state);
      return this.#visible(state, toDsl(query), false);
    };
    return this.#stream(checked, ['sentAt', 'order'], signal);
  }

  async around(
    conversation: string,
    at: Place,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }> {
    return await this.#inGeneration(async (state) => {
      this.#checkTokenizer(state);
      const indices = this.#names.search(state.position.generation);
      const query = this.#visible(state, { term: { conversation: { value: facet(conversation) } } }, undefined);
      const side = async (newest: boolean, limit: number): Promise<readonly SearchHit[]> =>
        limit === 0 ? [] : (await this.#searcher.page(indices, query, { newest, limit, after: at, total: false })).hits;
      const [earlier, later] = await Promise.all([side(true, before), side(false, after)]);
      return { before: [...earlier].reverse(), after: later };
    });
  }

  all(chain: string): AsyncIterable<SearchHit> {
    return this.#stream((state) => this.#visible(state, { term: { chain: { value: chain } } }, undefined), ['order'], undefined);
  }

  async beginRebuild(): Promise<IndexStatus> {
    this.#checkOpen();
    await this.#generations.deleteAbandoned();
    const cursor = await this.#generations.create(this.#tokenizer);
    this.#writing = this.#startWriting(cursor, true);
    return { position: cursor.state.position, documents: 0, unindexed: 0, tokenizer: cursor.state.tokenizer };
  }

  async finishRebuild(): Promise<void> {
    const writing = this.#writable();
    if (!writing.rebuild) throw new HoldfastError('bad_request', 'no rebuild was begun by this handle');
    if (writing.highest.size > 0) throw new HoldfastError('bad_request', 'publish what was written before the rebuild is finished');
    const cursor = await this.#generations.switchTo(writing.cursor);
    this.#writing = { ...writing, cursor, rebuild: false };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#writing = undefined;
    await this.#client.close();
  }

  #startWriting(cursor: Cursor, rebuild: boolean): Writing {
    return { cursor, indices: new Set(), touched: new Set(), highest: new Map(), rebuild };
  }

  #checkOpen(): Writing {
    if (this.#writing === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return this.#writing;
  }

  #writable(): Writing {
    const writing = this.#checkOpen();
    this.#checkTokenizer(writing.cursor.state);
    return writing;
  }

  #checkTokenizer({ tokenizer }: CursorState): void {
    if (tokenizer !== this.#tokenizer) {
      throw new HoldfastError('index_rebuild_needed', `the index was made by tokenizer ${tokenizer}, this is ${this.#tokenizer}`);
    }
  }

  /** Names chains in the cursor before their first document: a search hides what is beyond the position, chain by chain. */
  async #announceChains(writing: Writing, documents: readonly IndexDocument[]): Promise<void> {
    const { state } = writing.cursor;
    const known = new Set(state.known);
    for (const { chain } of documents) known.add(chain);
    if (known.size === state.known.length) return;
    writing.cursor = await this.#generations.cursors.move(writing.cursor, { ...state, known: [...known] });
  }

  async #ensureIndex(writing: Writing, index: string): Promise<void> {
    if (writing.indices.has(index)) return;
    // Fails when the generation is gone: its indices must not come back to life.
    await this.#generations.cursors.of(writing.cursor.state.position.generation);
    await this.#generations.createIndex(index);
    writing.indices.add(index);
  }

  /** `query` over what the position covers; stubs only, complete documents only, or both. */
  #visible(state: CursorState, query: Dsl, unindexed: boolean | undefined): Dsl {
    const next = state.position.chains;
    // Few documents are beyond the position, and the range finds them first: this costs next to nothing per document.
    const beyond = state.known.map((chain): Dsl => ({
      bool: { filter: [{ term: { chain: { value: chain } } }, { range: { seq: { gte: next[chain] ?? 0 } } }] },
    }));
    const kind: Dsl = unindexed === undefined ? { exists: { field: 'unindexed' } } : { term: { unindexed: { value: unindexed } } };
    return { bool: { filter: [kind, query], must_not: beyond } };
  }

  async #count(state: CursorState, unindexed: boolean | undefined): Promise<number> {
    return await this.#searcher.count(this.#names.search(state.position.generation), this.#visible(state, { match_all: {} }, unindexed));
  }

  async #statusOf(state: CursorState): Promise<IndexStatus> {
    const [documents, unindexed] = await Promise.all([this.#count(state, undefined), this.#count(state, true)]);
    return { position: state.position, documents, unindexed, tokenizer: state.tokenizer };
  }

  /** Runs `work` in the current generation, and again in the next one when a rebuild took it away meanwhile. */
  async #inGeneration<T>(work: (state: CursorState) => Promise<T>): Promise<T> {
    for (;;) {
      const state = await this.#currentState();
      try {
        return await work(state);
      } catch (error) {
        if (!(error instanceof ElasticFailure) || (await this.#currentState()).position.generation === state.position.generation) throw error;
      }
    }
  }

  async #currentState(): Promise<CursorState> {
    const cursor = await this.#generations.cursors.current();
    if (cursor === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return cursor.state;
  }

  async *#stream(
    queryOf: (state: CursorState) => Dsl,
    sort: readonly ('sentAt' | 'order')[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SearchHit> {
    stopIf(signal);
    // The first page belongs to the retry: nothing was given out yet, so it may come from the next generation.
    const scan = await this.#inGeneration(async (state) => {
      const begun = await this.#searcher.scan(this.#names.search(state.position.generation), queryOf(state), sort, signal);
      return begun;
    });
    try {
      for (;;) {
        for (const hit of scan.page) {
          yield hit;
          stopIf(signal);
        }
        if (!(await scan.next())) return;
      }
    } finally {
      await scan.close();
    }
  }
}
