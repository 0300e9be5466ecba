import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkClaimBody, checkObjectKey } from '@holdfast/ports';
import type { ClaimStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { diskError, errnoOf } from './disk-error.js';
import { DurableFolder, type DiskHook, type FolderPlaces } from './durable-folder.js';
import { entriesOf, mayHold, sortName } from './folder-walk.js';

/** Claims as files in a folder: link(2) is the conditional create, EEXIST means that somebody else was first. */
export class DirectoryClaimStore implements ClaimStore {
  readonly #folder: DurableFolder;

  private constructor(folder: DurableFolder) {
    this.#folder = folder;
  }

  /** @throws HoldfastError `bad_configuration` when the folders cannot be used, `disk_full` */
  static async open(options: FolderPlaces & { readonly hook?: DiskHook }): Promise<DirectoryClaimStore> {
    return new DirectoryClaimStore(await DurableFolder.open(options, options.hook));
  }

  async create(key: string, body: Uint8Array): Promise<'created' | 'exists' | 'unsure'> {
    checkObjectKey(key);
    checkClaimBody(body);
    try {
      const answer = await this.#folder.create(key, body);
      if (answer === 'exists' && !(await this.#isClaim(key))) throw new HoldfastError('bad_request', `the claim ${key} is a folder of others`);
      return answer;
    } catch (error) {
      const failed = diskError(error, `claim ${key}`);
      if (failed.code === 'store_unavailable') return 'unsure';
      // A full disk after link(2) is still a claim: only a reader can tell.
      if (failed.code === 'disk_full' && (await this.#isClaim(key))) return 'unsure';
      throw failed;
    }
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    checkObjectKey(key);
    try {
      const body = await readFile(join(this.#folder.folder, key));
      // Its writer may not have synced the folder yet: nobody is to act on a claim that a power cut could take back.
      await this.#folder.syncAround(key);
      return body;
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) return undefined;
      throw diskError(error, `read the claim ${key}`);
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    yield* this.#listFolder('', prefix);
  }

  async remove(key: string): Promise<void> {
    checkObjectKey(key);
    try {
      await this.#folder.remove(key);
    } catch (error) {
      throw diskError(error, `remove the claim ${key}`);
    }
  }

  async *#listFolder(path: string, prefix: string): AsyncIterable<string> {
    let entries;
    try {
      entries = await entriesOf(this.#folder.folder, path);
    } catch (error) {
      throw diskError(error, `list the claims of ${path}`);
    }
    for (const entry of [...entries].sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1))) {
      const name = path + sortName(entry);
      if (entry.isDirectory()) {
        if (mayHold(name, prefix, undefined)) yield* this.#listFolder(name, prefix);
      } else if (entry.isFile() && name.startsWith(prefix)) yield name;
    }
  }

  async #isClaim(key: string): Promise<boolean> {
    try {
      return (await lstat(join(this.#folder.folder, key))).isFile();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw error;
    }
  }
}
