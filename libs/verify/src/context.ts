import type { GovernanceFold } from '@holdfast/governance';
import type { Crypto, Genesis } from '@holdfast/seal';
import type { Evidence } from './evidence.js';
import type { Finding } from './findings.js';
import type { Collector } from './report.js';

/** What one run of the verifier shares among its steps. */
export interface VerifyContext {
  readonly evidence: Evidence;
  readonly crypto: Crypto;
  readonly level: number;
  readonly archive: Uint8Array;
  readonly archiveHex: string;
  readonly genesis: Genesis;
  readonly state: GovernanceFold;
  /** Governance heads met so far: number of segments → manifest hash. */
  readonly heads: Map<number, string>;
  /** Chain → number of its segments that are there, of the chains that were walked. */
  readonly ends: Map<string, number>;
  readonly collector: Collector;
  readonly add: (found: Finding) => void;
  readonly progress: () => void;
  /** Only these chains are walked. */
  readonly selected: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}
