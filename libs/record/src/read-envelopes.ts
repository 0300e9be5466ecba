import { textOf } from './bytes-text.js';
import { readHeaders } from './cloud-event.js';
import { EVENT_KINDS, envelopeSchema } from './event.js';
import type { Envelope } from './event.js';
import { inlineProblem } from './inline-content.js';
import type { ParseFailure } from './parse-failure.js';
import type { RawRecord } from './raw-record.js';
import { compileShape } from './shape.js';
import type { Trace } from './shape.js';

/** `null_value` = a tombstone or a CloudEvent without data, `empty` = zero bytes. All four are sealed alike. */
export type ParseStatus = 'parsed' | 'failed' | 'null_value' | 'empty';

export interface EnvelopeReading {
  readonly status: ParseStatus;
  readonly envelopes: readonly Envelope[];
  readonly failure?: ParseFailure;
  /** CloudEvents attributes of a structured event; those of a binary one are in the headers. */
  readonly attributes?: ReadonlyMap<string, string>;
}

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_EVENTS = 10_000;
const MAX_NESTING = 128;
/** From here a JSON parser may need seconds for brackets alone (10 MB of `[` take five); smaller values cannot hurt. */
const LARGE = 64 * 1024;
const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);
const NONE: readonly Envelope[] = [];

const shape = compileShape(envelopeSchema);

/**
 * Reads the envelopes of a record: one JSON parse, one pass over the fields. Never throws: what cannot be read is
 * an answer. Accepts CloudEvents 1.0 binary and structured and the plain JSON envelope; the value may be an array.
 */
export function readEnvelopes(record: RawRecord): EnvelopeReading {
  if (record.value === null) return { status: 'null_value', envelopes: NONE };
  if (record.value.length === 0) return { status: 'empty', envelopes: NONE };
  const { contentType, failure } = readHeaders(record.headers);
  if (failure !== undefined) return failed(failure);
  const json = parseJson(record.value, contentType);
  if ('failure' in json) return failed(json.failure);
  if (!contentType.startsWith('application/cloudevents')) return readData(json.value);
  if (!contentType.startsWith('application/cloudevents+json')) return failed(unsupported('CloudEvents in Kafka are single events in JSON'));
  return readStructured(json.value);
}

function failed(failure: ParseFailure): EnvelopeReading {
  return { status: 'failed', envelopes: NONE, failure };
}

function readStructured(value: unknown): EnvelopeReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return failed(unsupported('a structured CloudEvent is a JSON object'));
  const attributes = new Map<string, string>();
  let data: unknown = null;
  let failure: ParseFailure | undefined;
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (name === 'data') data = member;
    else if (name === 'data_base64') {
      const bytes = typeof member === 'string' ? bytesOfBase64(member) : undefined;
      const json = bytes === undefined ? { failure: { code: 'bad_attribute', message: 'data_base64 is not base64' } as const } : parseJson(bytes, '');
      if ('failure' in json) failure ??= json.failure;
      else data = json.value;
    } else if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean') attributes.set(name, String(member));
    else if (member !== null) failure ??= { code: 'bad_attribute', message: 'an attribute is neither text, number nor boolean' };
  }
  if (attributes.get('specversion')?.startsWith('1.') !== true) failure ??= unsupported('a CloudEvents version other than 1.x');
  if (failure !== undefined) return { ...failed(failure), attributes };
  return data === null ? { status: 'null_value', envelopes: NONE, attributes } : { ...readData(data), attributes };
}

/** Checks data that is one envelope or an array of them. */
function readData(data: unknown): EnvelopeReading {
  const trace: Trace = { path: '', problem: '', untidy: false };
  if (!Array.isArray(data)) {
    const envelope = readEnvelope(data, trace);
    return envelope === undefined ? failed(notAnEvent('', trace)) : { status: 'parsed', envelopes: [envelope] };
  }
  if (data.length === 0 || data.length > MAX_EVENTS) return failed({ code: 'event_count', message: `the value holds ${data.length} events` });
  const envelopes: Envelope[] = [];
  for (let i = 0; i < data.length; i++) {
    const envelope = readEnvelope(data[i], trace);
    if (envelope === undefined) return failed(notAnEvent(`[${i}]`, trace));
    envelopes.push(envelope);
  }
  return { status: 'parsed', envelopes };
}

