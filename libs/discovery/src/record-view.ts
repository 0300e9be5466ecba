import { formatRecordId } from '@holdfast/record';
import type { Event } from '@holdfast/record';
import { toBase64Url, utf8 } from '@holdfast/seal';
import type { Range } from '@holdfast/query';
import type { VerifiedRecord } from './open-record.js';
import { proofOf } from './open-record.js';

/** A record as people and programs get it. */
export interface RecordView {
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
  readonly offset: string;
  /** `sealed` until a checkpoint that somebody outside holds covers it. */
  readonly state: 'sealed' | 'anchored';
  /** RFC 3339; `sentFrom` says whose time it is. */
  readonly sentAt: string;
  readonly sentFrom: 'occurred' | 'kafka';
  readonly status: string;
  /** Why a record could not be read as an event. */
  readonly problem?: string;
  /** The event that the id names. */
  readonly event?: Event;
  /** UTF-16 ranges of the body text, as far as it is shown, that the query matched. */
  readonly highlights?: readonly Range[];
  /** The event is larger than what a page shows: it has `eventBytes` bytes as JSON, and `whole` is where all of it is. */
  readonly truncated?: true;
  readonly eventBytes?: number;
  readonly whole?: string;
}

/** The time of a record, and whose time it is. */
export interface Sent {
  readonly sentAt: number;
  readonly sentFrom: 'occurred' | 'kafka';
}

/** The record and everything needed to check it without us. */
export interface RecordDetail extends RecordView {
  readonly retainUntil: string;
  readonly sealedAt: string;
  readonly record: {
    readonly timestamp: string;
    readonly timestampType: string;
    readonly key: Bytes | null;
    readonly value: Bytes | null;
    readonly headers: readonly { readonly key: Bytes; readonly value: Bytes | null }[];
  };
  readonly proof: object;
}

/** Original bytes: base64url always, text when they are UTF-8. */
export interface Bytes {
  readonly base64url: string;
  readonly text?: string;
}

/** All of a record that is not proof or original bytes. */
export function viewOf(opened: VerifiedRecord, sent: Sent): RecordView {
  const event = opened.parsed.events[opened.id.event];
  const { id } = opened;
  return {
    id: formatRecordId(id),
    chain: opened.committed.manifest.chain,
    seq: opened.committed.manifest.seq,
    offset: id.offset.toString(),
    state: opened.anchored ? 'anchored' : 'sealed',
    sentAt: timeText(sent.sentAt),
    sentFrom: sent.sentFrom,
    status: opened.parsed.status,
    ...(opened.parsed.reason !== undefined && { problem: opened.parsed.reason.message }),
    ...(event !== undefined && { event }),
  };
}

export function detailOf(opened: VerifiedRecord, sent: Sent): RecordDetail {
  const { record } = opened;
  return {
    ...viewOf(opened, sent),
    retainUntil: opened.object.retainUntil,
    sealedAt: opened.committed.manifest.time,
    record: {
      timestamp: record.timestamp.toString(),
      timestampType: record.timestampType,
      key: record.key === null ? null : bytesOf(record.key),
      value: record.value === null ? null : bytesOf(record.value),
      headers: record.headers.map(({ key, value }) => ({ key: bytesOf(key), value: value === null ? null : bytesOf(value) })),
    },
    proof: proofOf(opened),
  };
}

function bytesOf(bytes: Uint8Array): Bytes {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const whole = utf8(text);
  const same = whole.length === bytes.length && whole.every((byte, i) => byte === bytes[i]);
  return { base64url: toBase64Url(bytes), ...(same && { text }) };
}

function timeText(millis: number): string {
  const date = new Date(millis);
  return Number.isNaN(date.getTime()) ? String(millis) : date.toISOString();
}
