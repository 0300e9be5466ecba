/**
 * `kept` and `broken`: it was tried and seen. `refused`: the store, or the rights of these credentials, refused what had to be
 * done to try it, so nothing was seen. `not_tried`: this check did not go so far (a quick one, too little patience, Ctrl-C).
 */
export type PromiseResult = 'kept' | 'broken' | 'refused' | 'not_tried';

export type PromiseGroup =
  | 'compliance'
  | 'governance'
  | 'hold'
  | 'expiry'
  | 'delete'
  | 'version'
  | 'list'
  | 'key'
  | 'checksum'
  | 'multipart'
  | 'copy'
  | 'condition'
  | 'date'
  | 'clock'
  | 'bucket';

/** An answer other than success that a probe met, in order. */
export interface Answer {
  readonly status: number;
  /** The error code of the store, as in `AccessDenied`. */
  readonly code: string;
}

/** One promise of an object store, tried on the real buckets. */
export interface PromiseReport {
  /** Stable name, snake_case. */
  readonly name: string;
  readonly group: PromiseGroup;
  /** What is promised, in one sentence. */
  readonly promise: string;
  /** What it means for evidence when it is broken, in one sentence. */
  readonly meaning: string;
  /** Holdfast relies on it: a store that breaks it is refused. The others are only reported; Holdfast does without. */
  readonly reliedOn: boolean;
  readonly result: PromiseResult;
  /** What was seen, in one sentence. */
  readonly seen: string;
  /** The refusals that were met. */
  readonly answers: readonly Answer[];
}

/** Something that a check had to leave behind. */
export interface Leftover {
  readonly bucket: string;
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly version?: string;
  /** When its lock ends, and it can be deleted. Absent: the store did not say. */
  readonly until?: string;
  readonly why: string;
}

export interface StoreReport {
  readonly endpoint: string;
  readonly startedAt: string;
  readonly vault: string;
  readonly claims: string;
  readonly depth: 'quick' | 'full';
  /** The check was ended early; what was not reached is `not_tried`. */
  readonly interrupted: boolean;
  readonly promises: readonly PromiseReport[];
  /** A promise that is relied on was seen broken: this store must not be used. */
  readonly refused: boolean;
  /** Names of promises that are relied on and about which nothing was seen (a quick check, or rights that are missing). */
  readonly untried: readonly string[];
  /** What a full check left behind, the first few of it. */
  readonly left: readonly Leftover[];
  readonly leftTotal: number;
}

export interface Outcome {
  readonly result: PromiseResult;
  readonly seen: string;
}

/** Ends a probe that cannot see anything; `store-check` reports it as it is. */
export class Unseen extends Error {
  override readonly name = 'Unseen';
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.seen);
    this.outcome = outcome;
  }
}

export function kept(seen: string): Outcome {
  return { result: 'kept', seen };
}

export function broken(seen: string): Outcome {
  return { result: 'broken', seen };
}

export function refused(seen: string): Outcome {
  return { result: 'refused', seen };
}

export function notTried(seen: string): Outcome {
  return { result: 'not_tried', seen };
}

/** `keeps` decides; the sentence says what was seen either way. */
export function judge(keeps: boolean, seen: string): Outcome {
  return keeps ? kept(seen) : broken(seen);
}

/** How a request ended, in words. */
export function said(refusal: string | undefined): string {
  return refusal === undefined ? 'accepted' : `refused (${refusal})`;
}
