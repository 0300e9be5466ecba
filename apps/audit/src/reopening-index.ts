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
import type { Query } from '@holdfast/query';
import { HoldfastError } from '@holdfast/record';

/**
 * A search index that is opened when it is first needed and opened anew after it failed, so that a service outlives its
 * search engine. `onChange` hears the fault, and undefined when it answers again.
 */
export class ReopeningIndex implements RecordIndex {
  readonly #make: () => RecordIndex;
  readonly #onChange: (fault: HoldfastError | undefined) => void;
  #handle: Promise<RecordIndex> | undefined;

  constructor(make: () => RecordIndex, onChange: (fault: HoldfastError | undefined) => void) {
    this.#make = make;
    this.#onChange = onChange;
  }

  open(): Promise<IndexStatus> {
    return this.#use((index) => index.status());
  }

  status(): Promise<IndexStatus> {
    return this.#use((index) => index.status());
  }

  search(request: SearchRequest): Promise<SearchPage> {
    return this.#use((index) => index.search(request));
  }

  around(
    conversation: string,
    at: Pick<SearchHit, 'sentAt' | 'order'>,
    before: number,
    after: number,
  ): Promise<{ readonly before: readonly SearchHit[]; readonly after: readonly SearchHit[] }> {
    return this.#use((index) => index.around(conversation, at, before, after));
  }

  ids(query: Query, signal?: AbortSignal): AsyncIterable<SearchHit> {
    return this.#stream((index) => index.ids(query, signal));
  }

  all(chain: string): AsyncIterable<SearchHit> {
    return this.#stream((index) => index.all(chain));
  }

  compare(documents: readonly IndexDocument[]): Promise<readonly DocumentDifference[]> {
    return this.#use((index) => index.compare(documents));
  }

  held(chain: string, from: string, to: string | undefined): AsyncIterable<SearchHit> {
    return this.#stream((index) => index.held(chain, from, to));
  }

  heldChains(): AsyncIterable<string> {
    return this.#stream((index) => index.heldChains());
  }

  inspect(deep: boolean): Promise<readonly string[]> {
    return this.#use((index) => index.inspect(deep));
  }

  mark(failure: IndexFailure | undefined): Promise<void> {
    return this.#use((index) => index.mark(failure));
  }

  write(documents: readonly IndexDocument[]): Promise<{ readonly written: number; readonly unindexed: number }> {
    return this.#use((index) => index.write(documents));
  }

  publish(position: Position): Promise<void> {
    return this.#use((index) => index.publish(position));
  }

  beginRebuild(): Promise<IndexStatus> {
    return this.#use((index) => index.beginRebuild());
  }

  finishRebuild(): Promise<void> {
    return this.#use((index) => index.finishRebuild());
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return;
    const [opened] = await Promise.allSettled([handle]);
    if (opened.status === 'fulfilled') await opened.value.close();
  }

  async #use<T>(work: (index: RecordIndex) => Promise<T>): Promise<T> {
    const handle = (this.#handle ??= this.#open());
    try {
      const result = await work(await handle);
      this.#onChange(undefined);
      return result;
    } catch (error) {
      this.#failed(handle, error);
      throw error;
    }
  }

  async *#stream<T>(work: (index: RecordIndex) => AsyncIterable<T>): AsyncGenerator<T> {
    const handle = (this.#handle ??= this.#open());
    try {
      yield* work(await handle);
    } catch (error) {
      this.#failed(handle, error);
      throw error;
    }
  }

  async #open(): Promise<RecordIndex> {
    const index = this.#make();
    try {
      await index.open();
      return index;
    } catch (error) {
      // A handle that did not open is not used again.
      this.#handle = undefined;
      await index.close();
      throw error;
    }
  }

  #failed(handle: Promise<RecordIndex>, error: unknown): void {
    // These say nothing about the index.
    if (!(error instanceof HoldfastError) || error.code === 'bad_request' || error.code === 'stopped') return;
    this.#onChange(error);
    if (this.#handle !== handle) return;
    this.#handle = undefined;
    // Searches that others still have open on it fail or end by themselves.
    handle.then((index) => index.close()).catch((cause: unknown) => this.#onChange(unavailable(cause)));
  }
}

function unavailable(cause: unknown): HoldfastError {
  return cause instanceof HoldfastError ? cause : new HoldfastError('index_unavailable', 'the search index could not be closed.', { cause });
}
