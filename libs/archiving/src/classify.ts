import { HoldfastError, routeOf } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { longestClass } from '@holdfast/governance';
import type { GovernanceState, RetentionClass } from '@holdfast/governance';
import { addMonths, monthOf, retainUntil } from '@holdfast/seal';
import type { Cohort } from '@holdfast/seal';

/** What classification decides about a record. */
export interface Classified {
  readonly cohort: Cohort;
}

/**
 * Decides the cohort of records under one governance head at one moment. Nothing in a record can shorten its retention;
 * its own time lengthens it, within the class's bound. What cannot be read gets the longest class (design 4.10).
 *
 * Reading an event costs more than all the rest of sealing, so events are read only where the answer depends on what they
 * say. Holds on exact senders and recipients will be one more reason to read them: they belong into `#mustRead` and
 * `Classified`, and `routeOf` already answers the envelopes that they are matched with.
 */
export class Classifier {
  readonly #clock: Date;
  readonly #default: RetentionClass;
  readonly #longest: RetentionClass;
  readonly #cohorts = new Map<string, Cohort>();
  readonly #mustRead: boolean;
  readonly #unread: Classified;

  /** @throws HoldfastError `bad_configuration` for an archive without a policy */
  constructor(state: GovernanceState, clock: Date) {
    const preset = state.classes.get(state.defaultClass ?? '');
    const longest = longestClass(state.classes.values());
    if (preset === undefined || longest === undefined) throw new HoldfastError('bad_configuration', 'the archive has no retention policy yet.');
    this.#clock = clock;
    this.#default = preset;
    this.#longest = longest;
    // With one class for what can be read and what cannot, and no lengthening, every record has the same cohort.
    this.#mustRead = preset.name !== longest.name || preset.lengthenMonths > 0;
    this.#unread = { cohort: this.#cohort(longest, undefined) };
  }

  classify(record: RawRecord): Classified {
    if (!this.#mustRead) return this.#unread;
    const { status, occurredAt } = routeOf(record);
    return status === 'parsed' ? { cohort: this.#cohort(this.#default, occurredAt) } : this.#unread;
  }

  #cohort(chosen: RetentionClass, occurredAt: number | undefined): Cohort {
    let from = this.#clock;
    if (chosen.lengthenMonths > 0 && occurredAt !== undefined && occurredAt > from.getTime()) {
      const latest = addMonths(from, chosen.lengthenMonths);
      from = occurredAt < latest.getTime() ? new Date(occurredAt) : latest;
    }
    // Records of one month share a cohort; only a lengthened one costs date arithmetic of its own.
    const key = from === this.#clock ? chosen.name : `${chosen.name}/${monthOf(from)}`;
    let cohort = this.#cohorts.get(key);
    if (cohort === undefined) {
      cohort = { className: chosen.name, classNumber: chosen.number, period: monthOf(retainUntil(from, chosen.months)) };
      this.#cohorts.set(key, cohort);
    }
    return cohort;
  }
}
