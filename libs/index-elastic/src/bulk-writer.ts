import type { Client } from '@elastic/elasticsearch';
import type { IndexDocument } from '@holdfast/ports';
import { setTimeout as delay } from 'node:timers/promises';
import { backoff, call, ElasticFailure, isMissingIndex, isTransient, replaced, typeOf, type Failure } from './elastic-errors.js';
import { idOf, sourceOf, stubOf } from './elastic-document.js';

export interface BulkSettings {
  readonly bytes: number;
  readonly inFlight: number;
  readonly attempts: number;
}

export interface Written {
  readonly written: number;
  readonly unindexed: number;
}

/** One document on its way: two lines of a bulk request. */
interface Entry {
  readonly document: IndexDocument;
  readonly action: string;
  readonly source: string;
  readonly bytes: number;
  readonly stub: boolean;
}

type Outcome = 'created' | 'known' | 'refused' | 'again';

// What Elasticsearch answers about the document itself. Any other 400 is about us or the index, and stops the writer.
const REFUSALS: ReadonlySet<string> = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
  'illegal_argument_exception',
  'max_bytes_length_exceeded_exception',
]);

function entry(index: string, document: IndexDocument, stub: boolean): Entry {
  const action = JSON.stringify({ create: { _index: index, _id: idOf(document.id) } });
  const source = stub ? stubOf(document) : sourceOf(document);
  return { document, action, source, bytes: Buffer.byteLength(action) + Buffer.byteLength(source) + 2, stub };
}

function outcomeOf(item: unknown): Outcome {
  // With filter_path an item is { create: { status, error: { type } } }.
  const { create } = item as { readonly create?: { readonly status?: unknown; readonly error?: { readonly type?: unknown } } };
  const status = typeof create?.status === 'number' ? create.status : 0;
  if (status === 200 || status === 201) return 'created';
  if (status === 409) return 'known';
  const failure: Failure = { status, type: typeOf(create?.error?.type) };
  if (isMissingIndex(failure)) throw replaced();
  if (isTransient(failure)) return 'again';
  if (status === 400 && REFUSALS.has(failure.type)) return 'refused';
  throw new ElasticFailure(failure);
}

/** Sends documents in bulk requests of bounded size, a few at a time, until each is there, known or a stub. */
export class BulkWriter {
  readonly #client: Client;
  readonly #settings: BulkSettings;

  constructor(client: Client, settings: BulkSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** `indexOf` names the write alias of each document's index. */
  async write(documents: readonly IndexDocument[], indexOf: (document: IndexDocument) => string): Promise<Written> {
    const source = documents[Symbol.iterator]();
    let held: Entry | undefined;
    // Lines are made when they are sent: memory is what is in flight, not what was given.
    const nextBulk = (): Entry[] => {
      const bulk: Entry[] = [];
      let bytes = 0;
      for (;;) {
        if (held === undefined) {
          const next = source.next();
          if (next.done === true) return bulk;
          held = entry(indexOf(next.value), next.value, false);
        }
        if (bulk.length > 0 && bytes + held.bytes > this.#settings.bytes) return bulk;
        bulk.push(held);
        bytes += held.bytes;
        held = undefined;
      }
    };
    let written = 0;
    let unindexed = 0;
    let failed = false;
    const lane = async (): Promise<void> => {
      for (let bulk = nextBulk(); bulk.length > 0 && !failed; bulk = nextBulk()) {
        try {
          const done = await this.#deliver(bulk, indexOf);
          written += done.written;
          unindexed += done.unindexed;
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    // Every lane ends before the caller hears of a failure: nothing is still being written behind its back.
    const lanes = await Promise.allSettled(Array.from({ length: this.#settings.inFlight }, lane));
    for (const result of lanes) if (result.status === 'rejected') throw result.reason;
    return { written, unindexed };
  }

  async #deliver(bulk: readonly Entry[], indexOf: (document: IndexDocument) => string): Promise<Written> {
    let written = 0;
    let unindexed = 0;
    let left: readonly Entry[] = bulk;
    for (let attempt = 0; left.length > 0; attempt += 1) {
      if (attempt > 0) await delay(backoff(attempt - 1));
      const outcomes = await this.#send(left);
      const again: Entry[] = [];
      let pushedBack = false;
      for (const [at, sent] of left.entries()) {
        const outcome = outcomes[at];
        if (outcome === 'created' && sent.stub) unindexed += 1;
        else if (outcome === 'created') written += 1;
        else if (outcome === 'again') {
          again.push(sent);
          pushedBack = true;
        } else if (outcome === 'refused') {
          if (sent.stub) throw new ElasticFailure({ status: 400, type: 'stub_refused' });
          again.push(entry(indexOf(sent.document), sent.document, true));
        }
      }
      if (pushedBack && attempt + 1 >= this.#settings.attempts) throw new ElasticFailure({ status: 429, type: 'pushed_back' });
      left = again;
    }
    return { written, unindexed };
  }

  async #send(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    const operations = entries.flatMap(({ action, source }) => [action, source]);
    try {
      const { items } = await call(
        () => this.#client.bulk({ operations, require_alias: true, filter_path: ['items.*.status', 'items.*.error.type'] }),
        this.#settings.attempts,
      );
      if (!Array.isArray(items) || items.length !== entries.length) throw new ElasticFailure({ type: 'bulk_answer_incomplete' });
      return items.map(outcomeOf);
    } catch (error) {
      // Too large for the server: halves, down to the one document that no request can carry.
      if (!(error instanceof ElasticFailure) || error.failure.status !== 413) throw error;
      if (entries.length === 1) return ['refused'];
      const middle = Math.ceil(entries.length / 2);
      return [...(await this.#send(entries.slice(0, middle))), ...(await this.#send(entries.slice(middle)))];
    }
  }
}
