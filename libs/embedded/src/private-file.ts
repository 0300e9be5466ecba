import { closeSync, openSync } from 'node:fs';

/**
 * Makes the file of a database for this user only, unless it is there: messages lie in it in the clear, and SQLite would let
 * every user read it. The files of its log take their permissions from this one.
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch {
    // Whatever is in the way is met again, and reported, by SQLite.
  }
}
