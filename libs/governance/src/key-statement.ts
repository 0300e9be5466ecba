import { z } from 'zod';

export interface ClosedChain {
  readonly chain: string;
  readonly next: number;
  readonly accepted?: number;
}

/** What holders of recovery keys sign, member for member in the order of the format. */
export interface KeyStatement {
  readonly format: 'holdfast.key-statement/1';
  readonly archive: string;
  readonly action: 'introduce' | 'close';
  readonly use: 'manifest' | 'log' | 'recovery';
  readonly kid: string;
  readonly chains: readonly ClosedChain[];
  readonly logSize: number | null;
  readonly reason: string | null;
  readonly principal: string;
  readonly time: string;
}

/** A statement as a file; what it says counts only with its signatures. */
export const keyStatementSchema: z.ZodType<KeyStatement> = z.strictObject({
  format: z.literal('holdfast.key-statement/1'),
  archive: z.string().regex(/^[0-9a-f]{64}$/),
  action: z.enum(['introduce', 'close']),
  use: z.enum(['manifest', 'log', 'recovery']),
  kid: z.string().min(1).max(200),
  chains: z.array(z.strictObject({ chain: z.string(), next: z.int().min(1), accepted: z.int().min(0).exactOptional() })),
  logSize: z.int().min(0).nullable(),
  reason: z.string().min(1).max(1000).nullable(),
  principal: z.string().min(1).max(200),
  time: z.string(),
});
