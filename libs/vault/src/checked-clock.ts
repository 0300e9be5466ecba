import { HoldfastError } from '@holdfast/record';
import type { Archive } from './archive.js';

/** Largest difference to the store's clock at which sealing goes on, milliseconds. */
const MAX_SKEW_MS = 60_000;
const CHECK_EVERY_MS = 60_000;

/** The local clock, compared with the store's once a minute: a wrong clock would seal wrong locks. */
export class CheckedClock {
  readonly #archive: Pick<Archive, 'clock' | 'vault'>;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(archive: Pick<Archive, 'clock' | 'vault'>) {
    this.#archive = archive;
  }

  /** @throws HoldfastError `clock_skew` */
  async now(): Promise<Date> {
    const before = this.#archive.clock.now();
    if (Math.abs(before.getTime() - this.#checkedAt) < CHECK_EVERY_MS) return before;
    const store = (await this.#archive.vault.now()).getTime();
    const after = this.#archive.clock.now();
    // The store answered at some moment between the two readings; its Date header has whole seconds.
    const early = before.getTime() - store;
    const late = store - after.getTime();
    const skew = Math.max(early, late);
    if (skew > MAX_SKEW_MS) {
      throw new HoldfastError(
        'clock_skew',
        `this machine's clock is ${Math.round(skew / 1000)} s off the store's; sealing stops until one of them is set right.`,
      );
    }
    this.#checkedAt = after.getTime();
    return after;
  }
}
