/** The shapes of the API, each in one place: validated where they come in, documented by OpenAPI where they go out. */
import { z } from 'zod';

const count = z.int().nonnegative();
const offset = z.string().regex(/^\d+$/).describe('An offset, in decimal.');
const moment = z.iso.datetime();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const bilingual = z.strictObject({ en: z.string(), zh: z.string() }).meta({ id: 'Bilingual' });
const diagnostic = z
  .strictObject({
    code: z.string().describe('E_…, W_… or I_…, documented in docs/query-language.md.'),
    severity: z.enum(['error', 'warning', 'info']),
    message: bilingual,
    hint: bilingual,
    start: count.describe('UTF-16 offset into the submitted text.'),
    end: count,
    line: count,
    column: count,
  })
  .meta({ id: 'Diagnostic' });

const view = {
  id: z.string(),
  chain: z.string(),
  seq: count,
  offset,
  state: z
    .enum(['sealed', 'anchored'])
    .describe('anchored: in the transparency log, under a signed checkpoint. sealed: in the vault, not yet anchored.'),
  sentAt: z.string(),
  sentFrom: z.enum(['occurred', 'kafka']).describe('Whose time it is: of the event, or of the Kafka record.'),
  status: z.string(),
  problem: z.string().optional(),
  event: z.record(z.string(), z.unknown()).optional().describe('The event, schema holdfast.event/1.'),
  highlights: z.array(z.strictObject({ start: count, end: count })).optional(),
};
const recordView = z
  .strictObject({
    ...view,
    truncated: z.literal(true).optional().describe('The event is too large for a page and shown in part; absent when it is whole.'),
    eventBytes: count.optional().describe('Bytes of the whole event as JSON, where it is truncated.'),
    whole: z.string().optional().describe('Path of the whole record, where it is truncated.'),
  })
  .meta({ id: 'Record' });
const bytes = z.strictObject({ base64url: z.string(), text: z.string().optional() }).meta({ id: 'Bytes' });
export const recordDetail = z
  .strictObject({
    ...view,
    retainUntil: z.string(),
    sealedAt: moment,
    record: z.strictObject({
      timestamp: z.string(),
      timestampType: z.string(),
      key: bytes.nullable(),
      value: bytes.nullable(),
      headers: z.array(z.strictObject({ key: bytes, value: bytes.nullable() })),
    }),
    proof: z.record(z.string(), z.unknown()).describe('What docs/vault-format.md needs to recompute the segment root.'),
  })
  .meta({ id: 'RecordDetail' });

const position = z
  .strictObject({ chains: z.record(z.string(), count), governance: count, generation: z.string() })
  .meta({ id: 'Position', description: 'What the search covers: per chain the next segment that is not searchable.' });

const indexState = z
  .discriminatedUnion('state', [
    z.strictObject({ state: z.literal('ok') }),
    z.strictObject({ state: z.literal('failed'), since: moment, findings: count, message: bilingual }),
  ])
  .meta({
    id: 'IndexState',
    description: 'failed: an attestation found that the index differs from the vault, and no clean one or rebuild followed.',
  });

export const searchQuery = z.strictObject({
  q: z.string().describe('A query; its language is described in docs/query-language.md.'),
  sort: z.enum(['newest', 'oldest']).default('newest'),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().max(40_000).optional().describe('cursor of the page before.'),
});
export const searchResult = z
  .strictObject({
    ok: z.literal(true),
    query: z.string(),
    canonical: z.string(),
    reading: bilingual,
    warnings: z.array(diagnostic),
    timeZone: z.string(),
    total: count.describe('Exact.'),
    hits: z.array(recordView),
    cursor: z.string().optional(),
    unindexed: count.describe('Documents that the engine could not index: they can match nothing.'),
    notYetSearchable: count.describe('Segments that are sealed and not searchable yet.'),
    position,
    notInVault: z
      .array(z.string())
      .describe('Ids of this page that the index names and the vault does not hold: counted in total, and nothing can be shown of them.'),
    index: indexState,
  })
  .meta({ id: 'SearchResult' });
export const refusedQuery = z
  .looseObject({ code: z.literal('query_refused'), errors: z.array(diagnostic), warnings: z.array(diagnostic) })
  .meta({ id: 'RefusedQuery', description: 'RFC 9457 problem document.' });

export const recordParams = z.strictObject({ id: z.string().max(600) });
const MOST_AROUND = 500;
const around = z.coerce.number().int().min(0).max(MOST_AROUND).default(20);
export const contextQuery = z.strictObject({ before: around, after: around });
export const contextResult = z
  .strictObject({ before: z.array(recordView), record: recordDetail, after: z.array(recordView) })
  .meta({ id: 'Context' });

export const captureQuery = z.strictObject({ source: z.string().min(1).max(4_000), id: z.string().min(1).max(4_000) });
export const captureView = z
  .strictObject({
    source: z.string(),
    id: z.string(),
    state: z.enum(['sealed', 'anchored', 'unknown']),
    records: z
      .array(z.strictObject({ id: z.string(), chain: z.string(), seq: count, state: z.enum(['sealed', 'anchored']), sealedAt: moment }))
      .describe('Several when the event was delivered more than once; at most 20.'),
    notYetSearchable: count.optional().describe('While unknown: segments that are sealed and not searchable yet; with 0 it is not in the archive.'),
  })
  .meta({ id: 'Capture' });

const gap = z.strictObject({ chain: z.string(), from: offset, to: offset, reason: z.string() });
export const statusView = z
  .strictObject({
    archive: hash,
    name: z.string(),
    profile: z.enum(['embedded', 'cluster']),
    software: z.string(),
    timeZone: z.string(),
    governance: z.strictObject({ segments: count, head: hash }),
    chains: z.array(
      z.strictObject({
        chain: z.string(),
        segments: count,
        nextOffset: offset,
        head: hash.nullable(),
        sealedAt: moment.nullable(),
        notYetSearchable: count.optional().describe('Segments; absent where nothing is searched and while the index does not answer.'),
        closed: z.strictObject({ successor: z.string(), reason: z.string() }).optional(),
      }),
    ),
    index: z.discriminatedUnion('available', [
      z.strictObject({ available: z.literal(false) }),
      z.strictObject({
        available: z.literal(true),
        documents: count,
        unindexed: count,
        generation: z.string(),
        governance: count,
        tokenizer: z.string(),
        notYetSearchable: count,
        attestation: indexState,
      }),
    ]),
    gaps: z.array(gap).describe('Losses that were accepted, with their reasons.'),
  })
  .meta({ id: 'Status' });
export type StatusView = z.infer<typeof statusView>;

export const tileParams = z.object({
  path: z.string().describe('<L>/<N> or entries/<N>, N in groups of three digits; .p/<W> behind it for a partial tile.'),
});
