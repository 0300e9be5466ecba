/**
 * A Kafka record as received. Invariant I3: null is not empty, header order and duplicate header keys stand, and
 * header keys and values are bytes (kafkajs decodes both to strings and merges duplicates; the adapter undoes that).
 */
export interface RawRecord {
  /** Position in its partition, 0-based. */
  readonly offset: bigint;
  /** Milliseconds since 1970-01-01 UTC as the broker gave it; may be -1 or absurd: never trusted for retention. */
  readonly timestamp: bigint;
  readonly timestampType: TimestampType;
  /** null = the record has no key; an empty key is zero bytes. */
  readonly key: Uint8Array | null;
  /** null = tombstone or CloudEvent without data; an empty value is zero bytes. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RawHeader[];
}

/** Who set the timestamp: the producer or the broker. */
export type TimestampType = 'create' | 'log-append';

/** One header; Kafka allows duplicate keys and null values. */
export interface RawHeader {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}
