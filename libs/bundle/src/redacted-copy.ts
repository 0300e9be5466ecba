import { parseMessageChain } from '@holdfast/record';
import { encodeJson } from '@holdfast/seal';
import { z } from 'zod';
import { WITHHELD_REASONS } from './bundle-index.js';
import { parseStrictly } from './parse-strictly.js';

/** `typ` of a redacted copy (bundle format section 7). */
export const DERIVED_TYP = 'holdfast-derived';

const schema = z.strictObject({
  format: z.literal('holdfast.derived/1'),
  archive: z.string().regex(/^[0-9a-f]{64}$/),
  chain: z.string().refine((text) => parseMessageChain(text) !== undefined, 'no message chain'),
  offset: z.string().regex(/^(0|[1-9]\d{0,18})$/),
  text: z.string().max(40_000),
  reason: z.enum(WITHHELD_REASONS),
});

/** What somebody wrote in the place of a withheld record: signed by the archive, proven by nothing. */
export type RedactedCopy = z.infer<typeof schema>;

/** The payload to be signed. @throws HoldfastError `format_malformed` */
export function encodeRedactedCopy(copy: RedactedCopy): Uint8Array {
  const bytes = encodeJson(copy);
  parseRedactedCopy(bytes);
  return bytes;
}

/** A redacted copy from the payload of its JWS. @throws HoldfastError `format_malformed` */
export function parseRedactedCopy(payload: Uint8Array): RedactedCopy {
  return parseStrictly(schema, payload, 'a redacted copy');
}
