import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** A lock that is held until it is released or its process ends, however it ends. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock of the file `path`, which is made when missing; undefined when somebody else holds it, in this process or in
 * another one of this machine. It is SQLite's on an empty database, so the operating system drops it with its holder: a kill
 * never leaves it behind, as a lock file would be.
 */
export function tryLock(path: string): FolderLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN IMMEDIATE');
  } catch (error) {
    database.close();
    if (typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return {
    release: () => {
      database.close();
    },
  };
}
