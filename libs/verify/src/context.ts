import { HoldfastError } from '@holdfast/record';
import type { GovernanceFold } from '@holdfast/governance';
import type { Crypto, Genesis } from '@holdfast/seal';
import type { Evidence } from './evidence.js';
import type { Finding } from './findings.js';
import type { HeadList } from './head-list.js';
import { Collector } from './report.js';
import type { Selection } from './chain-selection.js';

/** What one run of the verifier shares among its steps. */
export interface VerifyContext {
  readonly evidence: Evidence;
  readonly crypto: Crypto;
  readonly level: number;
  readonly archive: Uint8Array;
  readonly archiveHex: string;
  readonly genesis: Genesis;
  readonly state: GovernanceFold;
  /** Governance heads met so far. */
  readonly heads: HeadList;
  /** Chains that were walked: number of their segments, and the number behind the last one that any manifest lay under. */
  readonly ends: Map<string, { readonly end: number; readonly seen: number }>;
  /** The last committed number that each manifest key has signed, by chain: keys can be closed after a chain was walked. */
  readonly signed: Map<string, Map<string, number>>;
  /** Data keys of the chains under way, and what manifests pin of each. */
  readonly dataKeys: Map<string, Set<string>>;
  /** Folds what `gov` has got since it was walked: the archive may go on while it is judged. */
  readonly followGovernance: () => Promise<void>;
  readonly collector: Collector;
  readonly add: (found: Finding) => void;
  /** Counts what lies under another version id than its manifest or claim names: one note a chain, a copy has nothing else. */
  readonly relocated: (chain: string, key: string) => void;
  /** The hash that the log has for number `seq` of `chain`, if that is its last, or one that was marked. */
  readonly loggedAt: (chain: string, seq: number) => string | undefined;
  readonly progress: () => void;
  /** Only these chains are walked. */
  readonly selected: Selection | undefined;
  /** Numbers of a chain at which it will be compared with the log, besides the end. */
  readonly marks: (chain: string) => Iterable<number>;
  readonly signal: AbortSignal | undefined;
}

/** @throws HoldfastError `stopped` after the signal */
export function throwIfStopped({ signal }: Pick<VerifyContext, 'signal'>): void {
  if (signal?.aborted === true) throw new HoldfastError('stopped', 'the verification was stopped.');
}

/** The same for what was judged before, and is only walked again to know what it says. */
export function quietly(context: VerifyContext): VerifyContext {
  const collector = new Collector();
  return {
    ...context,
    ends: new Map(context.ends),
    signed: new Map(),
    dataKeys: new Map(),
    collector,
    add: () => undefined,
    relocated: () => undefined,
    progress: () => undefined,
  };
}
