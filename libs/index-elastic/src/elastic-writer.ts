import type { Client } from '@elastic/elasticsearch';
import { checkPublishable } from '@holdfast/ports';
import type { CohortName, IndexDocument, Position } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { BulkWriter, Written } from './bulk-writer.js';
import type { Cursor, CursorState } from './cursor.js';
import { call, ElasticFailure } from './elastic-errors.js';
import type { ElasticNames } from './elastic-names.js';
import type { ElasticSearcher } from './elastic-searcher.js';
import type { Generations } from './generations.js';
import { beyond } from './visible.js';

// Chains of the last publish stay announced, so that the next write of them need not; many would slow every search down.
const MAX_ANNOUNCED = 16;

/** What a writer works with. */
export interface WriterParts {
  readonly client: Client;
  readonly names: ElasticNames;
  readonly generations: Generations;
  readonly searcher: ElasticSearcher;
  readonly bulk: BulkWriter;
  readonly attempts: number;
}

const keyOf = ({ className, period }: CohortName): string => `${className}/${period}`;

/** Writes one generation. One call at a time. */
export class ElasticWriter {
  readonly #parts: WriterParts;
  readonly #generation: string;
  #cursor: Cursor;
  #rebuild: boolean;
  /** Data indices that are known to exist. */
  readonly #indices = new Set<string>();
  /** Data indices with something to refresh. */
  readonly #touched = new Set<string>();
  /** Chain → highest seq written since the last publish. */
  readonly #highest = new Map<string, number>();
  /** Chains that an earlier writer left open: it may have written further than this one has come. */
  #inherited: readonly string[];

  constructor(parts: WriterParts, cursor: Cursor, rebuild: boolean) {
    this.#parts = parts;
    this.#cursor = cursor;
    this.#rebuild = rebuild;
    this.#generation = cursor.state.position.generation;
    this.#inherited = cursor.state.open;
  }

  get state(): CursorState {
    return this.#cursor.state;
  }

  async write(documents: readonly IndexDocument[]): Promise<Written> {
    const { names, bulk } = this.#parts;
    await this.#announce(documents);
    const indices = new Map<string, string>();
    for (const { cohort } of documents) indices.set(keyOf(cohort), names.data(this.#generation, cohort));
    for (const index of new Set(indices.values())) {
      await this.#ensureIndex(index);
      this.#touched.add(index);
    }
    for (const { chain, seq } of documents) this.#highest.set(chain, Math.max(this.#highest.get(chain) ?? -1, seq));
    return await bulk.write(documents, ({ cohort }) => names.writeAlias(indices.get(keyOf(cohort)) ?? ''));
  }

  async publish(position: Position): Promise<void> {
    const { names, generations, searcher } = this.#parts;
    const { state } = this.#cursor;
    checkPublishable(state.position, position, this.#highest);
    // What an earlier writer left may lie in any index; it must be seen before its chains can be taken for complete.
    await this.#refresh(this.#inherited.length > 0 ? [names.pattern(this.#generation)] : [...this.#touched]);
    if (this.#inherited.length > 0) {
      const left = await searcher.count(names.search(this.#generation), beyond(this.#inherited, position));
      if (left === 0) this.#inherited = [];
    }
    const written = [...this.#highest.keys()];
    const open = new Set([...this.#inherited, ...(written.length <= MAX_ANNOUNCED ? written : [])]);
    // Documents are durable (each bulk was acknowledged from the translog) and refreshed, but the old position still hides
    // them. A crash here leaves them hidden; the next writer gets 409 for each and publishes them.
    this.#cursor = await generations.cursors.move(this.#cursor, { ...state, position, open: [...open] });
    this.#touched.clear();
    this.#highest.clear();
  }

  /** The generation that a rebuild wrote becomes the current one. */
  async takeOver(): Promise<void> {
    if (!this.#rebuild) throw new HoldfastError('bad_request', 'no rebuild was begun by this handle');
    if (this.#highest.size > 0) throw new HoldfastError('bad_request', 'publish what was written before the rebuild is finished');
    this.#cursor = await this.#parts.generations.switchTo(this.#cursor);
    this.#rebuild = false;
  }

  /** Names chains in the cursor before their documents are written: a search hides what is beyond the position, chain by chain. */
  async #announce(documents: readonly IndexDocument[]): Promise<void> {
    const { state } = this.#cursor;
    const open = new Set(state.open);
    for (const { chain } of documents) open.add(chain);
    if (open.size === state.open.length) return;
    this.#cursor = await this.#parts.generations.cursors.move(this.#cursor, { ...state, open: [...open] });
  }

  async #ensureIndex(index: string): Promise<void> {
    if (this.#indices.has(index)) return;
    // Fails when the generation is gone: its indices must not come back to life.
    await this.#parts.generations.cursors.of(this.#generation);
    await this.#parts.generations.createIndex(index);
    this.#indices.add(index);
  }

  async #refresh(index: string[]): Promise<void> {
    if (index.length === 0) return;
    const { _shards } = await call(() => this.#parts.client.indices.refresh({ index }), this.#parts.attempts);
    if (_shards === undefined || _shards.failed > 0) throw new ElasticFailure({ type: 'refresh_incomplete' });
  }
}
