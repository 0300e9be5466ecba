/** Shapes of verifications in the API. */
import { parseChainRanges } from '@holdfast/verify';
import { z } from 'zod';
import type { Job } from './verifications.js';

const count = z.int().nonnegative();
const bilingual = z.strictObject({ en: z.string(), zh: z.string() });

export const verificationBody = z
  .strictObject({
    level: z.int().min(1).max(6).default(6).describe('All checks up to this one (docs/verifying.md).'),
    chains: z
      .array(z.string().max(500))
      .min(1)
      .max(100)
      .optional()
      .describe('CHAIN, or CHAIN:FROM-TO in segments (TO not included); * and ** in names. Absent: everything.'),
  })
  .meta({ id: 'VerificationRequest' });

export const jobParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/) });

export const jobView = z
  .strictObject({
    id: z.string(),
    kind: z.literal('verification'),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    level: z.int(),
    chains: z.string().optional(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().optional(),
    progress: z.strictObject({ chain: z.string(), segments: count, records: count, findings: count }).optional(),
    result: z
      .strictObject({
        ok: z.boolean().describe('No findings.'),
        anchored: z.boolean(),
        findings: count,
        notes: count,
        chains: count,
        segments: count,
        records: count,
        recordsOpened: count,
        counts: z.record(z.string(), count).describe('How many there are of each code.'),
        summary: z.array(bilingual),
        report: z.string().describe('Path of the whole report.'),
      })
      .optional(),
    error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'Job' });

export function viewOf(job: Job): z.infer<typeof jobView> {
  const { id, kind, state, level, chains, startedAt, endedAt, progress, document, error } = job;
  const report = document?.report;
  return {
    id,
    kind,
    state,
    level,
    ...(chains !== undefined && { chains }),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(progress !== undefined && { progress }),
    ...(error !== undefined && { error }),
    ...(document !== undefined &&
      report !== undefined && {
        result: {
          ok: report.ok,
          anchored: report.anchored,
          findings: report.findingsTotal,
          notes: report.notesTotal,
          chains: report.chains,
          segments: report.segments,
          records: report.records,
          recordsOpened: report.recordsOpened,
          counts: report.counts,
          summary: [...document.summary],
          report: `/api/v1/jobs/${id}/report`,
        },
      }),
  };
}

/** As the verifier takes them. @throws HoldfastError `bad_request` */
export function chainsOf(chains: readonly string[] | undefined): string | undefined {
  if (chains === undefined) return undefined;
  const text = chains.join(',');
  parseChainRanges(text);
  return text;
}
