import { HoldfastError, routeOf } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { longestClass } from '@holdfast/governance';
import type { GovernanceState, RetentionClass } from '@holdfast/governance';
import { addMonths, monthOf, retainUntil } from '@holdfast/seal';
import type { Cohort } from '@holdfast/seal';

/** What classification found out about a record besides its cohort. */
export interface Classified {
  readonly cohort: Cohort;
  readonly parsed: boolean;
  /** False when the record's key names another conversation than its content: directories then find it under its key only. */
  readonly keyMatches: boolean;
}

/**
 * Decides the cohort of records under one governance head at one moment. Nothing in a record can shorten its retention;
 * its own time lengthens it, within the class's bound. What cannot be read gets the longest class (design 4.10).
 */
export class Classifier {
  readonly #clock: Date;
  readonly #default: RetentionClass;
  readonly #longest: RetentionClass;
  readonly #cohorts = new Map<string, Cohort>();

  /** @throws HoldfastError `bad_configuration` for an archive without a policy */
  constructor(state: GovernanceState, clock: Date) {
    const preset = state.classes.get(state.defaultClass ?? '');
    const longest = longestClass(state.classes.values());
    if (preset === undefined || longest === undefined) throw new HoldfastError('bad_configuration', 'the archive has no retention policy yet.');
    this.#clock = clock;
    this.#default = preset;
    this.#longest = longest;
  }

  classify(record: RawRecord): Classified {
    const route = routeOf(record);
    const parsed = route.status === 'parsed';
    const chosen = parsed ? this.#default : this.#longest;
    return { cohort: this.#cohort(chosen, route.occurredAt), parsed, keyMatches: !parsed || route.keyMatches };
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
