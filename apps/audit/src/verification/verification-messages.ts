import type { VerifyReport } from '@holdfast/verify';
import { z } from 'zod';

/** What the process of a verification is to do; its first message. */
export const verificationTask = z.strictObject({
  /** Folder of an embedded archive; without one the environment names the buckets, as for the service itself. */
  folder: z.string().optional(),
  level: z.int().min(1).max(6),
  chains: z.string().optional(),
  /** Policy file of the log: whom the archive's owner believes. */
  policyPath: z.string().optional(),
});
export type VerificationTask = z.infer<typeof verificationTask>;

export interface VerificationProgress {
  readonly chain: string;
  readonly segments: number;
  readonly records: number;
  readonly findings: number;
}

/** What it answers. */
export type VerificationMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: VerificationProgress }
  | { readonly type: 'report'; readonly report: VerifyReport; readonly seconds: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
