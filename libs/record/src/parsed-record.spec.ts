import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { envelopeSchema, eventSchema } from './event.js';
import type { Envelope } from './event.js';
import { eventsOf, routeOf } from './parsed-record.js';
import type { RawHeader, RawRecord } from './raw-record.js';

const AT = { source: 'main', topic: 'chat', partition: 3, epoch: 0 };
const utf8 = new TextEncoder();

const message = (more: Record<string, unknown> = {}): Envelope & Record<string, unknown> => ({
  kind: 'message.created',
  platform: 'slack',
  workspace: { id: 'T1' },
  conversation: { id: 'C1' },
  source_id: '1700000000.000200',
  actor: { source_user_id: 'U1' },
  times: { occurred_at: '2023-11-14T22:13:20.000200Z' },
  body: { text: '合同 ready' },
  ...more,
});

const headers = (entries: Record<string, string | null>): RawHeader[] =>
  Object.entries(entries).map(([key, value]) => ({ key: utf8.encode(key), value: value === null ? null : utf8.encode(value) }));

const CE = { ce_specversion: '1.0', ce_id: 'e1', ce_source: '/connectors/slack', ce_type: 'holdfast.message.created.v1', ce_tenant: 'x' };

function record(value: unknown, head: RawHeader[] = []): RawRecord {
  const bytes = value === null ? null : value instanceof Uint8Array ? value : utf8.encode(typeof value === 'string' ? value : JSON.stringify(value));
  return { offset: 42n, timestamp: 1n, timestampType: 'create', key: utf8.encode('slack:T1:C1'), value: bytes, headers: head };
}

const read = (value: unknown, head?: RawHeader[]) => eventsOf(record(value, head), AT);

