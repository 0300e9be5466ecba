import { parseMessageChain } from '@holdfast/record';
import { compareBytes, encodeJson, utf8 } from '@holdfast/seal';
import { z } from 'zod';
import { parseStrictly } from './parse-strictly.js';

const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const decimal = z.string().regex(/^(0|[1-9]\d{0,18})$/);
const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
  .refine((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text);
const chain = z.string().refine((text) => parseMessageChain(text) !== undefined, 'no message chain');
const name = z.string().min(1).max(1024);
const recordId = z.string().min(1).max(600);

/** Why a record is withheld. */
export const WITHHELD_REASONS = ['privileged', 'redacted', 'privacy', 'not-relevant', 'key-destroyed', 'other'] as const;
const reason = z.enum(WITHHELD_REASONS);

const recordSchema = z.discriminatedUnion('state', [
  z.strictObject({ chain, offset: decimal, id: recordId, state: z.literal('shown') }),
  z.strictObject({ chain, offset: decimal, id: recordId, state: z.literal('withheld'), reason, note: z.string().max(500).optional() }),
  z.strictObject({ chain, offset: decimal, id: recordId, state: z.literal('outside') }),
]);

const scopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('records'), ids: z.array(recordId) }),
  z.strictObject({
    kind: z.literal('query'),
    query: z.string().max(100_000),
    reading: z.string().max(100_000),
    position: hash32,
    hits: count,
    receipt: z.string().max(10_000).optional(),
  }),
  z.strictObject({
    kind: z.literal('conversation'),
    /** The exact Kafka key: bytes, in hexadecimal. */
    key: z.string().regex(/^([0-9a-f]{2})*$/),
    from: time.optional(),
    to: time.optional(),
  }),
]);

const fileSchema = z.strictObject({ name, sha256: hash32, size: count });
const offsetSchema = z.strictObject({ from: time, offset: z.string().regex(/^[+-]\d{2}:\d{2}(:\d{2})?$/) });

const ascending = <T>(items: readonly T[], compare: (a: T, b: T) => number): boolean =>
  items.every((item, i) => {
    const before = items[i - 1];
    return before === undefined || compare(before, item) < 0;
  });
const bytewise = (a: string, b: string): number => compareBytes(utf8(a), utf8(b));

/** Order of records in a bundle: by chain, bytewise, then offset. */
export function compareRecords(
  a: { readonly chain: string; readonly offset: string },
  b: { readonly chain: string; readonly offset: string },
): number {
  const byChain = bytewise(a.chain, b.chain);
  if (byChain !== 0) return byChain;
  const difference = BigInt(a.offset) - BigInt(b.offset);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Order of entries in a bundle: bytewise by their names. */
export const compareNames = bytewise;

/** Bundle format section 2, all but the list of entries: what the texts for people are made from. */
export const bundleFactsSchema = z.strictObject({
  format: z.literal('holdfast.bundle/1'),
  archive: hash32,
  log: z.strictObject({ origin: z.string().min(1).max(200), size: count, root: hash32 }),
  time,
  scope: scopeSchema,
  language: z.enum(['en', 'zh-CN']),
  timeZone: z.string().min(1).max(100),
  /** UTC offsets of the time zone: each holds from its moment to the next one's. */
  zoneOffsets: z.array(offsetSchema).refine((offsets) => ascending(offsets, (a, b) => bytewise(a.from, b.from)), 'not ascending'),
  records: z.array(recordSchema).refine((records) => ascending(records, compareRecords), 'not ascending'),
  software: z.string().max(200),
});

/** `bundle.json`, bundle format section 2. */
export const bundleIndexSchema = bundleFactsSchema.extend({
  files: z.array(fileSchema).refine((files) => ascending(files, (a, b) => bytewise(a.name, b.name)), 'not ascending'),
});

export type BundleFacts = z.infer<typeof bundleFactsSchema>;
export type BundleIndex = z.infer<typeof bundleIndexSchema>;
export type BundleScope = BundleFacts['scope'];
export type BundleRecord = BundleFacts['records'][number];
export type BundleFile = BundleIndex['files'][number];
export type ZoneOffset = BundleFacts['zoneOffsets'][number];
export type BundleLanguage = BundleFacts['language'];
export type WithheldReason = z.infer<typeof reason>;

/** @throws HoldfastError `format_malformed` when no reader would accept it */
export function encodeBundleIndex(index: BundleIndex): Uint8Array {
  const bytes = encodeJson(index);
  parseBundleIndex(bytes);
  return bytes;
}

/** @throws HoldfastError `format_malformed` */
export function parseBundleIndex(bytes: Uint8Array): BundleIndex {
  return parseStrictly(bundleIndexSchema, bytes, 'bundle.json');
}
