import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/record';

const TRY_AGAIN_MS = 5;
const GIVE_UP_MS = 30_000;
const SQLITE_BUSY = 5;

/**
 * One holder at a time among all processes of this machine. The lock is SQLite's on a database file with nothing in it: the operating
 * system drops it when its holder dies, so a kill never leaves it behind, as a lock file would be.
 */
export class ProcessMutex {
  readonly #database: DatabaseSync;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    // A lock on an empty database would write its first page each time, which a full disk refuses, and with it the delete that
    // would make room. So the page is written once, and no journal ever is.
    this.#database.exec('PRAGMA journal_mode = MEMORY');
    const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() ?? {};
    if (version !== 1) this.#database.exec('PRAGMA user_version = 1');
    this.#database.exec('PRAGMA busy_timeout = 0');
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      await this.#lock();
      try {
        return await work();
      } finally {
        this.#database.exec('ROLLBACK');
      }
    });
    // The queue goes on after a failure; the failure itself belongs to the caller of this turn.
    this.#queue = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  close(): void {
    this.#database.close();
  }

  async #lock(): Promise<void> {
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        this.#database.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() > deadline) throw new HoldfastError('store_unavailable', 'another process keeps the folder locked', { cause: error });
      }
      await wait(TRY_AGAIN_MS);
    }
  }
}

/** Somebody else holds the lock of the database. */
export function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
