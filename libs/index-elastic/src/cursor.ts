import type { Client } from '@elastic/elasticsearch';
import type { Position } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { randomBytes } from 'node:crypto';
import { call, ElasticFailure, failureOf, isMissingIndex, replaced } from './elastic-errors.js';
import type { ElasticNames } from './elastic-names.js';

/** What the meta index of a generation says, in its one document. */
export interface CursorState {
  readonly tokenizer: string;
  readonly position: Position;
  /** Chains that may have documents beyond the position: each is named here before such a document is written. */
  readonly open: readonly string[];
  /** The generation this one took over from, until that is deleted. */
  readonly replaces?: string;
}

/** A state and where it stands: the next write goes through only if nobody wrote in between. */
export interface Cursor {
  readonly state: CursorState;
  readonly seqNo: number;
  readonly primaryTerm: number;
}

const ID = 'cursor';

interface Stored {
  readonly cursor: { readonly state: CursorState; readonly attempt: string };
}

/** Reads and moves the cursors of generations. */
export class Cursors {
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #attempts: number;

  constructor(client: Client, names: ElasticNames, attempts: number) {
    this.#client = client;
    this.#names = names;
    this.#attempts = attempts;
  }

  /** The cursor of the current generation; undefined before the first one was made. */
  current(): Promise<Cursor | undefined> {
    return this.#read(this.#names.alias);
  }

  /** @throws HoldfastError `index_unavailable` when the generation is gone */
  async of(generation: string): Promise<Cursor> {
    const cursor = await this.#read(this.#names.meta(generation));
    if (cursor === undefined) throw replaced();
    return cursor;
  }

  /** The first state of a generation whose meta index was just made. */
  create(state: CursorState): Promise<Cursor> {
    return this.#write(state, undefined);
  }

  /** @throws HoldfastError `index_unavailable` when somebody else moved the cursor since `from` was read */
  move(from: Cursor, state: CursorState): Promise<Cursor> {
    return this.#write(state, from);
  }

  async #read(index: string): Promise<Cursor | undefined> {
    return await call(async () => {
      try {
        // Realtime: what the last write left, refreshed or not.
        const { _source, _seq_no, _primary_term } = await this.#client.get<Stored>({ index, id: ID });
        if (_source === undefined || _seq_no === undefined || _primary_term === undefined) throw new ElasticFailure({ type: 'cursor_unreadable' });
        return { state: _source.cursor.state, seqNo: _seq_no, primaryTerm: _primary_term };
      } catch (error) {
        if (isMissingIndex(failureOf(error))) return undefined;
        throw error;
      }
    }, this.#attempts);
  }

  async #write(state: CursorState, from: Cursor | undefined): Promise<Cursor> {
    const index = this.#names.meta(state.position.generation);
    const alias = this.#names.writeAlias(index);
    // Names this write: when the answer to it is lost, the repeat finds its own name and not somebody else's.
    const attempt = randomBytes(8).toString('hex');
    const condition = from === undefined ? { op_type: 'create' as const } : { if_seq_no: from.seqNo, if_primary_term: from.primaryTerm };
    return await call(async () => {
      try {
        const document: Stored = { cursor: { state, attempt } };
        const { _seq_no, _primary_term } = await this.#client.index<Stored>({ index: alias, id: ID, document, require_alias: true, ...condition });
        if (_seq_no === undefined || _primary_term === undefined) throw new ElasticFailure({ type: 'cursor_unreadable' });
        return { state, seqNo: _seq_no, primaryTerm: _primary_term };
      } catch (error) {
        const failure = failureOf(error);
        if (isMissingIndex(failure)) throw replaced();
        if (failure.status !== 409) throw error;
        const { _source, _seq_no, _primary_term } = await this.#client.get<Stored>({ index, id: ID });
        if (_source?.cursor.attempt === attempt && _seq_no !== undefined && _primary_term !== undefined) {
          return { state, seqNo: _seq_no, primaryTerm: _primary_term };
        }
        throw new HoldfastError('index_unavailable', 'another writer moved the cursor: open the index again');
      }
    }, this.#attempts);
  }
}
