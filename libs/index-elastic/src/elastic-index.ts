import type { Client, estypes } from '@elastic/elasticsearch';
import type {
  DocumentDifference,
  IndexDocument,
  IndexFailure,
  IndexStatus,
  Position,
  RecordIndex,
  SearchHit,
  SearchPage,
  SearchRequest,
} from '@holdfast/ports';
import { TOKENIZER_VERSION } from '@holdfast/query';
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';
import { BulkWriter, type Written } from './bulk-writer.js';
import type { Cursor, CursorState } from './cursor.js';
import { ElasticComparison } from './elastic-compare.js';
import { facet } from './elastic-document.js';
import { ElasticFailure, stopIf } from './elastic-errors.js';
import { inspectIndices } from './elastic-inspect.js';
import { ElasticNames } from './elastic-names.js';
import { checkPrefix, connect, type ElasticIndexOptions } from './elastic-options.js';
import { toDsl } from './elastic-query.js';
import { ElasticSearcher, type Place } from './elastic-searcher.js';
import { ElasticWriter, type WriterParts } from './elastic-writer.js';
import { FailureMark } from './failure-mark.js';
import { Generations } from './generations.js';
import { visible, type View } from './visible.js';

type Dsl = estypes.QueryDslQueryContainer;

const MIB = 1024 * 1024;
const MAX_PAGE = 1000;
// How often a search looks again after the cursor moved under it, before it asks in the way that no move can disturb.
const LOOKS = 3;