function notAnEvent(place: string, trace: Trace): ParseFailure {
  const path = `${place}${trace.path}`.replace(/^\./, '');
  return { code: 'not_an_event', message: `${path === '' ? 'the value' : path} ${trace.problem}` };
}

function readEnvelope(value: unknown, trace: Trace): Envelope | undefined {
  reset(trace);
  const foreignKind = renameForeignKind(value);
  if (!shape.check(value, trace)) return undefined;
  // Just checked: the value has the shape of an envelope apart from unknown members and nulls, which `tidied` sorts out.
  let envelope = value as Envelope;
  if (trace.untidy) envelope = tidied(envelope);
  if (foreignKind !== undefined) envelope = withExtensions(envelope, [['envelope.kind', foreignKind]]);
  for (const [i, attachment] of (envelope.attachments ?? []).entries()) {
    const problem = inlineProblem(attachment);
    if (problem === undefined) continue;
    trace.path = `.attachments.${i}`;
    trace.problem = problem;
    return undefined;
  }
  return envelope;
}

function reset(trace: Trace): void {
  trace.path = '';
  trace.untidy = false;
}

/** A kind that a later schema may know: the message stays searchable as `unknown`, its own word is kept. */
function renameForeignKind(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || typeof value.kind !== 'string' || KINDS.has(value.kind)) return undefined;
  const foreign = value.kind;
  value.kind = 'unknown';
  return foreign;
}

function tidied(envelope: Envelope): Envelope {
  const unknown: [string, unknown][] = [];
  const clean = shape.tidy(envelope, '', (path, value) => unknown.push([`envelope.${path}`, value])) as Envelope;
  return withExtensions(clean, unknown);
}

function withExtensions(envelope: Envelope, more: readonly (readonly [string, unknown])[]): Envelope {
  if (more.length === 0) return envelope;
  const extensions: Record<string, unknown> = { ...envelope.extensions };
  for (const [name, value] of more) {
    let free = name;
    // A producer that uses our namespace itself keeps its value; ours gives way.
    while (Object.hasOwn(extensions, free)) free += "'";
    extensions[free] = value;
  }
  return { ...envelope, extensions };
}

function parseJson(bytes: Uint8Array, contentType: string): { readonly value: unknown } | { readonly failure: ParseFailure } {
  if (bytes.length > MAX_BYTES) return { failure: { code: 'too_large', message: 'the value is larger than 64 MiB' } };
  if (bytes[0] === 0) {
    return { failure: { code: 'schema_registry_framing', message: 'the value begins with a zero byte (schema registry framing); send plain JSON' } };
  }
  if (bytes.length > LARGE && nestsTooDeep(bytes))
    return { failure: { code: 'too_deep', message: `the value nests deeper than ${MAX_NESTING} levels` } };
  const text = textOf(bytes);
  if (text === undefined) return { failure: { code: 'bad_utf8', message: 'the value is not UTF-8' } };
  try {
    return { value: JSON.parse(text) };
  } catch {
    const declared = contentType === '' || contentType.includes('json') ? '' : `; its content-type is ${contentType.slice(0, 100)}`;
    return { failure: { code: 'not_json', message: `the value is not JSON${declared}` } };
  }
}

/** Counts brackets outside strings, before a parser builds them. */
function nestsTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_NESTING) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    // `atob` throws for what is not base64 and for nothing else.
    return undefined;
  }
}

function unsupported(message: string): ParseFailure {
  return { code: 'unsupported_event_format', message };
}
