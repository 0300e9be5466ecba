import type { Client, estypes } from '@elastic/elasticsearch';
import { HoldfastError } from '@holdfast/record';
import { Cursors, type Cursor } from './cursor.js';
import { call, failureOf } from './elastic-errors.js';
import { indexSettings, MAPPING } from './elastic-mapping.js';
import { newGeneration, type ElasticNames } from './elastic-names.js';

// Index names of one delete request: they stand in the address.
const DELETE_AT_ONCE = 20;

/** Makes, switches and deletes the generations of an index. */
export class Generations {
  readonly cursors: Cursors;
  readonly #client: Client;
  readonly #names: ElasticNames;
  readonly #shards: number;
  readonly #attempts: number;

  constructor(client: Client, names: ElasticNames, shards: number, attempts: number) {
    this.#client = client;
    this.#names = names;
    this.#shards = shards;
    this.#attempts = attempts;
    this.cursors = new Cursors(client, names, attempts);
  }

  /** The current generation, or the first one, made here. */
  async open(tokenizer: string): Promise<Cursor> {
    const current = await this.cursors.current();
    if (current !== undefined) return await this.#finishDeleting(current);
    const made = await this.create(tokenizer);
    const { generation } = made.state.position;
    try {
      // An alias has one write index: of two processes that make the first generation, one is refused here.
      await this.#point([{ add: { index: this.#names.meta(generation), alias: this.#names.alias, is_write_index: true } }]);
      return made;
    } catch (error) {
      const winner = await this.cursors.current();
      if (winner === undefined) throw error;
      if (winner.state.position.generation === generation) return made;
      await this.delete(generation);
      return winner;
    }
  }

  /** A new, empty generation that nobody searches yet. */
  async create(tokenizer: string): Promise<Cursor> {
    const generation = newGeneration();
    await this.createIndex(this.#names.meta(generation), 1);
    return await this.cursors.create({ tokenizer, position: { chains: {}, governance: 0, generation }, open: [] });
  }

  /** Idempotent. */
  async createIndex(index: string, shards = this.#shards): Promise<void> {
    await call(async () => {
      try {
        const aliases = { [this.#names.writeAlias(index)]: {} };
        await this.#client.indices.create({ index, settings: indexSettings(shards), mappings: MAPPING, aliases });
      } catch (error) {
        if (failureOf(error).type !== 'resource_already_exists_exception') throw error;
      }
    }, this.#attempts);
  }

  /** One step for everybody who searches; then the old generation goes. A crash in between is mended by the next `open`. */
  async switchTo(next: Cursor): Promise<Cursor> {
    const { generation } = next.state.position;
    const old = (await this.cursors.current())?.state.position.generation;
    if (old === generation) return await this.#finishDeleting(next);
    const marked = old === undefined ? next : await this.cursors.move(next, { ...next.state, replaces: old });
    try {
      await this.#point([
        ...(old === undefined ? [] : [{ remove: { index: this.#names.meta(old), alias: this.#names.alias } }]),
        { add: { index: this.#names.meta(generation), alias: this.#names.alias, is_write_index: true } },
      ]);
    } catch (error) {
      // The answer may be lost and the switch made all the same.
      if ((await this.cursors.current())?.state.position.generation !== generation) throw error;
    }
    return await this.#finishDeleting(marked);
  }

  /** Deletes what abandoned rebuilds left. */
  async deleteAbandoned(): Promise<void> {
    const current = (await this.cursors.current())?.state.position.generation;
    if (current === undefined) throw new HoldfastError('index_unavailable', 'the index has no generation');
    await this.#deleteIndices((generation) => generation !== current);
  }

  async delete(generation: string): Promise<void> {
    await this.#deleteIndices((one) => one === generation);
  }

  async #finishDeleting(cursor: Cursor): Promise<Cursor> {
    const { replaces, ...rest } = cursor.state;
    if (replaces === undefined) return cursor;
    await this.delete(replaces);
    return await this.cursors.move(cursor, rest);
  }

  async #point(actions: estypes.IndicesUpdateAliasesAction[]): Promise<void> {
    await call(() => this.#client.indices.updateAliases({ actions }), this.#attempts);
  }

  async #deleteIndices(doomed: (generation: string) => boolean): Promise<void> {
    // By name, never by pattern: servers refuse patterns, and another archive may have a similar prefix.
    const found = await call(() => this.#client.indices.getAlias({ index: this.#names.every, allow_no_indices: true }), this.#attempts);
    const names = Object.keys(found).filter((index) => {
      const generation = this.#names.generationOf(index);
      return generation !== undefined && doomed(generation);
    });
    // Meta indices first, alone: a search names its meta index, so from here on it fails and never finds only a part.
    const meta = names.filter((index) => index.endsWith('-meta'));
    await this.#remove(meta);
    await this.#remove(names.filter((index) => !meta.includes(index)));
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (let start = 0; start < names.length; start += DELETE_AT_ONCE) {
      const index = names.slice(start, start + DELETE_AT_ONCE);
      await call(() => this.#client.indices.delete({ index, ignore_unavailable: true }), this.#attempts);
    }
  }
}
