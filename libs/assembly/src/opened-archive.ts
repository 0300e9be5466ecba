import type { RecordIndex, RecordSink, RecordSource } from '@holdfast/ports';
import type { Archive, CheckedClock, DataKeys, GovernanceLog, SegmentReader } from '@holdfast/vault';

/** An archive with everything an app needs to work on it, whatever it is made of. */
export interface OpenedArchive {
  readonly archive: Archive;
  readonly profile: 'embedded' | 'cluster';
  readonly clock: CheckedClock;
  readonly governance: GovernanceLog;
  readonly dataKeys: DataKeys;
  readonly reader: SegmentReader;
  /** Name of the source in chains and record ids. */
  readonly sourceName: string;
  readonly topics: readonly string[];
  readonly timeZone: string;
  /** True when this call made the archive. */
  readonly created: boolean;
  /** A reader of the source; the caller closes it. `group`: a group of its own, so that it takes no partition from workers. */
  source(group?: string): RecordSource;
  sink(): RecordSink;
  /**
   * The right to import. In a folder one run has it at a time; in a cluster the newest run has it, and a write of an older
   * one can be under way for `settleMs`.
   * @throws HoldfastError `bad_request` when another run has it
   */
  importing(): { readonly settleMs: number; release(): void };
  /** A handle on the search index, not yet opened. */
  index(): RecordIndex;
  /** Entries of the stores that are neither objects nor state of one, where the store can have such (folders). */
  strays(): AsyncIterable<string>;
  close(): Promise<void>;
}

/** Name and version in manifests. */
export const SOFTWARE = 'holdfast/0.1.0';
