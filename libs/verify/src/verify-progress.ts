import { HoldfastError } from '@holdfast/record';
import type { VerifyContext } from './context.js';
import type { DayProgress } from './days/day-comparison.js';
import type { ComparisonState } from './log/chain-comparison.js';
import type { Collected } from './report.js';

export const PROGRESS_FORMAT = 'holdfast-verify-progress/1';

/** A chain that was walked as far as was asked. */
export interface WalkedChain {
  readonly chain: string;
  /** The number behind the last one that was judged, and the hash of that; undefined before the first. */
  readonly next: number;
  readonly hash?: string;
  /** The number behind the last one that any manifest lay under, where the walk came to the end of the chain. */
  readonly seen?: number;
  /** The last number that each manifest key has signed. */
  readonly signed: Readonly<Record<string, number>>;
  /** As it was compared with the log. */
  readonly log?: ComparisonState;
}

/** A chain in the middle of its walk. */
export interface ChainUnderWay extends WalkedChain {
  readonly first: number;
  readonly records: number;
  /** Data keys that were met, with what manifests pin of them. */
  readonly dataKeys: readonly string[];
  readonly days?: DayProgress;
}

/**
 * Everything that a verifier must keep to go on later, as JSON. `gov` and the log are no part of it: they are what everything
 * else is judged by, and are walked each time. Whoever can change this can hide what was found: it belongs to the verifier alone.
 */
export interface VerifyProgress {
  readonly format: string;
  /** Archive id, hex. */
  readonly archive: string;
  /** What was asked for. */
  readonly asked: string;
  /** The head of `gov` that was known. */
  readonly governance: { readonly next: number; readonly hash: string };
  readonly collected: Collected;
  readonly relocated: readonly { readonly chain: string; readonly first: string; readonly count: number }[];
  readonly chains: readonly WalkedChain[];
  readonly current?: ChainUnderWay;
}

/** @throws HoldfastError `bad_configuration` when it is of another archive or run, `chain_broken` when `gov` is not what it was */
export function checkProgress({ archiveHex, heads }: Pick<VerifyContext, 'archiveHex' | 'heads'>, progress: VerifyProgress, asked: string): void {
  const { format, archive, governance } = progress;
  if (format !== PROGRESS_FORMAT) throw new HoldfastError('bad_configuration', 'The state of the earlier run has another format.');
  if (archive !== archiveHex) throw new HoldfastError('bad_configuration', `The state of the earlier run is of the archive ${archive}.`);
  if (progress.asked !== asked)
    throw new HoldfastError('bad_configuration', `The earlier run was asked for something else: ${progress.asked}; now it is ${asked}.`);
  if (heads.get(governance.next) !== governance.hash)
    throw new HoldfastError('chain_broken', `gov is not the chain that it was when the earlier run judged by it: verify from the beginning.`);
}
