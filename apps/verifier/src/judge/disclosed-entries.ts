import type { BundleEntries } from '@holdfast/verify';
import type { DisclosedFile } from './messages.js';

/** A folder of disclosed records, with the names that the bundle format gives them: `<chain>/<OFFSET>.rec` and `.salt`. */
export class DisclosedEntries implements BundleEntries {
  readonly #files: ReadonlyMap<string, Blob>;
  readonly #names: readonly string[];

  constructor(files: readonly DisclosedFile[]) {
    const named = files.flatMap(({ path, file }) => {
      const name = nameOf(path);
      return name === undefined ? [] : [{ name, file }];
    });
    this.#names = named.map(({ name }) => name);
    this.#files = new Map(named.map(({ name, file }) => [name, file]));
  }

  names(): readonly string[] {
    return this.#names;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const file = this.#files.get(name);
    return file === undefined ? undefined : new Uint8Array(await file.arrayBuffer());
  }
}

/** A browser puts the chosen folder, and whatever lies above the chain, before the name. Files of the desktop are none of ours. */
function nameOf(path: string): string | undefined {
  if (!/\.(rec|salt)$/.test(path)) return undefined;
  const folders = path.split('/');
  const first = folders.indexOf('msg');
  return folders.slice(first === -1 ? 1 : first).join('/');
}
