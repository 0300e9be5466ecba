import { shortTextOf } from './bytes-text.js';
import type { ParseFailure } from './parse-failure.js';
import type { RawHeader } from './raw-record.js';

/** CloudEvents 1.0 context attributes as received. */
export interface CloudEventAttributes {
  readonly id: string;
  readonly source: string;
  readonly specversion: string;
  readonly type: string;
  readonly time?: string;
  readonly subject?: string;
  readonly dataschema?: string;
  readonly datacontenttype?: string;
  /** Extension attributes such as `partitionkey` or `traceparent`. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** What the headers of a record say about its value. */
export interface HeaderReading {
  /** Lower-cased media type with its parameters, or empty. */
  readonly contentType: string;
  /** `ce_*` headers by attribute name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly failure?: ParseFailure;
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
/** CloudEvents 1.0 §3: attribute names are lower-case letters and digits. Other `ce_` headers are not attributes. */
const ATTRIBUTE = /^[a-z0-9]{1,64}$/;

/**
 * Reads `content-type` and the `ce_` headers (CloudEvents Kafka binding 1.0 §3.2). Names are compared without case, as
 * HTTP bridges capitalise them. A repeated attribute is a failure: two readers would pick different ones.
 */
export function readHeaders(headers: readonly RawHeader[]): HeaderReading {
  let contentType = '';
  let attributes: Map<string, string> | undefined;
  for (const { key, value } of headers) {
    if (!startsLikeOurs(key)) continue;
    const name = shortTextOf(key)?.toLowerCase();
    if (name === undefined || value === null) continue;
    if (name === 'content-type') {
      const type = shortTextOf(value)?.trim().toLowerCase();
      if (type === undefined)
        return { contentType, attributes: NO_ATTRIBUTES, failure: { code: 'bad_attribute', message: 'content-type is not UTF-8' } };
      if (contentType !== '' && contentType !== type) {
        return { contentType, attributes: NO_ATTRIBUTES, failure: { code: 'duplicate_attribute', message: 'two different content-type headers' } };
      }
      contentType = type;
    } else if (name.startsWith('ce_')) {
      const attribute = name.slice(3);
      if (!ATTRIBUTE.test(attribute)) continue;
      const text = shortTextOf(value);
      if (text === undefined) {
        return { contentType, attributes: NO_ATTRIBUTES, failure: { code: 'bad_attribute', message: `header ce_${attribute} is not UTF-8` } };
      }
      attributes ??= new Map();
      if (attributes.has(attribute)) {
        return { contentType, attributes: NO_ATTRIBUTES, failure: { code: 'duplicate_attribute', message: `header ce_${attribute} appears twice` } };
      }
      attributes.set(attribute, text);
    }
  }
  return { contentType, attributes: attributes ?? NO_ATTRIBUTES };
}

/** True for names that begin `ce` or `co` in any letter case: everything else costs nothing. */
function startsLikeOurs(key: Uint8Array): boolean {
  const second = (key[1] ?? 0) | 0x20;
  return ((key[0] ?? 0) | 0x20) === 0x63 && (second === 0x65 || second === 0x6f);
}

/** The attributes as one value, or undefined when a required one is absent (then it is not a CloudEvent). */
export function cloudEventOf(attributes: ReadonlyMap<string, string>, contentType: string): CloudEventAttributes | undefined {
  const { id, source, specversion, type, time, subject, dataschema, ...extensions } = Object.fromEntries(attributes);
  if (!id || !source || !specversion || !type) return undefined;
  return {
    id,
    source,
    specversion,
    type,
    ...(time !== undefined && { time }),
    ...(subject !== undefined && { subject }),
    ...(dataschema !== undefined && { dataschema }),
    ...(contentType !== '' && { datacontenttype: contentType }),
    extensions,
  };
}

/** Key under which two deliveries of one event are the same: CloudEvents 1.0 §3.1.1 makes source + id unique. */
export function captureKey(source: string, id: string): string {
  // The length keeps (`a`, `b c`) and (`a b`, `c`) apart without escaping.
  return `${source.length} ${source} ${id}`;
}
