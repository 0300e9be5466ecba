import { HoldfastError } from '@holdfast/record';
import { parseJson } from '@holdfast/seal';
import { fromBase64 } from '@holdfast/tlog';
import type { z } from 'zod';

/** A JSON document of a bundle: one spelling, exactly the members named. @throws HoldfastError `format_malformed` */
export function parseStrictly<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HoldfastError('format_malformed', `${what} is malformed at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Exactly `length` bytes from padded base64 in its one spelling. @throws HoldfastError `format_malformed` */
export function bytesFromBase64(text: string, length: number): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes?.length !== length) throw new HoldfastError('format_malformed', `${length} bytes in base64 are expected`);
  return bytes;
}
