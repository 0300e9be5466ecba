import { afterEach, beforeEach, it } from '@jest/globals';
import type { RecordIndex } from '@holdfast/ports';
import type { IndexHarness } from './index-harness.js';

/** A harness of its own for every test of a suite, and the handles that the test opened; both are closed behind it. */
export interface EachHarness {
  /** That of the running test. */
  readonly harness: IndexHarness;
  /** What it opened, in order; a test may add its own, and they are closed with the others. */
  readonly handles: RecordIndex[];
  handle(options?: { readonly tokenizer?: string }): RecordIndex;
  /** One test, with the suite's patience. */
  promise(title: string, body: () => Promise<void>): void;
}

export function eachHarness(make: () => Promise<IndexHarness>, timeout: number): EachHarness {
  let harness: IndexHarness;
  let handles: RecordIndex[];

  beforeEach(async () => {
    harness = await make();
    handles = [];
  }, timeout);

  afterEach(async () => {
    for (const handle of handles) await handle.close();
    await harness.dispose();
  }, timeout);

  return {
    get harness() {
      return harness;
    },
    get handles() {
      return handles;
    },
    handle(options) {
      const made = harness.handle(options);
      handles.push(made);
      return made;
    },
    promise(title, body) {
      it(title, body, timeout);
    },
  };
}
