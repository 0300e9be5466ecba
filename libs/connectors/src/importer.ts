import type { NewRecord } from '@holdfast/ports';

/** What an import did, for the person who ran it. */
export interface ImportSummary {
  /** Records given out so far. */
  records: number;
  messages: number;
  conversations: number;
  people: number;
  /** Files that the export names but does not contain; each is an exception in the archive. */
  filesByReference: number;
  /** Parts of the export that hold no data for the archive, by name. */
  readonly ignored: string[];
  /** What a person should know, one sentence each. */
  readonly warnings: string[];
}

/**
 * One export of another system, checked as a whole before the first record is given out: whatever cannot be imported is
 * refused with `import_refused` while nothing has been written. The same file gives byte-identical records in every run
 * with the same options.
 */
export interface Importer {
  /** SHA-256 of the file, hexadecimal: a second import of the same file is recognised by it. */
  readonly importId: string;
  /** Records that `records()` will give out. */
  readonly total: number;
  readonly summary: Readonly<ImportSummary>;
  /** The records, in an order that keeps each conversation's. May be called again; `summary` then starts anew. */
  records(): AsyncIterable<NewRecord>;
  close(): Promise<void>;
}

export interface ImportOptions {
  /** Kafka timestamp of every record: the moment of the import, in milliseconds since 1970 (see `Capture.timestamp`). */
  readonly timestamp: bigint;
}

export function emptySummary(): ImportSummary {
  return { records: 0, messages: 0, conversations: 0, people: 0, filesByReference: 0, ignored: [], warnings: [] };
}
