import type { IndexDocument, RecordIndex } from '@holdfast/ports';

/** Documents and bytes of records that go to the engine at once. */
const MANY_DOCUMENTS = 1_000;
const MANY_BYTES = 1024 * 1024;

/**
 * Documents on their way to the engine. Those of small segments share a request; the engine takes one request while the
 * documents of the next are made, and no more than these two are held.
 */
export class DocumentQueue {
  readonly #index: RecordIndex;
  readonly #onWritten: (counts: { readonly written: number; readonly unindexed: number }) => void;
  #waiting: IndexDocument[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(index: RecordIndex, onWritten: (counts: { readonly written: number; readonly unindexed: number }) => void) {
    this.#index = index;
    this.#onWritten = onWritten;
  }

  /** `bytes` of the records that the documents were made of. @throws what an earlier request failed with */
  async add(documents: readonly IndexDocument[], bytes: number): Promise<void> {
    for (const document of documents) this.#waiting.push(document);
    this.#bytes += bytes;
    if (this.#waiting.length >= MANY_DOCUMENTS || this.#bytes >= MANY_BYTES) await this.#send();
  }

  /** Resolves when everything that was added is written. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#send();
    await this.#writing;
  }

  async #send(): Promise<void> {
    const documents = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    await this.#writing;
    this.#writing = this.#index.write(documents).then(this.#onWritten);
    // Taken up by the next await of it; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}
