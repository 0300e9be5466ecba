import type { Policy } from '@holdfast/tlog';

/** What a checked time-stamp token says, or why it proves nothing: the shape of `TimestampCheck` of the ports. */
export type CheckedToken =
  | {
      readonly ok: true;
      readonly time: Date;
      readonly authority: string;
      readonly certificateEnds: Date;
      readonly policy: string;
      readonly serial: string;
    }
  | { readonly ok: false; readonly problem: string };

/** Judges a time-stamp token over `digest` against the root certificates that the verifier trusts. Never throws. */
export type TimestampCheck = (token: Uint8Array, digest: Uint8Array, roots: readonly Uint8Array[], at?: Date) => Promise<CheckedToken>;

/** Whom and what the verifier believes besides his own arithmetic. */
export interface Anchors {
  readonly policy?: Policy;
  /** Checkpoints that the verifier has kept. */
  readonly checkpoints?: readonly Uint8Array[];
  readonly timestampCheck?: TimestampCheck;
}

/** Clocks of different machines differ; more than this before a tick is no matter of clocks. */
export const CLOCKS_MS = 5 * 60_000;
