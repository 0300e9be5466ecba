import { boundedSentAt, checkPublishable, refusal } from '@holdfast/ports';
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
import { matches, TOKENIZER_VERSION } from '@holdfast/query';
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';

/** The durable steps of an index, for the fault hook: what a crash can fall before or after. */
export type IndexOp = 'write' | 'refresh' | 'publish' | 'beginRebuild' | 'finishRebuild' | 'search';

/** Both may throw or wait. `before`: nothing has happened yet; `after`: it has been applied, and a throw reports it failed all the same. */
export interface IndexFaults {
  before?: ((op: IndexOp) => void | Promise<void>) | undefined;
  after?: ((op: IndexOp) => void | Promise<void>) | undefined;
}

interface Entry {
  readonly document: IndexDocument;
  readonly unindexed: boolean;
}

interface Generation {
  readonly tokenizer: string;
  readonly entries: Map<string, Entry>;
  position: Position;
  failure?: IndexFailure | undefined;
}

/** What several handles share, as several processes share an engine. */
export class MemoryIndexStore {
  current: Generation | undefined;
  building: Generation | undefined;
  /** While true every call fails as if the engine could not be reached. */
  down = false;
  #made = 0;

  /** What somebody does who can write to the engine: what it holds under `id` is another document, or nothing. */
  plant(id: string, document: IndexDocument | undefined): void {
    if (this.current === undefined) throw new Error('there is no index yet');
    this.current.entries.delete(id);
    if (document === undefined) return;
    const stored = { ...structuredClone(document), sentAt: boundedSentAt(document) };
    this.current.entries.set(id, { document: stored, unindexed: refusal(document) === 'certain' });
  }

  create(tokenizer: string): Generation {
    this.#made += 1;
    return { tokenizer, entries: new Map(), position: { chains: {}, governance: 0, generation: `memory-${String(this.#made)}` } };
  }
}

export interface MemoryRecordIndexOptions {
  readonly store?: MemoryIndexStore;
  readonly tokenizer?: string;
  readonly faults?: IndexFaults;
  /** Documents to refuse as an engine would. */
  readonly refuses?: (document: IndexDocument) => boolean;
}

function hitOf({ document }: Entry): SearchHit {
  return { id: document.id, chain: document.chain, seq: document.seq, sentAt: document.sentAt, order: document.order };
}

/** Names of members that differ, ascending. */
function differing(expected: IndexDocument, { document, unindexed }: Entry): string[] {
  if (unindexed !== (refusal(expected) === 'certain') && !(unindexed && refusal(expected) === 'possible')) return ['unindexed'];
  const wanted = { ...expected, sentAt: boundedSentAt(expected) };
  const names = Object.keys(wanted) as (keyof IndexDocument)[];
  return names.filter((name) => JSON.stringify(wanted[name]) !== JSON.stringify(document[name])).sort();
}

type Place = Pick<SearchHit, 'sentAt' | 'order'>;

function compare(a: Place, b: Place): number {
  return a.sentAt - b.sentAt || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0);
}

/**
 * The index as the matcher sees it. Harsher than a real one where the port allows it: documents are durable at once, so a
 * crash before `publish` leaves them behind, invisible.
 */
export class MemoryRecordIndex implements RecordIndex {
  readonly #store: MemoryIndexStore;
  readonly #tokenizer: string;
  readonly #faults: IndexFaults;
  readonly #refuses: (document: IndexDocument) => boolean;
  readonly #written = new Map<string, number>();
  #generation: Generation | undefined;

  constructor(options: MemoryRecordIndexOptions = {}) {
    this.#store = options.store ?? new MemoryIndexStore();
    this.#tokenizer = options.tokenizer ?? TOKENIZER_VERSION;
    this.#faults = options.faults ?? {};
    this.#refuses = options.refuses ?? ((): boolean => false);
  }

  async open(): Promise<IndexStatus> {
    await this.#reach();
    this.#generation = this.#store.current ??= this.#store.create(this.#tokenizer);
    this.#written.clear();
    return this.#statusOf(this.#generation);
  }

  async write(documents: readonly IndexDocument[]): Promise<{ readonly written: number; readonly unindexed: number }> {
    await this.#step('before', 'write');
    const generation = this.#writable();
    let written = 0;
    let unindexed = 0;
    for (const document of documents) {
      this.#written.set(document.chain, Math.max(this.#written.get(document.chain) ?? -1, document.seq));
      if (generation.entries.has(document.id)) continue;
      const refused = refusal(document) === 'certain' || this.#refuses(document);
      const sentAt = boundedSentAt(document);
      generation.entries.set(document.id, { document: { ...structuredClone(document), sentAt }, unindexed: refused });
      if (refused) unindexed += 1;
      else written += 1;
    }
    await this.#step('after', 'write');
    return { written, unindexed };
  }

