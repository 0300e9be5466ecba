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
  /** Once it is closed: what it may have signed, by chain; a chain that is not here it has not signed at all. */
  readonly closed?: ReadonlyMap<string, ClosedAt>;
}

/** What a closed key may have signed in one chain. */
export interface ClosedAt {
  /** Only numbers below. */
  readonly next: number;
  /** Numbers from here to `next` were sealed under it, and nobody vouches for them (a stolen key). */
  readonly accepted: number;
}

/** Whether a closed key may stand under number `seq` of `chain`. */
export function standing({ closed }: Pick<ManifestKeyEntry, 'closed'>, chain: string, seq: number): 'valid' | 'disputed' | 'closed' {
  if (closed === undefined) return 'valid';
  const at = closed.get(chain);
  if (at === undefined || seq >= at.next) return 'closed';
  return seq >= at.accepted ? 'disputed' : 'valid';
}

/** Ed25519, as a JWK. */
export interface LogKeyEntry {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
}

/** A log key that may have signed checkpoints up to a size only. */
export interface ClosedLogKey {
  readonly size: number;
}

/** The last restore drill of the escrow. */
export interface EscrowDrill {
  readonly time: string;
  readonly sampled: number;
  readonly failed: number;
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
  /** Log keys that may not sign any more, by kid; the key of the genesis can be among them. */
  readonly closedLogKeys: ReadonlyMap<string, ClosedLogKey>;
  /** Recovery keys by kid, those of the genesis included. */
  readonly recoveryKeys: ReadonlyMap<string, Omit<ManifestKeyEntry, 'closed'>>;
  /** Recovery keys that may not sign any more: kid → number of `gov` segments from which on. */
  readonly closedRecoveryKeys: ReadonlyMap<string, number>;
  readonly drill: EscrowDrill | undefined;
  /** A relocking that has begun and not ended: its command id and horizon in months. */
  readonly relocking: { readonly id: string; readonly months: number } | undefined;
  /** Months of the last relocking that was done. */
  readonly relocked: { readonly time: string; readonly months: number } | undefined;
  readonly chains: ReadonlyMap<string, RegisteredChain>;
  readonly gaps: ReadonlyMap<string, readonly AcceptedGap[]>;
  /** By SHA-256 of the file. */
  readonly imports: ReadonlyMap<string, KnownImport>;
  /** `class/period` → KEK ids, newest last: data keys keep the KEK that they were wrapped for. */
  readonly cohortKeys: ReadonlyMap<string, readonly string[]>;
  /** `class/period` → ids of escrow keys, newest last. */
  readonly escrowKeys: ReadonlyMap<string, readonly string[]>;
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
  readonly cohortKeys = new Map<string, readonly string[]>();
  readonly escrowKeys = new Map<string, readonly string[]>();
  readonly closedLogKeys = new Map<string, ClosedLogKey>();
  readonly recoveryKeys = new Map<string, Omit<ManifestKeyEntry, 'closed'>>();
  readonly closedRecoveryKeys = new Map<string, number>();
  drill: EscrowDrill | undefined;
  relocking: { readonly id: string; readonly months: number } | undefined;
  relocked: { readonly time: string; readonly months: number } | undefined;
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
    for (const [name, value] of this.closedLogKeys) copy.closedLogKeys.set(name, value);
    for (const [name, value] of this.recoveryKeys) copy.recoveryKeys.set(name, value);
    for (const [name, value] of this.closedRecoveryKeys) copy.closedRecoveryKeys.set(name, value);
    copy.drill = this.drill;
    copy.relocking = this.relocking;
    copy.relocked = this.relocked;
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
        if (event.use === 'recovery' && event.jwk.kty === 'EC') {
          // The first segment repeats those of the genesis; whoever holds only a manifest key must not make recovery keys.
          this.#refuseIf(seq > 0 && event.statements === undefined, 'a recovery key that no recovery key vouches for');
          if (!this.recoveryKeys.has(event.jwk.kid)) this.recoveryKeys.set(event.jwk.kid, { jwk: event.jwk, from: seq + 1 });
        }
        return;
      case 'key.closed':
        this.#close(event, seq);
        return;
      case 'escrow.drilled':
        this.#refuseIf(event.opened + event.failed !== event.sampled || event.sampled > event.wraps, 'a restore drill that does not add up');
        this.drill = { time: event.begun, sampled: event.sampled, failed: event.failed };
        return;
      case 'relock.started':
        this.relocking = { id: event.id, months: event.months };
        return;
      case 'relock.done':
        this.#refuseIf(this.relocking?.id !== event.id, 'the end of a relocking that is not the one under way');
        if (this.relocking !== undefined) this.relocked = { time: event.time, months: this.relocking.months };
        this.relocking = undefined;
        return;
      case 'cohort-keys.introduced': {
        const cohort = `${event.class}/${event.period}`;
        const [keks, escrows] = [this.cohortKeys.get(cohort) ?? [], this.escrowKeys.get(cohort) ?? []];
        this.#refuseIf(keks.includes(event.kek), 'a second introduction of one key of a cohort');
        this.cohortKeys.set(cohort, [...keks, event.kek]);
        this.escrowKeys.set(cohort, [...escrows.filter((kid) => kid !== event.escrow.kid), event.escrow.kid]);
        return;
      }
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

  #close(event: Extract<ClearEvent, { type: 'key.closed' }>, seq: number): void {
    const { kid } = event;
    if (event.use === 'manifest') {
      const entry = this.manifestKeys.get(kid);
      this.#refuseIf(entry === undefined || entry.closed !== undefined, 'the end of a manifest key that is not open');
      this.#refuseIf(
        ![...this.manifestKeys].some(([other, { closed }]) => other !== kid && closed === undefined),
        'the end of the only manifest key',
      );
      const closed = new Map(event.chains.map(({ chain, next, accepted = next }) => [chain, { next, accepted }]));
      this.#refuseIf(
        closed.size < event.chains.length || [...closed.values()].some(({ next, accepted }) => accepted > next),
        'the end of a key that names a chain twice, or accepts more than there is',
      );
      // Nobody signs his own end: the event is sealed under another key.
      this.#refuseIf((closed.get('gov')?.next ?? 0) > seq, 'the end of a manifest key behind which it goes on');
      if (entry !== undefined) this.manifestKeys.set(kid, { ...entry, closed });
    } else {
      this.#refuseIf(event.chains.length > 0, 'the end of a key that signs no chains, with chains');
      const closed = event.use === 'log' ? this.closedLogKeys : this.closedRecoveryKeys;
      this.#refuseIf(closed.has(kid), 'a second end of one key');
      this.#refuseIf((event.use === 'log') !== (event.logSize !== undefined), 'the end of a key without what it ends at');
      this.#refuseIf(
        event.use === 'recovery' && (!this.recoveryKeys.has(kid) || event.statements === undefined),
        'the end of a recovery key that no recovery key vouches for',
      );
      if (event.use === 'log') this.closedLogKeys.set(kid, { size: event.logSize ?? 0 });
      else this.closedRecoveryKeys.set(kid, seq + 1);
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
