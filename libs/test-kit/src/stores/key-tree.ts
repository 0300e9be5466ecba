import { HoldfastError } from '@holdfast/record';

/**
 * Keys with values, in order. Refuses a key that is a folder of another: some servers (and every file system) cannot hold
 * both, so code that makes such keys is wrong even where it happens to work.
 */
export class KeyTree<T extends { readonly length: number }> {
  readonly #values = new Map<string, T>();
  readonly #folders = new Map<string, number>();
  // Keys are ASCII, so the order of UTF-16 units is the order of bytes.
  readonly #sorted: string[] = [];

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  /** An empty value removes the key. */
  set(key: string, value: T): void {
    const known = this.#values.has(key);
    if (value.length === 0) {
      if (!known) return;
      this.#values.delete(key);
      this.#sorted.splice(this.#place(key), 1);
      this.#countFolders(key, -1);
      return;
    }
    if (!known) {
      if (this.#folders.has(key)) throw new HoldfastError('bad_request', `the key ${key} is a folder of another key`);
      const parent = foldersOf(key).find((folder) => this.#values.has(folder));
      if (parent !== undefined) throw new HoldfastError('bad_request', `${key} lies in the folder ${parent}, which is itself a key`);
      this.#sorted.splice(this.#place(key), 0, key);
      this.#countFolders(key, 1);
    }
    this.#values.set(key, value);
  }

  /** Up to `limit` entries whose key starts with `prefix` and sorts after `after`. */
  page(prefix: string, after: string | undefined, limit: number): readonly (readonly [string, T])[] {
    const page: (readonly [string, T])[] = [];
    const from = after !== undefined && after >= prefix ? after : prefix;
    for (let i = this.#place(from); i < this.#sorted.length && page.length < limit; i++) {
      const key = this.#sorted[i];
      if (key?.startsWith(prefix) !== true) break;
      const value = this.#values.get(key);
      if (value !== undefined && key !== after) page.push([key, value]);
    }
    return page;
  }

  /** Index of the first key that is not below `key`. */
  #place(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#sorted[mid] ?? '') < key) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  #countFolders(key: string, by: number): void {
    for (const folder of foldersOf(key)) {
      const count = (this.#folders.get(folder) ?? 0) + by;
      if (count === 0) this.#folders.delete(folder);
      else this.#folders.set(folder, count);
    }
  }
}

function foldersOf(key: string): readonly string[] {
  const folders: string[] = [];
  for (let end = key.indexOf('/'); end !== -1; end = key.indexOf('/', end + 1)) folders.push(key.slice(0, end));
  return folders;
}
