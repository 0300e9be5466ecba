import type { BundleLanguage } from '@holdfast/bundle';
import type { WithheldRecords } from './withheld.js';

/** What is to be in a bundle. */
export type BundleRequest =
  | { readonly kind: 'records'; readonly ids: readonly string[] }
  | { readonly kind: 'query'; readonly query: string }
  | {
      readonly kind: 'conversation';
      /** Id as the index has it, `platform:workspace:conversation`, or the exact Kafka key. */
      readonly of: { readonly id: string } | { readonly key: Uint8Array };
      /** RFC 3339 with milliseconds, UTC: what is shown. */
      readonly from?: string;
      readonly to?: string;
    };

export interface BundleOptions {
  /** Number of entries of an older checkpoint: the same scope there gives the same bundle again. */
  readonly at?: number;
  readonly language?: BundleLanguage;
  /** Zone of the times in the transcript; that of the archive where none is given. */
  readonly timeZone?: string;
  readonly withheld?: WithheldRecords;
  /** Text of the policy that the archive suggests. */
  readonly policy?: Uint8Array;
  /** `verify.html`, to be carried along. */
  readonly verifier?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BundleProgress) => void;
}

export interface BundleProgress {
  readonly step: 'collecting' | 'writing' | 'checking';
  readonly segments: number;
  readonly of: number;
  readonly records: number;
}

/** A bundle that was made. */
export interface BundleMade {
  readonly ok: true;
  readonly file: { readonly size: number; readonly entries: number; readonly sha256: string };
  readonly archive: string;
  readonly log: { readonly origin: string; readonly size: number; readonly root: string };
  /** Position in time of the checkpoint. */
  readonly time: string;
  readonly scope: 'records' | 'query' | 'conversation';
  readonly records: { readonly shown: number; readonly withheld: number; readonly outside: number };
  /** Of a query: its reading, its position (whose SHA-256 the bundle has), and matches left out because they are younger than the checkpoint. */
  readonly search?: {
    readonly reading: string;
    readonly position: string;
    readonly hits: number;
    readonly younger: number;
    readonly warnings: readonly string[];
  };
  /** Only in scope `conversation`: the verifier found it complete. */
  readonly complete?: 'yes' | 'no' | 'with exceptions' | 'not claimed';
}
