import type { StoredVersion } from './evidence.js';

/** Everything that lies under one number of one chain. */
export interface SeqGroup {
  readonly seq: number;
  readonly versions: readonly StoredVersion[];
}

/**
 * Groups an ascending listing by the number in its keys. Keys without one come first in `odd`. Holds one group at a time.
 */
export async function* groupBySeq(
  listing: AsyncIterable<StoredVersion>,
  prefix: string,
  odd: (version: StoredVersion) => void,
): AsyncGenerator<SeqGroup> {
  let seq = -1;
  let versions: StoredVersion[] = [];
  for await (const version of listing) {
    const digits = /^(\d{16})\//.exec(version.key.slice(prefix.length))?.[1];
    if (digits === undefined) {
      odd(version);
      continue;
    }
    if (Number(digits) !== seq) {
      if (versions.length > 0) yield { seq, versions };
      seq = Number(digits);
      versions = [];
    }
    versions.push(version);
  }
  if (versions.length > 0) yield { seq, versions };
}

/** A generator that can be asked for the group of a number, in ascending order of asking. */
export class SeqCursor {
  readonly #groups: AsyncGenerator<SeqGroup>;
  #current: SeqGroup | undefined;
  #done = false;

  constructor(groups: AsyncGenerator<SeqGroup>) {
    this.#groups = groups;
  }

  /** The next group, without consuming it. */
  async peek(): Promise<SeqGroup | undefined> {
    if (this.#current === undefined && !this.#done) {
      const next = await this.#groups.next();
      if (next.done === true) this.#done = true;
      else this.#current = next.value;
    }
    return this.#current;
  }

  async take(): Promise<SeqGroup | undefined> {
    const group = await this.peek();
    this.#current = undefined;
    return group;
  }
}
