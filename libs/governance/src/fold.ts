import { HoldfastError } from '@holdfast/record';
import type { ClearEvent } from './events.js';
import { subjectOf } from './events.js';

/** A retention class: `months` from sealing, lengthened by a record's own timestamp by at most `lengthenMonths`. */
export interface RetentionClass {
  readonly name: string;
  readonly number: number;
  readonly months: number;
  readonly lengthenMonths: number;
}

/** A manifest key and the first `gov` segment under whose head it may sign. */
export interface ManifestKeyEntry {
  readonly jwk: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string; readonly kid: string };
  /** Number of `gov` segments that a manifest must have obeyed: seq of the introduction + 1. */
  readonly from: number;
}

/** Ed25519, as a JWK. */
export interface LogKeyEntry {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
}

export interface RegisteredChain {
  readonly chain: string;
  readonly cluster: string | undefined;
  /** A first segment must obey at least this many `gov` segments. */
  readonly from: number;
  readonly closed?: { readonly successor: string; readonly reason: string; readonly from: number };
}

export interface AcceptedGap {
  readonly from: bigint;
  readonly to: bigint;
  readonly reason: string;
}

/** An export that was put into the source. */
export interface KnownImport {
  readonly timestamp: bigint;
  /** End of every partition of the topic when it began. */
  readonly offsets: readonly bigint[];
  /** Command id of its newest `import.started` or `import.resumed`: only the run that sealed that one may write. */
  readonly run: string;
  readonly finished: boolean;
}

/** State = fold over the `gov` chain; immutable from outside. */
export interface GovernanceState {
  readonly name: string;
  readonly timeZone: string;
  readonly profile: 'embedded' | 'cluster' | undefined;
  readonly classes: ReadonlyMap<string, RetentionClass>;
  readonly defaultClass: string | undefined;
  readonly manifestKeys: ReadonlyMap<string, ManifestKeyEntry>;
  /** Public keys of the transparency log that came after the one in the genesis, by kid. */
  readonly logKeys: ReadonlyMap<string, LogKeyEntry>;
  readonly chains: ReadonlyMap<string, RegisteredChain>;
  readonly gaps: ReadonlyMap<string, readonly AcceptedGap[]>;
  /** By SHA-256 of the file. */
  readonly imports: ReadonlyMap<string, KnownImport>;
  /** `class/period` → KEK id. */
  readonly cohortKeys: ReadonlyMap<string, string>;
  /** `class/period` → id of the escrow key. */
  readonly escrowKeys: ReadonlyMap<string, string>;
  classesAt(next: number): ReadonlyMap<string, RetentionClass>;
}

/**
 * Folds `gov`. Every process folds the same events to the same state in every release (golden vectors), so a decision is a
 * pure function of the chain. Events that change nothing because they repeat a command are ignored; events that contradict
 * the state are refused, because nobody may have sealed them.
 */
export class GovernanceFold implements GovernanceState {
  name = '';
  timeZone = 'UTC';
  profile: 'embedded' | 'cluster' | undefined;
  readonly classes = new Map<string, RetentionClass>();
  defaultClass: string | undefined;
  readonly manifestKeys = new Map<string, ManifestKeyEntry>();
  readonly logKeys = new Map<string, LogKeyEntry>();
  readonly chains = new Map<string, RegisteredChain>();
  readonly gaps = new Map<string, AcceptedGap[]>();
  readonly imports = new Map<string, KnownImport>();
  readonly cohortKeys = new Map<string, string>();
  readonly escrowKeys = new Map<string, string>();
  readonly #commands = new Set<string>();
  readonly #classHistory: { readonly from: number; readonly defined: RetentionClass }[] = [];

