import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';
import { encodeJson, parseJson } from './jws.js';
import { ecKeySchema, edKeySchema } from './public-key.js';

/** `typ` of the signed documents of format version 1. */
export const MANIFEST_TYP = 'holdfast-manifest';
export const GENESIS_TYP = 'holdfast-genesis';
export const CLAIM_TYP = 'holdfast-claim';

const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
const dataKeyName = z.string().regex(/^\d{4}-\d{2}-\d{2}\/[0-9a-f]{32}$/);
const decimal = z
  .string()
  .regex(/^(0|[1-9]\d{0,18})$/)
  // Asked also when the expression above did not match: BigInt would throw at what is no number.
  .refine((text) => /^\d+$/.test(text) && BigInt(text) <= 0x7fffffffffffffffn);
/** Date.parse knows a 30th of February and an hour 24: a moment must have one spelling. */
const isMoment = (text: string): boolean => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().slice(0, 19) === text.slice(0, 19);
const count = z.int().min(0).max(0xffffffff);
const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .refine(isMoment);
const lockDate = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
  .refine(isMoment);
const period = z.string().regex(/^\d{4}(-(0[1-9]|1[0-2]))?$/);
const chain = z.string().min(1).max(400);
const className = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);

const cohortSchema = z.strictObject({ class: className, number: z.int().min(0).max(0xffff), period });

const objectSchema = z
  .strictObject({
    no: z.int().min(0).max(0xffff),
    cohort: cohortSchema,
    enc: z.enum(['none', 'A256GCM']),
    records: count.min(1),
    root: hash32,
    blocks: count.min(1),
    size: count,
    sha256: hash32,
    trailer: count,
    directory: z.strictObject({
      root: hash32,
      entries: count,
      unattributed: z.strictObject({ count, root: hash32 }),
      labelCommitment: hash32.optional(),
    }),
    retainUntil: lockDate,
    key: z.string().max(1024).optional(),
    version: z.string().max(1024).optional(),
    inline: z.string().max(44_000).optional(),
    dataKey: dataKeyName.optional(),
    wraps: z.strictObject({ kek: hash32, escrow: hash32 }).optional(),
    random: hash32.optional(),
    commitment: hash32.optional(),
  })
  .refine(
    (object) => (object.inline === undefined) === (object.key !== undefined && object.version !== undefined),
    'either key and version or inline',
  )
  .refine(
    (object) =>
      [object.dataKey, object.wraps, object.random, object.commitment, object.directory.labelCommitment].every(
        (member) => (member === undefined) === (object.enc === 'none'),
      ),
    'key members belong to encrypted objects',
  );

/** Format section 8. */
export const manifestSchema = z.strictObject({
  format: z.literal('holdfast.manifest/1'),
  suite: z.literal(1),
  archive: hash32,
  chain,
  seq: z.int().min(0),
  prev: hash32,
  first: decimal,
  next: decimal,
  records: count,
  holes: z.strictObject({
    count,
    sum: decimal,
    losses: z.array(z.strictObject({ from: decimal, to: decimal, reason: z.string().max(1000) })).max(100),
  }),
  root: hash32,
  objects: z.array(objectSchema).max(1000),
  governance: z.strictObject({ next: z.int().min(0), hash: hash32 }),
  time,
  clock: time,
  software: z.string().max(200),
  source: z
    .strictObject({
      cluster: z.string().max(200),
      leaderEpoch: z.int().min(0).optional(),
      uncompared: z.strictObject({ low: decimal, high: decimal }).optional(),
    })
    .optional(),
  closing: z.strictObject({ reason: z.string().max(1000), successor: chain }).optional(),
});

/** Format section 9. */
export const genesisSchema = z.strictObject({
  format: z.literal('holdfast.genesis/1'),
  suite: z.literal(1),
  random: hash32,
  created: time,
  manifestKey: ecKeySchema,
  log: z.strictObject({ origin: z.string().max(200), key: edKeySchema }),
  ledger: z.strictObject({ period, kek: z.string().max(200), escrow: ecKeySchema }),
  recovery: z.array(ecKeySchema).max(20),
});

/** Format section 13. */
export const claimSchema = z.strictObject({
  format: z.literal('holdfast.claim/1'),
  archive: hash32,
  chain,
  seq: z.int().min(0),
  manifest: hash32,
  version: z.string().max(1024),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestObject = Manifest['objects'][number];
export type Genesis = z.infer<typeof genesisSchema>;
export type Claim = z.infer<typeof claimSchema>;

/** Bytes to be signed. @throws HoldfastError `format_malformed` */
export function encodeDocument(document: Manifest | Genesis | Claim): Uint8Array {
  return encodeJson(document);
}

/** @throws HoldfastError `format_malformed`, naming the member that is wrong */
export function parseDocument<T>(schema: z.ZodType<T>, payload: Uint8Array): T {
  const value = parseJson(payload);
  const suite = typeof value === 'object' && value !== null && 'suite' in value ? value.suite : 1;
  if (suite !== 1) throw new HoldfastError('format_malformed', `algorithm suite ${JSON.stringify(suite)} is not known to this release`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HoldfastError('format_malformed', `a signed document is malformed at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