  async publish(position: Position): Promise<void> {
    await this.#step('before', 'refresh');
    const generation = this.#writable();
    checkPublishable(generation.position, position, this.#written);
    await this.#step('after', 'refresh');
    await this.#step('before', 'publish');
    generation.position = structuredClone(position);
    // A write may have come in between: what it wrote is for the next publish.
    for (const [chain, seq] of this.#written) if (seq < (position.chains[chain] ?? 0)) this.#written.delete(chain);
    await this.#step('after', 'publish');
  }

  async status(): Promise<IndexStatus> {
    await this.#reach();
    return this.#statusOf(this.#current());
  }

  async search(request: SearchRequest): Promise<SearchPage> {
    await this.#step('before', 'search');
    if (!Number.isInteger(request.limit) || request.limit < 1 || request.limit > 1000) {
      throw new HoldfastError('bad_request', 'a page holds 1 to 1,000 hits');
    }
    stopIf(request.signal);
    const generation = this.#searchable();
    const sign = request.sort === 'newest' ? -1 : 1;
    const found = this.#matching(generation, request.query).sort((a, b) => sign * compare(a, b));
    const { after } = request;
    const rest = after === undefined ? found : found.filter((hit) => sign * compare(hit, after) > 0);
    return {
      total: found.length,
      hits: rest.slice(0, request.limit),
      more: rest.length > request.limit,
      unindexed: this.#statusOf(generation).unindexed,
      position: generation.position,
      ...(generation.failure !== undefined && { failure: generation.failure }),
    };
  }

  async *ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit> {
    await this.#step('before', 'search');
    for (const hit of this.#matching(this.#searchable(), query).sort(compare)) {
      stopIf(signal);
      yield hit;
    }
  }

  async around(
    conversation: string,
    at: Place,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }> {
    await this.#step('before', 'search');
    const hits = this.#visible(this.#searchable())
      .filter(({ document }) => document.conversation === conversation)
      .map(hitOf)
      .sort(compare);
    const earlier = hits.filter((hit) => compare(hit, at) < 0);
    return {
      before: earlier.slice(Math.max(0, earlier.length - before)),
      after: hits.filter((hit) => compare(hit, at) > 0).slice(0, after),
    };
  }

  async *all(chain: string): AsyncIterable<SearchHit> {
    await this.#step('before', 'search');
    const hits = this.#visible(this.#current())
      .filter(({ document }) => document.chain === chain)
      .map(hitOf);
    yield* hits.sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  async compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]> {
    await this.#step('before', 'search');
    const { entries } = this.#searchable();
    return documents.flatMap((document): DocumentDifference[] => {
      const entry = entries.get(document.id);
      if (entry === undefined) return [{ id: document.id, kind: 'missing', members: [] }];
      const members = differing(document, entry);
      return members.length === 0 ? [] : [{ id: document.id, kind: 'altered', members }];
    });
  }

  async *held(chain: string, from: string, to: string | undefined): AsyncIterable<SearchHit> {
    await this.#step('before', 'search');
    const hits = [...this.#current().entries.values()].map(hitOf).filter((hit) => hit.chain === chain && hit.order >= from);
    yield* hits.filter(({ order }) => to === undefined || order < to).sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  async *heldChains(): AsyncIterable<string> {
    await this.#step('before', 'search');
    yield* new Set([...this.#current().entries.values()].map(({ document }) => document.chain).sort());
  }

  async inspect(): Promise<readonly string[]> {
    await this.#step('before', 'search');
    return [];
  }

  async mark(failure: IndexFailure | undefined): Promise<void> {
    await this.#reach();
    this.#current().failure = failure;
  }

  async beginRebuild(): Promise<IndexStatus> {
    await this.#step('before', 'beginRebuild');
    const generation = this.#store.create(this.#tokenizer);
    this.#store.building = generation;
    this.#generation = generation;
    this.#written.clear();
    await this.#step('after', 'beginRebuild');
    return this.#statusOf(generation);
  }

  async finishRebuild(): Promise<void> {
    await this.#step('before', 'finishRebuild');
    const { building } = this.#store;
    if (building === undefined || building !== this.#generation) throw new HoldfastError('bad_request', 'no rebuild was begun by this handle');
    if (this.#written.size > 0) throw new HoldfastError('bad_request', 'publish what was written before the rebuild is finished');
    this.#store.current = building;
    this.#store.building = undefined;
    await this.#step('after', 'finishRebuild');
  }

  close(): Promise<void> {
    this.#generation = undefined;
    return Promise.resolve();
  }

  async #step(moment: 'before' | 'after', op: IndexOp): Promise<void> {
    await this.#reach();
    await this.#faults[moment]?.(op);
  }

  async #reach(): Promise<void> {
    // A real engine always answers later; a caller that relies on the same tick must fail here too.
    await Promise.resolve();
    if (this.#store.down) throw new HoldfastError('index_unavailable', 'the index cannot be reached');
  }

  #current(): Generation {
    const { current } = this.#store;
    if (current === undefined) throw new HoldfastError('index_unavailable', 'the index was not opened');
    return current;
  }

  #searchable(): Generation {
    const current = this.#current();
    this.#checkTokenizer(current);
    return current;
  }

  #writable(): Generation {
    const generation = this.#generation;
    if (generation === undefined) throw new HoldfastError('index_unavailable', 'the index was not opened');
    if (generation !== this.#store.current && generation !== this.#store.building) {
      throw new HoldfastError('index_unavailable', 'the generation was replaced: open the index again');
    }
    this.#checkTokenizer(generation);
    return generation;
  }

  #checkTokenizer(generation: Generation): void {
    if (generation.tokenizer !== this.#tokenizer) {
      throw new HoldfastError('index_rebuild_needed', `the index was made by tokenizer ${generation.tokenizer}, this is ${this.#tokenizer}`);
    }
  }

  #visible(generation: Generation): Entry[] {
    const { chains } = generation.position;
    return [...generation.entries.values()].filter(({ document }) => document.seq < (chains[document.chain] ?? 0));
  }

  #matching(generation: Generation, query: Query): SearchHit[] {
    return this.#visible(generation)
      .filter(({ document, unindexed }) => !unindexed && matches(query, document))
      .map(hitOf);
  }

  #statusOf(generation: Generation): IndexStatus {
    const visible = this.#visible(generation);
    const unindexed = visible.filter((entry) => entry.unindexed).length;
    return {
      position: generation.position,
      documents: visible.length,
      unindexed,
      tokenizer: generation.tokenizer,
      ...(generation.failure !== undefined && { failure: generation.failure }),
    };
  }
}

function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HoldfastError('stopped', 'the search was stopped');
}
