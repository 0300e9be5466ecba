import { visibleLine } from '@holdfast/bundle';
import { decodeRecord, fromUtf8, toHex } from '@holdfast/seal';

/** Bytes that are no text are shown by number, and not more than these: nobody reads on. */
const MAX_HEX = 64 * 1024;

/** The original record as a person can read it: each field, nothing interpreted, nothing invisible. @throws HoldfastError `format_malformed` */
export function textOfRecord(bytes: Uint8Array): string {
  const { record, gap } = decodeRecord(bytes);
  const moment = new Date(Number(record.timestamp));
  return [
    `offset ${record.offset}`,
    `gap ${gap}`,
    `timestamp ${record.timestamp} (${record.timestampType}${Number.isNaN(moment.getTime()) ? '' : `, ${moment.toISOString()}`})`,
    `key ${fieldText(record.key)}`,
    ...record.headers.map(({ key, value }) => `header ${fieldText(key)} = ${fieldText(value)}`),
    'value',
    fieldText(record.value),
  ].join('\n');
}

function fieldText(bytes: Uint8Array | null): string {
  if (bytes === null) return '(null)';
  if (bytes.length === 0) return '(empty)';
  try {
    return fromUtf8(bytes).split('\n').map(visibleLine).join('\n');
  } catch {
    // It throws for bytes that are not UTF-8 and for nothing else.
    const more = bytes.length > MAX_HEX ? ` … (${bytes.length} bytes)` : '';
    return `(bytes) ${toHex(bytes.subarray(0, MAX_HEX))}${more}`;
  }
}
