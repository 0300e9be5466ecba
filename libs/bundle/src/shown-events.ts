import { eventsOf, inlineContent, occurredAtMillis, parseMessageChain } from '@holdfast/record';
import type { Event, ParsedRecord, RawRecord } from '@holdfast/record';
import { decodeRecord, toHex } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';

/** A record that is shown, read as events. */
export interface ReadRecord {
  readonly raw: RawRecord;
  readonly parsed: ParsedRecord;
}

/** Reads a shown record. @throws HoldfastError `format_malformed` when its bytes do not follow the format */
export function readShownRecord(chain: string, bytes: Uint8Array): ReadRecord {
  const { record: raw } = decodeRecord(bytes);
  const at = parseMessageChain(chain);
  return { raw, parsed: at === undefined ? { status: 'failed', events: [] } : eventsOf(raw, at) };
}

/** Moments, in milliseconds, that `from` and `to` of a scope are compared with: of its events by the source, else of Kafka. */
export function timesOf({ raw, parsed }: ReadRecord): bigint[] {
  const times = parsed.events.map((event) => timeOf(event, raw).at);
  return times.length > 0 ? times : [raw.timestamp];
}

/** When an event happened, and whether the source says so; else the Kafka timestamp of its record stands in. */
export function timeOf(event: Event | undefined, raw: Pick<RawRecord, 'timestamp'>): { readonly at: bigint; readonly bySource: boolean } {
  const occurred = event === undefined ? undefined : occurredAtMillis(event);
  return occurred === undefined ? { at: raw.timestamp, bySource: false } : { at: BigInt(occurred), bySource: true };
}

/** Files that travel inside a shown record, by SHA-256 of their bytes; what does not have the hash it claims is none. */
export function attachmentsOf(crypto: Crypto, record: ReadRecord): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const event of record.parsed.events) {
    for (const attachment of event.attachments ?? []) {
      const content = inlineContent(attachment);
      if (content !== undefined && toHex(crypto.sha256(content)) === attachment.sha256) files.set(attachment.sha256, content);
    }
  }
  return files;
}
