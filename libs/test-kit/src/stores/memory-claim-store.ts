import { checkClaimBody, checkObjectKey } from '@holdfast/ports';
import type { ClaimStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { KeyTree } from './key-tree.js';
import type { ClaimStoreOp, StoreFaults } from './store-faults.js';

/** Claims in memory, with the fault hook. A fault that is a HoldfastError becomes `unsure`; any other (`Killed`) goes through. */
export class MemoryClaimStore implements ClaimStore {
  faults: StoreFaults;
  readonly #claims = new KeyTree<Uint8Array>();
  readonly #pageSize: number;

  constructor(options: { readonly faults?: StoreFaults; readonly pageSize?: number } = {}) {
    this.faults = options.faults ?? {};
    this.#pageSize = options.pageSize ?? 5;
  }

  async create(key: string, body: Uint8Array): Promise<'created' | 'exists' | 'unsure'> {
    checkObjectKey(key);
    checkClaimBody(body);
    const bytes = Uint8Array.from(body);
    try {
      return await this.#step('create', key, () => {
        if (this.#claims.get(key) !== undefined) return 'exists';
        this.#claims.set(key, bytes);
        return 'created';
      });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'store_unavailable') return 'unsure';
      throw error;
    }
  }

  read(key: string): Promise<Uint8Array | undefined> {
    return this.#step('read', key, () => {
      checkObjectKey(key);
      const body = this.#claims.get(key);
      return body === undefined ? undefined : Uint8Array.from(body);
    });
  }

  async *list(prefix: string): AsyncIterable<string> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#step('list', prefix, () => this.#claims.page(prefix, after, this.#pageSize));
      for (const [key] of page) yield (after = key);
      if (page.length < this.#pageSize) return;
    }
  }

  remove(key: string): Promise<void> {
    return this.#step('remove', key, () => {
      checkObjectKey(key);
      this.#claims.set(key, new Uint8Array(0));
    });
  }

  async #step<T>(op: ClaimStoreOp, key: string, work: () => T): Promise<T> {
    await this.faults.before?.(op, key);
    const result = work();
    await this.faults.after?.(op, key);
    return result;
  }
}
