import type { Bench } from './bench.js';

export type PromiseResult = 'kept' | 'broken' | 'not_tried';

/** One promise of an object store, tried on the real buckets. */
export interface PromiseReport {
  /** Stable name, snake_case. */
  readonly name: string;
  /** What is promised, in one sentence. */
  readonly promise: string;
  /** Holdfast relies on it: a store that breaks it is refused. The others are only reported; Holdfast does without. */
  readonly reliedOn: boolean;
  readonly result: PromiseResult;
  /** What was seen, in one sentence. */
  readonly seen: string;
}

export interface StoreReport {
  readonly vault: string;
  readonly claims: string;
  readonly depth: 'quick' | 'full';
  readonly promises: readonly PromiseReport[];
  /** A promise that is relied on was seen broken: this store must not be used. */
  readonly refused: boolean;
  /** Names of promises that are relied on and could not be tried (a quick check, or rights that are missing). */
  readonly untried: readonly string[];
}

export interface Outcome {
  readonly result: PromiseResult;
  readonly seen: string;
}

export interface Probe {
  readonly name: string;
  readonly promise: string;
  readonly reliedOn: boolean;
  /** Quick ones run at every start: a few requests, no waiting, nothing locked for longer than a minute. */
  readonly quick: boolean;
  readonly run: (bench: Bench) => Promise<Outcome>;
}

export function kept(seen: string): Outcome {
  return { result: 'kept', seen };
}

export function broken(seen: string): Outcome {
  return { result: 'broken', seen };
}

export function notTried(seen: string): Outcome {
  return { result: 'not_tried', seen };
}

/** `keeps` decides; the sentence says what was seen either way. */
export function judge(keeps: boolean, seen: string): Outcome {
  return keeps ? kept(seen) : broken(seen);
}