  /** The same state, independent of this one: for trying events before they are sealed. */
  copy(): GovernanceFold {
    const copy = new GovernanceFold();
    copy.name = this.name;
    copy.timeZone = this.timeZone;
    copy.profile = this.profile;
    copy.defaultClass = this.defaultClass;
    for (const [name, value] of this.classes) copy.classes.set(name, value);
    for (const [name, value] of this.manifestKeys) copy.manifestKeys.set(name, value);
    for (const [name, value] of this.logKeys) copy.logKeys.set(name, value);
    for (const [name, value] of this.chains) copy.chains.set(name, value);
    for (const [name, value] of this.gaps) copy.gaps.set(name, [...value]);
    for (const [name, value] of this.imports) copy.imports.set(name, value);
    for (const [name, value] of this.cohortKeys) copy.cohortKeys.set(name, value);
    for (const [name, value] of this.escrowKeys) copy.escrowKeys.set(name, value);
    for (const command of this.#commands) copy.#commands.add(command);
    copy.#classHistory.push(...this.#classHistory);
    return copy;
  }

  /** Classes as a manifest saw them that obeyed `next` segments of `gov`: what it had to lock to. */
  classesAt(next: number): ReadonlyMap<string, RetentionClass> {
    const classes = new Map<string, RetentionClass>();
    for (const { from, defined } of this.#classHistory) if (from <= next) classes.set(defined.name, defined);
    return classes;
  }

  /** Applies an event of `gov` segment `seq`. @throws HoldfastError `chain_broken` when it contradicts what is sealed */
  apply(event: ClearEvent, seq: number): void {
    const once = `${event.id}/${event.type}/${subjectOf(event)}`;
    if (this.#commands.has(once)) return;
    this.#change(event, seq);
    // Only now: an event that was refused must be refused each time it is read, not taken for a repeat the second time.
    this.#commands.add(once);
  }

  #change(event: ClearEvent, seq: number): void {
    switch (event.type) {
      case 'archive.created':
        this.name = event.name;
        this.timeZone = event.timeZone;
        this.profile = event.profile;
        return;
      case 'key.introduced':
        if (event.use === 'manifest' && event.jwk.kty === 'EC' && !this.manifestKeys.has(event.jwk.kid)) {
          this.manifestKeys.set(event.jwk.kid, { jwk: event.jwk, from: seq + 1 });
        }
        if (event.use === 'log' && event.jwk.kty === 'OKP') this.logKeys.set(event.jwk.kid, event.jwk);
        return;
      case 'cohort-keys.introduced':
        this.#refuseIf(this.cohortKeys.has(`${event.class}/${event.period}`), 'a second key for one cohort');
        this.cohortKeys.set(`${event.class}/${event.period}`, event.kek);
        this.escrowKeys.set(`${event.class}/${event.period}`, event.escrow.kid);
        return;
      case 'class.defined': {
        const taken = [...this.classes.values()].some((other) => (other.name === event.name) !== (other.number === event.number));
        const before = this.classes.get(event.name);
        this.#refuseIf(taken || event.name === 'ledger', 'a class number or name that is taken');
        // Retention may grow, never shrink: what was promised at sealing holds (SEC 17a-4(f)(2)(i)(B)).
        this.#refuseIf(
          before !== undefined && (event.months < before.months || event.lengthenMonths < before.lengthenMonths),
          'a shorter period for a class',
        );
        const defined = { name: event.name, number: event.number, months: event.months, lengthenMonths: event.lengthenMonths };
        this.classes.set(event.name, defined);
        this.#classHistory.push({ from: seq + 1, defined });
        return;
      }
      case 'policy.set':
        this.#refuseIf(!this.classes.has(event.defaultClass), 'a policy that names an unknown class');
        this.defaultClass = event.defaultClass;
        return;
      case 'chain.registered':
        this.#refuseIf(this.chains.has(event.chain), 'a second registration of one chain');
        this.chains.set(event.chain, { chain: event.chain, cluster: event.cluster, from: seq + 1 });
        return;
      case 'import.started':
        this.#refuseIf(this.imports.has(event.importId), 'a second beginning of one import');
        this.imports.set(event.importId, {
          timestamp: BigInt(event.timestamp),
          offsets: event.offsets.map(BigInt),
          run: event.id,
          finished: false,
        });
        return;
      case 'import.resumed': {
        const begun = this.imports.get(event.importId);
        this.#refuseIf(begun === undefined || begun.finished, 'a resumption of an import that is not under way');
        if (begun !== undefined) this.imports.set(event.importId, { ...begun, run: event.id });
        return;
      }
      case 'import.finished': {
        const begun = this.imports.get(event.importId);
        this.#refuseIf(begun === undefined, 'the end of an import that did not begin');
        if (begun !== undefined) this.imports.set(event.importId, { ...begun, finished: true });
        return;
      }
      case 'claims.repaired':
        // A record of what happened; the claim itself says which manifest holds.
        return;
      case 'source.gap.accepted': {
        this.#refuseIf(!this.chains.has(event.chain) || BigInt(event.from) >= BigInt(event.to), 'an accepted gap that cannot be');
        const gaps = this.gaps.get(event.chain) ?? [];
        gaps.push({ from: BigInt(event.from), to: BigInt(event.to), reason: event.reason });
        this.gaps.set(event.chain, gaps);
        return;
      }
      case 'source.epoch.opened': {
        const old = this.chains.get(event.chain);
        this.#refuseIf(old === undefined || old.closed !== undefined || this.chains.has(event.successor), 'a new epoch that cannot be');
        if (old !== undefined) this.chains.set(event.chain, { ...old, closed: { successor: event.successor, reason: event.reason, from: seq + 1 } });
        this.chains.set(event.successor, { chain: event.successor, cluster: event.cluster, from: seq + 1 });
        return;
      }
    }
  }

  #refuseIf(condition: boolean, what: string): void {
    if (condition) throw new HoldfastError('chain_broken', `the chain gov contains ${what}`);
  }
}

/** Longest period of any class, lengthening included, in months; what manifests and ledger chains are locked to is a year more. */
export function horizonMonths(classes: Iterable<RetentionClass>): number {
  let longest = 0;
  for (const { months, lengthenMonths } of classes) longest = Math.max(longest, months + lengthenMonths);
  return longest + 12;
}

/** The class with the longest period: where records go that cannot be read. */
export function longestClass(classes: Iterable<RetentionClass>): RetentionClass | undefined {
  let longest: RetentionClass | undefined;
  for (const candidate of classes) {
    if (longest === undefined || candidate.months > longest.months || (candidate.months === longest.months && candidate.number < longest.number))
      longest = candidate;
  }
  return longest;
}
