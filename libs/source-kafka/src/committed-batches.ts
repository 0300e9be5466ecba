import type { RawRecord } from '@holdfast/record';
import type { Fetched } from './fetch-protocol.js';
import { decodeBatch, isAbortMarker, isControl, isTransactional, type BatchHead } from './record-batch.js';

/**
 * Leaves out control batches and the records of aborted transactions in one answer, as Kafka's own consumer does
 * (CompletedFetch): the broker lists, by first offset, the aborted transactions that touch the answer; one is over at its
 * producer's abort marker.
 */
export class CommittedBatches {
  readonly #aborted: { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly #limit: number;
  readonly #producers = new Set<bigint>();

  constructor(aborted: Fetched['aborted'], limit: number) {
    this.#aborted = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
    this.#limit = limit;
  }

  async records(head: BatchHead): Promise<readonly RawRecord[]> {
    for (let next = this.#aborted[0]; next !== undefined && next.firstOffset <= head.lastOffset; next = this.#aborted[0]) {
      this.#producers.add(next.producerId);
      this.#aborted.shift();
    }
    // Decoded, though not handed over: its checksum decides whether its head can be believed.
    const records = await decodeBatch(head, this.#limit);
    if (isControl(head)) {
      if (isAbortMarker(records)) this.#producers.delete(head.producerId);
      return [];
    }
    return isTransactional(head) && this.#producers.has(head.producerId) ? [] : records;
  }
}
