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
  readonly failure?: ParseFailure;
}

/** CloudEvents 1.0 §3: attribute names are lower-case letters and digits. Other `ce_` headers are not attributes. */
const ATTRIBUTE = /^[a-z0-9]{1,64}$/;

const CONTENT_TYPE = 'content-type';
const JSON_TYPE = 'application/json';
const KNOWN = [
  CONTENT_TYPE,
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_subject',
  'ce_dataschema',
  'ce_partitionkey',
  'ce_traceparent',
];

interface KnownName {
  readonly bytes: Uint8Array;
  readonly bit: number;
  readonly name: string;
}

/** The known names as bytes, by their length: sealing looks at every header of every record. */
const byLength: KnownName[][] = [];
for (const [i, name] of KNOWN.entries()) (byLength[name.length] ??= []).push({ bytes: new TextEncoder().encode(name), bit: 1 << i, name });
const jsonType = new TextEncoder().encode(JSON_TYPE);

/**
 * Reads `content-type` and looks over the `ce_` headers (CloudEvents Kafka binding 1.0 §3.2) without decoding them. A
 * repeated attribute is a failure: two readers would pick different ones.
 */
export function readHeaders(headers: readonly RawHeader[]): HeaderReading {
  let contentType = '';
  let seen = 0;
  for (const { key, value } of headers) {
    if (!startsLikeOurs(key)) continue;
    const known = knownName(key);
    if (known === undefined || value === null || !isAscii(value) || (seen & known.bit) !== 0) return readUnusual(headers);
    seen |= known.bit;
    if (known.name === CONTENT_TYPE) {
      contentType = same(jsonType, value) ? JSON_TYPE : (shortTextOf(value) ?? '').trim().toLowerCase();
    } else if (known.name === 'ce_specversion' && !(value[0] === 0x31 && value[1] === 0x2e)) return readUnusual(headers);
  }
  return { contentType };
}

function knownName(key: Uint8Array): KnownName | undefined {
  const candidates = byLength[key.length];
  if (candidates === undefined) return undefined;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (candidate !== undefined && same(candidate.bytes, key)) return candidate;
  }
  return undefined;
}

/** The same by text, for names in capitals, unknown attributes, values beyond ASCII and everything that is wrong. */
function readUnusual(headers: readonly RawHeader[]): HeaderReading {
  const { attributes, contentType, failure } = decodeHeaders(headers);
  if (failure !== undefined) return { contentType, failure };
  const version = attributes.get('specversion');
  if (version === undefined || version.startsWith('1.')) return { contentType };
  return { contentType, failure: { code: 'unsupported_event_format', message: 'a CloudEvents version other than 1.x' } };
}

interface DecodedHeaders {
  readonly attributes: Map<string, string>;
  readonly contentType: string;
  readonly failure?: ParseFailure;
}

/** Names are compared without case, as HTTP bridges capitalise them. */
function decodeHeaders(headers: readonly RawHeader[]): DecodedHeaders {
  const attributes = new Map<string, string>();
  let contentType = '';
  let failure: ParseFailure | undefined;
  for (const { key, value } of headers) {
    const name = startsLikeOurs(key) ? (knownName(key)?.name ?? shortTextOf(key)?.toLowerCase()) : undefined;
    if (name === undefined || value === null) continue;
    const isType = name === CONTENT_TYPE;
    const attribute = name.slice(3);
    if (!isType && !(name.startsWith('ce_') && ATTRIBUTE.test(attribute))) continue;
    const text = shortTextOf(value);
    if (text === undefined) failure ??= { code: 'bad_attribute', message: `header ${name} is not UTF-8` };
    else if (isType ? contentType !== '' : attributes.has(attribute))
      failure ??= { code: 'duplicate_attribute', message: `header ${name} appears twice` };
    else if (isType) contentType = text.trim().toLowerCase();
    else attributes.set(attribute, text);
  }
  return { attributes, contentType, ...(failure !== undefined && { failure }) };
}

/** The CloudEvent that the headers describe (binary mode), or undefined. Of a repeated attribute the first counts. */
export function binaryCloudEvent(headers: readonly RawHeader[]): CloudEventAttributes | undefined {
  const { attributes, contentType } = decodeHeaders(headers);
  return cloudEventOf(attributes, contentType);
}

const OPTIONAL = ['time', 'subject', 'dataschema', 'datacontenttype'] as const;
const STANDARD: ReadonlySet<string> = new Set(['id', 'source', 'specversion', 'type', ...OPTIONAL]);

/** The attributes as one value, or undefined when a required one is absent (then it is not a CloudEvent). */
export function cloudEventOf(attributes: ReadonlyMap<string, string>, contentType: string): CloudEventAttributes | undefined {
  const id = attributes.get('id');
  const source = attributes.get('source');
  const specversion = attributes.get('specversion');
  const type = attributes.get('type');
  if (!id || !source || !specversion || !type) return undefined;
  const optional: Partial<Record<(typeof OPTIONAL)[number], string>> = {};
  if (contentType !== '') optional.datacontenttype = contentType;
  for (const name of OPTIONAL) {
    const value = attributes.get(name);
    if (value !== undefined) optional[name] = value;
  }
  const extensions: Record<string, string> = {};
  for (const [name, value] of attributes) if (!STANDARD.has(name)) extensions[name] = value;
  return { id, source, specversion, type, ...optional, extensions };
}

/** Key under which two deliveries of one event are the same: CloudEvents 1.0 §3.1.1 makes source + id unique. */
export function captureKey(source: string, id: string): string {
  // The length keeps (`a`, `b c`) and (`a b`, `c`) apart without escaping.
  return `${source.length} ${source} ${id}`;
}

/** True for names that begin `ce` or `co` in any letter case: everything else costs nothing. */
function startsLikeOurs(key: Uint8Array): boolean {
  const second = (key[1] ?? 0) | 0x20;
  return ((key[0] ?? 0) | 0x20) === 0x63 && (second === 0x65 || second === 0x6f);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) > 0x7f) return false;
  return true;
}
