import type { BundleRecord } from '@holdfast/bundle';
import type { BundleReport } from '@holdfast/verify';

/** Bytes and salts that somebody got besides the bundle; `path` as the folder has it. */
export interface DisclosedFile {
  readonly path: string;
  readonly file: Blob;
}

/** What the person chose. */
export interface Chosen {
  readonly name: string;
  readonly bundle: Blob;
  /** The archive id that the person holds from elsewhere; empty for none. */
  readonly archiveId: string;
  readonly policy?: Blob;
  readonly checkpoints: readonly Blob[];
  readonly disclosed: readonly DisclosedFile[];
}

export type Question = { readonly kind: 'verify'; readonly chosen: Chosen } | { readonly kind: 'open'; readonly entry: string };

/** What was verified, with whose help: the head of a saved report. */
export interface Subject {
  readonly bundle: { readonly name: string; readonly size: number; readonly sha256: string };
  readonly given: {
    readonly archiveId?: string;
    readonly policySha256?: string;
    readonly checkpointsSha256: readonly string[];
    readonly disclosedFiles: number;
  };
}

export interface Judgement {
  readonly subject: Subject;
  readonly report: BundleReport;
  readonly records: readonly BundleRecord[];
  /** The transcript as plain text; absent when it is not the one that the records give. */
  readonly transcript?: string;
}

export type Answer =
  | { readonly kind: 'hashing'; readonly done: number; readonly of: number }
  | { readonly kind: 'reading'; readonly done: number; readonly of: number }
  /** Nothing was judged: what the person gave cannot be used. */
  | { readonly kind: 'refused'; readonly what: 'bundle' | 'policy' | 'archiveId'; readonly problem: string }
  | { readonly kind: 'judged'; readonly judgement: Judgement }
  | { readonly kind: 'opened'; readonly entry: string; readonly text: string }
  /** A fault of this page, not of the bundle. */
  | { readonly kind: 'failed'; readonly problem: string };