describe('eventsOf', () => {
  it('reads a plain envelope and fills its defaults in', () => {
    const { status, events, ce } = read({ ...message(), schema: 'holdfast.event/1' });
    expect(status).toBe('parsed');
    expect(ce).toBeUndefined();
    expect(events).toEqual([
      {
        ...message(),
        schema: 'holdfast.event/1',
        record_id: 'main~chat~3~0~42',
        version: 1,
        conversation: { id: 'C1', kind: 'unknown' },
        extensions: {},
      },
    ]);
    expect(eventSchema.safeParse(events[0]).success).toBe(true);
  });

  it('numbers the events of an array', () => {
    const { events } = read([message(), message({ kind: 'reaction.added', source_id: 'r' }), message({ kind: 'message.deleted', source_id: 'd' })]);
    expect(events.map((event) => event.record_id)).toEqual(['main~chat~3~0~42', 'main~chat~3~0~42~1', 'main~chat~3~0~42~2']);
  });

  it('reads CloudEvents in binary mode, with names in any case, and structured, also base64', () => {
    const attributes = { specversion: '1.0', id: 'e1', source: '/connectors/slack', type: 'holdfast.message.created.v1' };
    const binary = read(message(), headers({ ...CE, 'Content-Type': 'application/json', other: 'x' }));
    expect(binary.ce).toEqual({ ...attributes, datacontenttype: 'application/json', extensions: { tenant: 'x' } });
    const type = headers({ 'content-type': 'Application/CloudEvents+JSON; charset=UTF-8' });
    const structured = read({ ...attributes, tenant: 'x', count: 3, on: true, nothing: null, data: message() }, type);
    expect(structured.ce).toEqual({ ...attributes, extensions: { tenant: 'x', count: '3', on: 'true' } });
    const data_base64 = Buffer.from(JSON.stringify(message())).toString('base64');
    const encoded = read({ ...attributes, datacontenttype: 'application/json', data_base64 }, type);
    for (const { status, events } of [binary, structured, encoded]) {
      expect(status).toBe('parsed');
      expect(events[0]?.body?.text).toBe('合同 ready');
    }
    expect(read({ ...attributes, data: null }, type)).toMatchObject({ status: 'null_value', ce: { id: 'e1' } });
    expect(read({ ...attributes, id: 'e9' }, type)).toMatchObject({ status: 'null_value', ce: { id: 'e9' } });
  });

  it('tells null from empty and still knows the CloudEvent', () => {
    expect(read(null, headers(CE))).toMatchObject({ status: 'null_value', events: [], ce: { id: 'e1' } });
    expect(read('')).toEqual({ status: 'empty', events: [] });
  });

  it('keeps unknown members, and a kind of a later schema, in extensions', () => {
    const { events } = read({
      ...message({ kind: 'message.starred', colour: 'red', extensions: { 'slack.blocks': [1], 'envelope.colour': 'mine' } }),
      body: { text: 'x', blocks: [{ a: 1 }], lang: null },
      thread: null,
    });
    expect(events[0]).toMatchObject({ kind: 'unknown', body: { text: 'x' } });
    expect(events[0]).not.toHaveProperty('thread');
    expect(events[0]?.extensions).toEqual({
      'slack.blocks': [1],
      'envelope.colour': 'mine',
      "envelope.colour'": 'red',
      'envelope.body.blocks': [{ a: 1 }],
      'envelope.kind': 'message.starred',
    });
  });

  it('takes a byte order mark and lone surrogates', () => {
    expect(read(`\ufeff${JSON.stringify(message())}`).status).toBe('parsed');
    expect(read(JSON.stringify(message()).replace('合同', '\\ud800')).events[0]?.body?.text).toBe('\ud800 ready');
  });

  const structured = headers({ 'content-type': 'application/cloudevents+json' });
  const inline = { id: 'F1', bytes: 2, sha256: 'a'.repeat(64), state: 'stored', inline: 'aGk=' };
  const file = (more: Record<string, unknown>) => message({ attachments: [{ ...inline, ...more }] });
  it.each<[string, string, unknown, RawHeader[]]>([
    ['bytes that are not UTF-8', 'bad_utf8', new Uint8Array([0x7b, 0xff, 0x7d]), []],
    ['text that is not JSON', 'not_json', 'hello', headers({ 'content-type': 'text/plain' })],
    ['half an object', 'not_json', '{"kind":', []],
    ['registry framing', 'schema_registry_framing', new Uint8Array([0, 0, 0, 0, 1, 0x7b, 0x7d]), []],
    ['a number', 'not_an_event', '7', []],
    ['a foreign object', 'not_an_event', { text: 'hi' }, []],
    ['a missing actor', 'not_an_event', { ...message(), actor: undefined }, []],
    ['a wrong kind of field', 'not_an_event', message({ body: { text: 7 } }), []],
    ['another schema', 'not_an_event', message({ schema: 'holdfast.event/2' }), []],
    ['a platform with a colon', 'not_an_event', message({ platform: 'a:b' }), []],
    ['an infinite number', 'not_an_event', JSON.stringify(message({ version: 0 })).replace('"version":0', '"version":1e999'), []],
    ['a prototype', 'not_an_event', JSON.stringify(message()).replace('"kind"', '"__proto__":{"a":1},"kind"'), []],
    ['a hidden prototype', 'not_an_event', `{"extensions":{"a":[{"__proto__":1}]},${JSON.stringify(message()).slice(1)}`, []],
    ['an escaped prototype', 'not_an_event', `{"x":{"__pr\\u006fto__":1},${JSON.stringify(message()).slice(1)}`, []],
    ['a deep extension', 'not_an_event', `{"x":${'['.repeat(70)}${']'.repeat(70)},${JSON.stringify(message()).slice(1)}`, []],
    ['no events', 'event_count', '[]', []],
    ['one bad event among good ones', 'not_an_event', [message(), { ...message(), source_id: 5 }], []],
    ['too many events', 'event_count', `[${'0,'.repeat(10_000)}0]`, []],
    ['an attribute twice', 'duplicate_attribute', message(), [...headers(CE), ...headers({ ce_id: 'e2' })]],
    ['an attribute twice in another case', 'duplicate_attribute', message(), [...headers(CE), ...headers({ CE_ID: 'e2' })]],
    ['two content types', 'duplicate_attribute', message(), headers({ 'content-type': 'application/json', 'Content-Type': 'x/y' })],
    ['an attribute that is not UTF-8', 'bad_attribute', message(), [{ key: utf8.encode('ce_id'), value: new Uint8Array([0xff]) }]],
    ['CloudEvents 0.3', 'unsupported_event_format', message(), headers({ ...CE, ce_specversion: '0.3' })],
    ['a batch', 'unsupported_event_format', '[]', headers({ 'content-type': 'application/cloudevents-batch+json' })],
    ['a structured array', 'unsupported_event_format', '[]', structured],
    ['a structured event of no version', 'unsupported_event_format', { data: message() }, structured],
    ['a structured event with an object for an attribute', 'bad_attribute', { specversion: '1.0', x: {}, data: message() }, structured],
    ['bad base64', 'bad_attribute', { specversion: '1.0', data_base64: '*' }, structured],
    ['base64 that is a number', 'bad_attribute', { specversion: '1.0', data_base64: 3 }, structured],
    ['base64 of no JSON', 'not_json', { specversion: '1.0', data_base64: 'aGk=' }, structured],
    ['inline content without its hash', 'not_an_event', file({ sha256: undefined }), []],
    ['inline content of another length', 'not_an_event', file({ bytes: 3 }), []],
    ['inline content that is not base64', 'not_an_event', file({ inline: 'a?k=' }), []],
    ['inline content without padding', 'not_an_event', file({ inline: 'aGk' }), []],
    ['inline content of an absent file', 'not_an_event', file({ state: 'unavailable' }), []],
  ])('says why it cannot read %s', (_name, code, value, head) => {
    const parsed = read(value, head);
    expect(parsed).toMatchObject({ status: 'failed', events: [], reason: { code } });
    expect(routeOf(record(value, head)).status).toBe('failed');
  });

  it('names the place but never the content in its reason', () => {
    expect(read([message(), message({ body: { text: ['secret'] } })]).reason?.message).toBe('[1].body.text must be a string');
    expect(read(message({ conversation: 'secret' })).reason?.message).toBe('conversation must be an object');
    expect(read('"secret"').reason?.message).toBe('the value must be an object');
  });

  it('leaves no trace on Object.prototype', () => {
    read(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(message()).slice(1)}`);
    read(`{"constructor":{"prototype":{"polluted":1}},"toString":1,${JSON.stringify(message()).slice(1)}`);
    expect({}).not.toHaveProperty('polluted');
  });

  it('survives 10 MB of anything', () => {
    const size = 10_000_000;
    const rest = `,${JSON.stringify(message()).slice(1)}`;
    expect(read('['.repeat(size)).reason?.code).toBe('too_deep');
    expect(read(`{"x":${'{"a":'.repeat(size / 6)}1${'}'.repeat(size / 6)}${rest}`).reason?.code).toBe('too_deep');
    expect(read(`{"x":"${'[\\"'.repeat(size / 3)}"${rest}`).status).toBe('parsed');
    expect(read(`{"x":[${'[],{},'.repeat(20_000)}1]${rest}`).status).toBe('parsed');
    expect(read(message({ body: { text: '合'.repeat(size / 3) } })).status).toBe('parsed');
    expect(read(file({ inline: 'A'.repeat(size), bytes: (size / 4) * 3 })).status).toBe('parsed');
    expect(read(file({ inline: `${'A'.repeat(size - 1)}?`, bytes: (size / 4) * 3 })).status).toBe('failed');
  });

  it('keeps many unknown members in time that grows with their number', () => {
    const members = Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',');
    expect(Object.keys(read(`{${members},${JSON.stringify(message()).slice(1)}`).events[0]?.extensions ?? {})).toHaveLength(50_000);
  });

  it('refuses more than 64 MiB before it looks inside', () => {
    expect(read(new Uint8Array(64 * 1024 * 1024 + 1)).reason?.code).toBe('too_large');
  });

  it('never throws, and routes as it reads, whatever the bytes', () => {
    const valid = utf8.encode(JSON.stringify([message({ extensions: { a: [1, { b: null }] } }), message({ reactions: [{ name: 'x', count: 2 }] })]));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => utf8.encode(text)),
      fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => valid.with(at, byte)),
    );
    const header = fc.record({
      key: fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.constantFrom(...Object.keys(CE), 'content-type', 'CE_id').map((name) => utf8.encode(name)),
      ),
      value: fc.option(
        fc.oneof(
          fc.uint8Array({ maxLength: 12 }),
          fc.constantFrom('1.0', 'application/cloudevents+json').map((text) => utf8.encode(text)),
        ),
      ),
    });
    fc.assert(
      fc.property(bytes, fc.array(header, { maxLength: 4 }), (value, head) => {
        const raw = record(value, head);
        const parsed = eventsOf(raw, AT);
        const route = routeOf(raw);
        expect(route.status).toBe(parsed.status);
        expect(parsed.status === 'failed').toBe(parsed.reason !== undefined);
        expect(route.envelopes).toHaveLength(parsed.events.length);
        for (const event of parsed.events) expect(eventSchema.safeParse(event).success).toBe(true);
        for (const envelope of route.envelopes) expect(envelopeSchema.safeParse(envelope).success).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('routeOf', () => {
  it('gives conversations, retention classes and the latest time', () => {
    const later = message({ conversation: { id: 'C2' }, retention_class: 'trading', times: { occurred_at: '2024-01-01T00:00:00Z' } });
    const odd = message({ retention_class: 'trading', times: { occurred_at: 'soon' } });
    expect(routeOf(record([message(), later, odd]))).toMatchObject({
      conversations: ['slack:T1:C1', 'slack:T1:C2'],
      retentionClasses: ['trading'],
      occurredAt: Date.UTC(2024, 0, 1),
      keyMatches: false,
    });
    const untimed = message({ retention_class: 'short', times: { occurred_at: 'soon' } });
    expect(routeOf(record([untimed, untimed]))).not.toHaveProperty('occurredAt');
    expect(routeOf(record(untimed))).not.toHaveProperty('occurredAt');
  });

  it.each([
    ['slack:T1:C1', 'C1', true],
    ['slack:T1:C1', 'C12', false],
    ['slack:T1:C12', 'C1', false],
    ['slack:T1:X1', 'C1', false],
    ['slack:T1:合同', '合同', true],
    ['slack:T1:合约', '合同', false],
    ['slack:T1:合', '合同', false],
  ])('compares the record key %s with the conversation %s', (key, id, expected) => {
    const raw = { ...record(message({ conversation: { id } })), key: utf8.encode(key) };
    expect(routeOf(raw).keyMatches).toBe(expected);
    expect(routeOf({ ...raw, key: null }).keyMatches).toBe(false);
  });
});
