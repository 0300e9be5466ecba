/** Why a record cannot be read as events. It is sealed all the same and listed as an exception under this code. */
export type ParseFailureCode =
  /** An attribute or content type is not UTF-8, or an attribute of a structured event has the wrong type. */
  | 'bad_attribute'
  /** A CloudEvents attribute appears twice. */
  | 'duplicate_attribute'
  /** A CloudEvents version other than 1.x, a batch, or a format that is not JSON. */
  | 'unsupported_event_format'
  /** The value is not UTF-8. */
  | 'bad_utf8'
  /** The value is not JSON. */
  | 'not_json'
  /** The value begins with a schema registry's magic byte. */
  | 'schema_registry_framing'
  /** JSON, but not an event as `docs/events` describes it. */
  | 'not_an_event'
  /** More than 10,000 events in one record, or none. */
  | 'event_count'
  /** Nested so deep that parsing alone would stop the partition for seconds. */
  | 'too_deep'
  /** Larger than 64 MiB. */
  | 'too_large';

/** One sentence for an operator; it names places and rules, never content. */
export interface ParseFailure {
  readonly code: ParseFailureCode;
  readonly message: string;
}
