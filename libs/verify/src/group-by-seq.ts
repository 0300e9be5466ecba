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

/** Groups from number `from` on, one after the other, with a look ahead. */
export class SeqCursor {
  readonly #groups: AsyncGenerator<SeqGroup>;
  readonly #from: number;
  #current: SeqGroup | undefined;
  #done = false;
  #last = -1;

  constructor(groups: AsyncGenerator<SeqGroup>, from: number) {
    this.#groups = groups;
    this.#from = from;
  }

  /** Number of the last group that was taken or looked at; -1 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The next group, without consuming it. */
  async peek(): Promise<SeqGroup | undefined> {
    while (this.#current === undefined && !this.#done) {
      const next = await this.#groups.next();
      if (next.done === true) this.#done = true;
      else if (next.value.seq >= this.#from) {
        this.#current = next.value;
        this.#last = next.value.seq;
      }
    }
    return this.#current;
  }

  async take(): Promise<SeqGroup | undefined> {
    const group = await this.peek();
    this.#current = undefined;
    return group;
  }
}
