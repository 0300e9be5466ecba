import type { Client } from '@elastic/elasticsearch';
import type { IndexFailure } from '@holdfast/ports';
import { call, failureOf, isMissingIndex, replaced } from './elastic-errors.js';
import type { ElasticNames } from './elastic-names.js';

const ID = 'failure';

interface Stored {
  readonly failure: IndexFailure;
}

/**
 * That a generation failed its attestation: a document of its own beside the cursor, so that whoever marks an index is not
 * in the way of its writer.
 */
export class FailureMark {
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #attempts: number;

  constructor(client: Client, names: ElasticNames, attempts: number) {
    this.#client = client;
    this.#names = names;
    this.#attempts = attempts;
  }

  async read(generation: string): Promise<IndexFailure | undefined> {
    return await call(async () => {
      try {
        // Realtime: what the last mark left, refreshed or not.
        return (await this.#client.get<Stored>({ index: this.#names.meta(generation), id: ID }))._source?.failure;
      } catch (error) {
        const failure = failureOf(error);
        // A missing document has no type; a missing generation is for the caller, who looks for the next one.
        if (failure.status === 404 && !isMissingIndex(failure)) return undefined;
        throw error;
      }
    }, this.#attempts);
  }

  async write(generation: string, failure: IndexFailure | undefined): Promise<void> {
    const index = this.#names.writeAlias(this.#names.meta(generation));
    await call(async () => {
      try {
        if (failure === undefined) await this.#client.delete({ index, id: ID });
        else await this.#client.index<Stored>({ index, id: ID, document: { failure }, require_alias: true });
      } catch (error) {
        const met = failureOf(error);
        if (isMissingIndex(met)) throw replaced();
        // Deleted already.
        if (failure !== undefined || met.status !== 404) throw error;
      }
    }, this.#attempts);
  }
}
