import { z } from 'zod';

const seed = z.string().regex(/^[0-9a-f]{32}$/);
const key = z.string().max(900);

/** What the holder of the escrow keys is asked: to open these wraps. It holds no secret. */
export const drillChallengeSchema = z.strictObject({
  format: z.literal('holdfast.drill/1'),
  archive: z.string().regex(/^[0-9a-f]{64}$/),
  seed,
  begun: z.string(),
  /** Escrow wraps in the store. */
  wraps: z.int().min(0),
  sample: z.array(
    z.strictObject({
      /** Its name in the wraps store. */
      key,
      jwe: z.string().max(8192),
      context: z.strictObject({
        archive: z.string(),
        chain: z.string(),
        dataKey: z.string(),
        cohort: z.strictObject({ className: z.string(), period: z.string() }),
      }),
    }),
  ),
});

/** What he answers: proofs that he has the data keys, and no data key. */
export const drillAnswerSchema = z.strictObject({
  format: z.literal('holdfast.drill-answer/1'),
  seed,
  answers: z.array(z.union([z.strictObject({ key, proof: z.string().regex(/^[0-9a-f]{64}$/) }), z.strictObject({ key, problem: z.string() })])),
});

export type DrillChallenge = z.infer<typeof drillChallengeSchema>;
export type DrillAnswer = z.infer<typeof drillAnswerSchema>;
