import type { IndexDocument, RecordIndex } from '@holdfast/ports';
import type { Needs } from '../needs.js';

/** One empty index of an engine. */
export interface IndexHarness {
  /** Another handle on the same index, as another process would have; not opened. */
  handle(options?: { readonly tokenizer?: string }): RecordIndex;
  /** A handle whose engine cannot be reached. */
  unreachable(): RecordIndex;
  /**
   * What somebody does who can write to the engine: what it holds under `id` is replaced by what would be written of
   * `document`, or deleted; visible at once, the cursor stays.
   */
  plant(id: string, document: IndexDocument | undefined): Promise<void>;
  /** Deletes the index and ends what the harness started; the handles are closed already. */
  dispose(): Promise<void>;
}

export interface RecordIndexSuiteOptions {
  readonly needs?: Needs;
  /** Documents and queries of the differential test. */
  readonly documents?: number;
  readonly queries?: number;
  readonly seed?: number;
  /** Milliseconds per test. */
  readonly timeout?: number;
}
