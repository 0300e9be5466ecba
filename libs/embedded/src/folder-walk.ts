import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './disk-error.js';

/** The order of keys: a folder sorts as its name and a slash. Names are compared by UTF-16 units; keys are ASCII. */
export function sortName(entry: Dirent, name: string = entry.name): string {
  return entry.isDirectory() ? `${name}/` : name;
}

/** The entries of a folder, or none when it is not there (any more). Memory grows with one folder, not with the tree. */
export async function entriesOf(root: string, path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Whether a folder (path with a slash at its end) can hold names that start with `prefix` and sort after `after`. */
export function mayHold(folder: string, prefix: string, after: string | undefined): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  return after === undefined || after < folder || after.startsWith(folder);
}
