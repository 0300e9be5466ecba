import type { NewRecord } from '@holdfast/ports';
import { conversationKey } from '@holdfast/record';
import type { Envelope, RawHeader } from '@holdfast/record';

/** What a connector adds to an envelope when it writes it into the source. */
export interface Capture {
  /** `/connectors/{name}`, the CloudEvents source. */
  readonly source: string;
  /** Unique and stable within `source`: the same event gets the same id in every run. */
  readonly id: string;
  /**
   * Milliseconds since 1970 of the writing, not of the message: Kafka deletes by this time, and an old message with its own
   * time would be gone before anybody seals it.
   */
  readonly timestamp: bigint;
  /** The envelope as its source wrote it; it becomes the value byte for byte. */
  readonly bytes?: Uint8Array;
}

const KEYS = {
  version: Buffer.from('ce_specversion'),
  id: Buffer.from('ce_id'),
  source: Buffer.from('ce_source'),
  type: Buffer.from('ce_type'),
  time: Buffer.from('ce_time'),
  contentType: Buffer.from('content-type'),
};
const VERSION: RawHeader = { key: KEYS.version, value: Buffer.from('1.0') };
const JSON_TYPE: RawHeader = { key: KEYS.contentType, value: Buffer.from('application/json') };

/** An envelope as a CloudEvent in binary mode, keyed by its conversation so that order within it holds. */
export function recordOfEnvelope(envelope: Envelope, capture: Capture): NewRecord {
  return {
    key: Buffer.from(conversationKey(envelope)),
    value: capture.bytes ?? Buffer.from(JSON.stringify(envelope)),
    headers: [
      VERSION,
      { key: KEYS.id, value: Buffer.from(capture.id) },
      { key: KEYS.source, value: Buffer.from(capture.source) },
      { key: KEYS.type, value: Buffer.from(`holdfast.${envelope.kind}.v1`) },
      { key: KEYS.time, value: Buffer.from(envelope.times.occurred_at) },
      JSON_TYPE,
    ],
    timestamp: capture.timestamp,
  };
}
