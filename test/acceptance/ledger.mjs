// What a run of the acceptance checks has done, so that the next one goes on behind it.
import { readFile, rename, writeFile } from 'node:fs/promises';

/** @typedef {{ seed: number, steps: Record<string, unknown> }} State */

export class Ledger {
  #path;
  #state;

  /**
   * @param {string} path
   * @param {State} state
   */
  constructor(path, state) {
    this.#path = path;
    this.#state = state;
  }

  /**
   * @param {string} path
   * @param {{ seed: number }} fresh
   */
  static async open(path, { seed }) {
    /** @type {State} */
    let state = { seed, steps: {} };
    try {
      state = JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    return new Ledger(path, state);
  }

  get seed() {
    return this.#state.seed;
  }

  /**
   * The steps of one part at one size.
   * @param {string} part
   * @param {object} sizes
   */
  part(part, sizes) {
    const prefix = `${part} ${JSON.stringify(sizes)}`;
    return {
      /**
       * Does `work` once; later runs are given its result. What it answers must be JSON.
       * @template T
       * @param {string} name
       * @param {() => Promise<T>} work
       * @returns {Promise<T>}
       */
      step: async (name, work) => {
        const key = `${prefix} ${name}`;
        if (!(key in this.#state.steps)) {
          this.#state.steps[key] = await work();
          await this.#save();
        }
        return /** @type {T} */ (this.#state.steps[key]);
      },
    };
  }

  async #save() {
    await writeFile(`${this.#path}.tmp`, JSON.stringify(this.#state));
    await rename(`${this.#path}.tmp`, this.#path);
  }
}

/** @typedef {ReturnType<Ledger['part']>} PartLedger */