/** The search index of a cluster, on Elasticsearch 8.x or 9.x. */
export class ElasticRecordIndex implements RecordIndex {
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #generations: Generations;
  readonly #searcher: ElasticSearcher;
  readonly #parts: WriterParts;
  readonly #tokenizer: string;
  readonly #mark: FailureMark;
  readonly #attempts: number;
  #writer: ElasticWriter | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ElasticIndexOptions) {
    this.#client = connect(options);
    const attempts = options.attempts ?? 4;
    this.#names = new ElasticNames(checkPrefix(options.prefix));
    this.#generations = new Generations(this.#client, this.#names, options.shards ?? 1, attempts);
    this.#searcher = new ElasticSearcher(this.#client, attempts);
    const bulk = new BulkWriter(this.#client, {
      bytes: options.bulkBytes ?? 4 * MIB,
      inFlight: options.bulksInFlight ?? 3,
      attempts: options.bulkAttempts ?? 10,
    });
    this.#parts = { client: this.#client, names: this.#names, generations: this.#generations, searcher: this.#searcher, bulk, attempts };
    this.#tokenizer = options.tokenizer ?? TOKENIZER_VERSION;
    this.#mark = new FailureMark(this.#client, this.#names, attempts);
    this.#attempts = attempts;
  }

  open(): Promise<IndexStatus> {
    return this.#inTurn(async () => {
      this.#writer = undefined;
      const cursor = await this.#generations.open(this.#tokenizer);
      this.#writer = new ElasticWriter(this.#parts, cursor, false);
      return await this.#statusOf({ state: cursor.state, sealed: true });
    });
  }

  write(documents: readonly IndexDocument[]): Promise<Written> {
    return this.#inTurn(async () => await this.#writable().write(documents));
  }

  publish(position: Position): Promise<void> {
    return this.#inTurn(async () => await this.#writable().publish(position));
  }

  async status(): Promise<IndexStatus> {
    return await this.#inGeneration((view) => this.#statusOf(view));
  }

  async search(request: SearchRequest): Promise<SearchPage> {
    const { query, sort, limit, after, signal } = request;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new HoldfastError('bad_request', 'a page holds 1 to 1,000 hits');
    stopIf(signal);
    return await this.#inGeneration(async (view) => {
      const { state } = view;
      this.#checkTokenizer(state);
      const indices = this.#names.search(state.position.generation);
      const [{ hits, total }, unindexed, failure] = await Promise.all([
        this.#searcher.page(indices, visible(view, toDsl(query), false), {
          newest: sort === 'newest',
          // One more than asked for tells whether more follow.
          limit: limit + 1,
          total: true,
          ...(after === undefined ? {} : { after }),
          ...(signal === undefined ? {} : { signal }),
        }),
        this.#count(view, true),
        this.#mark.read(state.position.generation),
      ]);
      return {
        total,
        hits: hits.slice(0, limit),
        more: hits.length > limit,
        unindexed,
        position: state.position,
        ...(failure !== undefined && { failure }),
      };
    });
  }

  ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit> {
    const checked = (view: View): Dsl => {
      this.#checkTokenizer(view.state);
      return visible(view, toDsl(query), false);
    };
    return this.#stream(checked, ['sentAt', 'order'], signal);
  }

  async around(
    conversation: string,
    at: Place,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }> {
    return await this.#inGeneration(async (view) => {
      const { state } = view;
      this.#checkTokenizer(state);
      const indices = this.#names.search(state.position.generation);
      const query = visible(view, { term: { conversation: { value: facet(conversation) } } }, undefined);
      const side = async (newest: boolean, limit: number): Promise<readonly SearchHit[]> =>
        limit === 0 ? [] : (await this.#searcher.page(indices, query, { newest, limit, after: at, total: false })).hits;
      const [earlier, later] = await Promise.all([side(true, before), side(false, after)]);
      return { before: [...earlier].reverse(), after: later };
    });
  }

  all(chain: string): AsyncIterable<SearchHit> {
    return this.#stream((view) => visible(view, { term: { chain: { value: chain } } }, undefined), ['order'], undefined);
  }

  compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]> {
    return this.#inGeneration(async ({ state }) => {
      this.#checkTokenizer(state);
      return await new ElasticComparison(this.#client, this.#names, state.position.generation, this.#attempts).compare(documents);
    });
  }

  held(chain: string, from: string, to: string | undefined): AsyncIterable<SearchHit> {
    const query: Dsl = {
      bool: { filter: [{ term: { chain: { value: chain } } }, { range: { order: { gte: from, ...(to === undefined ? {} : { lt: to }) } } }] },
    };
    return this.#stream(() => query, ['order'], undefined);
  }

  async *heldChains(): AsyncGenerator<string> {
    const index = this.#names.search((await this.#currentCursor()).state.position.generation);
    for (let after: string | undefined, names: readonly string[]; ; after = names.at(-1)) {
      names = await this.#searcher.chains(index, after);
      if (names.length === 0) return;
      yield* names;
    }
  }

  inspect(): Promise<readonly string[]> {
    return this.#inGeneration(({ state }) => inspectIndices(this.#client, this.#names, state.position.generation, this.#attempts));
  }

  async mark(failure: IndexFailure | undefined): Promise<void> {
    await this.#mark.write((await this.#currentCursor()).state.position.generation, failure);
  }

  beginRebuild(): Promise<IndexStatus> {
    return this.#inTurn(async () => {
      this.#checkOpen();
      await this.#generations.deleteAbandoned();
      const cursor = await this.#generations.create(this.#tokenizer);
      this.#writer = new ElasticWriter(this.#parts, cursor, true);
      return { position: cursor.state.position, documents: 0, unindexed: 0, tokenizer: cursor.state.tokenizer };
    });
  }

  finishRebuild(): Promise<void> {
    return this.#inTurn(async () => await this.#writable().takeOver());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer = undefined;
    await this.#client.close();
  }

  /** One change at a time: a write that overtook a publish would be left out of it and still count as covered. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.then(
      () => undefined,
      // Whoever called hears of the failure; the next one only waits for the end.
      () => undefined,
    );
    return turn;
  }

  #checkOpen(): ElasticWriter {
    if (this.#writer === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return this.#writer;
  }

  #writable(): ElasticWriter {
    const writer = this.#checkOpen();
    this.#checkTokenizer(writer.state);
    return writer;
  }

  #checkTokenizer({ tokenizer }: CursorState): void {
    if (tokenizer !== this.#tokenizer) {
      throw new HoldfastError('index_rebuild_needed', `the index was made by tokenizer ${tokenizer}, this is ${this.#tokenizer}`);
    }
  }

  async #count(view: View, unindexed: boolean | undefined): Promise<number> {
    return await this.#searcher.count(this.#names.search(view.state.position.generation), visible(view, { match_all: {} }, unindexed));
  }

  async #statusOf(view: View): Promise<IndexStatus> {
    const { position, tokenizer } = view.state;
    const [documents, unindexed, failure] = await Promise.all([
      this.#count(view, undefined),
      this.#count(view, true),
      this.#mark.read(position.generation),
    ]);
    return { position, documents, unindexed, tokenizer, ...(failure !== undefined && { failure }) };
  }

  /**
   * Runs `work` in the current generation, and again in the next one when a rebuild took it away meanwhile. When the cursor
   * moved while `work` looked, a chain may have been announced, written and refreshed that its filter did not name: it looks
   * again.
   */
  async #inGeneration<T>(work: (view: View) => Promise<T>, discard?: (result: T) => Promise<void>): Promise<T> {
    let before = await this.#currentCursor();
    for (let look = 1; ; look += 1) {
      const sealed = look > LOOKS;
      let result: T | undefined;
      let failed: ElasticFailure | undefined;
      try {
        result = await work({ state: before.state, sealed });
        if (sealed) return result;
      } catch (error) {
        if (!(error instanceof ElasticFailure)) throw error;
        failed = error;
      }
      const after = await this.#currentCursor();
      if (failed !== undefined && after.state.position.generation === before.state.position.generation) throw failed;
      if (result !== undefined) {
        if (
          after.seqNo === before.seqNo &&
          after.primaryTerm === before.primaryTerm &&
          after.state.position.generation === before.state.position.generation
        )
          return result;
        await discard?.(result);
      }
      before = after;
    }
  }

  async #currentCursor(): Promise<Cursor> {
    const cursor = await this.#generations.cursors.current();
    if (cursor === undefined) throw new HoldfastError('index_unavailable', 'the search index is not open');
    return cursor;
  }

  async *#stream(queryOf: (view: View) => Dsl, sort: readonly ('sentAt' | 'order')[], signal: AbortSignal | undefined): AsyncGenerator<SearchHit> {
    stopIf(signal);
    // The first page belongs to the retry: nothing was given out yet, so it may come from the next generation.
    const scan = await this.#inGeneration(
      (view) => this.#searcher.scan(this.#names.search(view.state.position.generation), queryOf(view), sort, signal),
      (begun) => begun.close(),
    );
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
