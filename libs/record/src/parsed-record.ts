import { binaryCloudEvent, cloudEventOf } from './cloud-event.js';
import type { CloudEventAttributes } from './cloud-event.js';
import { conversationKey } from './conversation-key.js';
import { EVENT_SCHEMA } from './event.js';
import type { Envelope, Event } from './event.js';
import { occurredAtMillis } from './occurred-at.js';
import type { ParseFailure } from './parse-failure.js';
import type { RawRecord } from './raw-record.js';
import { readEnvelopes } from './read-envelopes.js';
import type { ParseStatus } from './read-envelopes.js';
import { formatRecordId } from './record-id.js';
import type { SourcePartition } from './record-id.js';

/** A record read as events. */
export interface ParsedRecord {
  readonly status: ParseStatus;
  /** In the order of the value; empty unless `parsed`. */
  readonly events: readonly Event[];
  /** Present when `failed`. */
  readonly reason?: ParseFailure;
  /** CloudEvents attributes, when the record is a CloudEvent; also when its data is null or failed. */
  readonly ce?: CloudEventAttributes;
}

/**
 * Reads the events of `record`. Never throws, whatever the bytes: the record is sealed anyway, and this only decides
 * what the index can say about it. Pure: the same record gives the same events in every release of this schema version.
 */
export function eventsOf(record: RawRecord, at: SourcePartition): ParsedRecord {
  const { status, envelopes, failure, attributes } = readEnvelopes(record);
  const ce = attributes === undefined ? binaryCloudEvent(record.headers) : cloudEventOf(attributes, '');
  return {
    status,
    events: envelopes.map((envelope, event) => canonical(envelope, formatRecordId({ ...at, offset: record.offset, event }))),
    ...(failure !== undefined && { reason: failure }),
    ...(ce !== undefined && { ce }),
  };
}

/** Fills the defaults in. The envelope was parsed for this call alone, so it is completed in place: a copy would cost more. */
function canonical(envelope: Envelope, record_id: string): Event {
  const { conversation, version = 1, extensions = {} } = envelope;
  conversation.kind ??= 'unknown';
  // Object.assign makes the optional members required that it sets; the conversation's kind was set above.
  return Object.assign(envelope, { schema: EVENT_SCHEMA, record_id, version, extensions }) as Event;
}

/** What classification at sealing needs, without building events. */
export interface Route {
  readonly status: ParseStatus;
  /** The envelopes, for exact matches on senders and recipients. */
  readonly envelopes: readonly Envelope[];
  /** Conversation keys of all events, each once. More than one only when a producer mixes conversations in one record. */
  readonly conversations: readonly string[];
  /** Retention classes that the producer asks for, each once; policy decides. */
  readonly retentionClasses: readonly string[];
  /** The latest time of the events by their source, when one can be told. Never shortens retention. */
  readonly occurredAt?: number;
  /** True when the record key is the conversation key: then directory and search name the same conversation. */
  readonly keyMatches: boolean;
}

const NONE: readonly string[] = [];

/** The route of `record`; its status is exactly that of `eventsOf`. Never throws. */
export function routeOf(record: RawRecord): Route {
  const { status, envelopes } = readEnvelopes(record);
  const [first] = envelopes;
  if (first === undefined) return { status, envelopes, conversations: NONE, retentionClasses: NONE, keyMatches: false };
  const key = conversationKey(first);
  let conversations: readonly string[] = [key];
  let retentionClasses = first.retention_class === undefined ? NONE : [first.retention_class];
  let occurredAt = occurredAtMillis(first);
  for (let i = 1; i < envelopes.length; i++) {
    const envelope = envelopes[i] ?? first;
    const other = conversationKey(envelope);
    if (!conversations.includes(other)) conversations = [...conversations, other];
    const asked = envelope.retention_class;
    if (asked !== undefined && !retentionClasses.includes(asked)) retentionClasses = [...retentionClasses, asked];
    occurredAt = Math.max(occurredAt ?? -Infinity, occurredAtMillis(envelope) ?? -Infinity);
  }
  if (occurredAt === -Infinity) occurredAt = undefined;
  const keyMatches = conversations.length === 1 && record.key !== null && keyNames(record.key, key);
  return { status, envelopes, conversations, retentionClasses, keyMatches, ...(occurredAt !== undefined && { occurredAt }) };
}

const encoder = new TextEncoder();

/** Whether a record key is this conversation key, in UTF-8. */
export function keyNames(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      const encoded = encoder.encode(text);
      return encoded.length === bytes.length && encoded.every((byte, at) => byte === bytes[at]);
    }
    if (bytes[i] !== unit) return false;
  }
  return bytes.length === text.length;
}
