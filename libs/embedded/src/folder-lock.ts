import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './process-mutex.js';

/** A lock that is held until it is released or its process ends, however it ends. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock of the file `path`, which is made when missing; undefined when somebody else holds it, in this process or in
 * another one of this machine. For work that goes on for long and that a second one must not begin beside.
 */
export function tryLock(path: string): FolderLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // As in ProcessMutex: the lock is SQLite's, so the operating system drops it with its holder.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN IMMEDIATE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return {
    release: () => {
      database.close();
    },
  };
}
