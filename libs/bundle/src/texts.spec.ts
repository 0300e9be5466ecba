import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { EVENT_KINDS } from '@holdfast/record';
import { encodeRecord, fromUtf8, toHex, utf8 } from '@holdfast/seal';
import type { BundleFacts, BundleRecord } from './bundle-index.js';
import { certificateOf, contentDigest } from './certificate.js';
import { readmeOf } from './readme.js';
import { momentsOf, transcriptOf } from './transcript/transcript.js';
import { visible, visibleLine } from './transcript/visible.js';
import { localTime, zoneOffsets } from './zone-offsets.js';

const CHAIN = 'msg/a/b/0/0';
const factsOf = (records: readonly BundleRecord[], more: Partial<BundleFacts> = {}): BundleFacts => ({
  format: 'holdfast.bundle/1',
  archive: 'ab'.repeat(32),
  log: { origin: 'example/log', size: 12, root: 'cd'.repeat(32) },
  time: '2026-03-01T08:00:00.000Z',
  scope: { kind: 'query', query: 'gold', reading: '"gold"', position: 'ef'.repeat(32), hits: 3 },
  language: 'en',
  timeZone: 'Europe/Berlin',
  zoneOffsets: [{ from: '2026-03-01T07:00:00.000Z', offset: '+01:00' }],
  records: [...records],
  software: 'holdfast 0.1.0',
  ...more,
});
const shown = (offset: number): BundleRecord => ({ chain: CHAIN, offset: String(offset), id: `a~b~0~0~${offset}`, state: 'shown' });
const record = (
  offset: number,
  value: unknown,
  timestamp = 1_772_350_000_000n,
): { state: 'shown'; chain: string; offset: string; bytes: Uint8Array } => ({
  state: 'shown',
  chain: CHAIN,
  offset: String(offset),
  bytes: encodeRecord(
    {
      offset: BigInt(offset),
      timestamp,
      timestampType: 'create',
      key: null,
      value: value instanceof Uint8Array ? value : utf8(JSON.stringify(value)),
      headers: [],
    },
    0n,
  ),
});
const event = (kind: string, more: object = {}): object => ({
  kind,
  platform: 'slack',
  workspace: { id: 'T' },
  conversation: { id: 'C' },
  source_id: 'm1',
  actor: { display_name: 'Ann', source_user_id: 'U1' },
  times: { occurred_at: '2026-03-01T07:00:00.5Z' },
  body: { text: 'hello' },
  ...more,
});
const htmlOf = (values: readonly unknown[], more: Partial<BundleFacts> = {}): string =>
  fromUtf8(
    transcriptOf(
      crypto,
      factsOf(
        values.map((_, i) => shown(i)),
        more,
      ),
      values.map((value, i) => record(i, value)),
    ),
  );

describe('visible text', () => {
  it('has no markup and nothing that cannot be seen', () => {
    expect(visible('<a href="x">\u202E&\u0000\uD800\'')).toBe('&lt;a href=&quot;x&quot;&gt;<i>U+202E</i>&amp;<i>U+0000</i><i>U+D800</i>&#39;');
    expect(visible('中文\n👍')).toBe('中文\n👍');
    expect(visibleLine('a\nb\u200Bc')).toBe('a<U+000A>b<U+200B>c');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text).replaceAll(/<\/?i>/g, '')).not.toMatch(/[<>"'\u0000-\u0009\u000b-\u001f\u200b-\u200f\u2028-\u202e\ufeff]/);
      }),
    );
  });
});

describe('the transcript', () => {
  it('shows what every kind of event says, in both languages, and is a page without script, link or request', () => {
    for (const language of ['en', 'zh-CN'] as const) {
      const html = htmlOf(
        EVENT_KINDS.map((kind) => event(kind)),
        { language },
      );
      expect(html.match(/<article>/g)).toHaveLength(EVENT_KINDS.length);
      expect(html).not.toMatch(/undefined|<script|<a |href|src=/);
      expect(html).toContain(`default-src 'none'`);
      expect(html).toContain('2026-03-01 08:00:00.500 +01:00 · 2026-03-01T07:00:00.500Z');
      const [, style = ''] = /<style>(.*)<\/style>/.exec(html) ?? [];
      expect(html).toContain(`'sha256-${Buffer.from(crypto.sha256(utf8(style))).toString('base64')}'`);
    }
  });

  it('shows the original text of every member that people wrote', () => {
    const html = htmlOf([
      event('message.created', {
        body: { text: 'plain', original: '*plain*', subject: 'subj' },
        on_behalf_of: { handle: 'boss' },
        quote: { text: 'quoted words', author: { handle: 'eve' } },
        recipients: [{ email: 'to@example.com' }],
        attachments: [{ id: 'F', name: 'a.pdf', state: 'too_large', bytes: 7 }],
        reactions: [{ name: 'ok', users: [{ handle: 'bob' }] }],
        flags: { importance: 'urgent' },
        state: { known_from: 'snapshot', complete: false, missing: ['earlier versions'] },
      }),
      event('message.deleted', {
        actor: null,
        body: undefined,
        target: { source_message_id: 'm0' },
        delete: { mode: 'admin', by: { handle: 'root' } },
      }),
      event('member.joined', { conversation: { id: 'D' }, member: { who: { handle: 'new' }, role: 'guest' } }),
    ]);
    for (const text of [
      '*plain*',
      'subj',
      'boss',
      'quoted words',
      'to@example.com',
      'a.pdf, 7 B, not in the archive: too_large',
      'bob',
      'urgent',
      'earlier versions',
      'm0',
      'admin',
      'root',
      '(nobody)',
      'guest',
      'slack:T:C',
      'slack:T:D',
    ])
      expect(html).toContain(text);
    expect(html.match(/<section>/g)).toHaveLength(2);
  });

  it('shows what is no event as it was received', () => {
    const html = htmlOf([utf8('plain <text>'), new Uint8Array([0xff, 0xfe]), new Uint8Array(0)]);
    for (const text of ['<pre>plain &lt;text&gt;</pre>', '2 bytes that are not text', 'This record has no content.']) expect(html).toContain(text);
    // A producer may nest as deep as a parser goes; the transcript must still be made.
    const deep = JSON.stringify(event('system', { flags: { policy_violation: 'DEEP' } })).replace('"DEEP"', '['.repeat(20_000) + ']'.repeat(20_000));
    expect(htmlOf([utf8(deep)])).toContain('</html>');
    const odd = [record(0, event('system', { times: { occurred_at: 'unknown' } }), -(2n ** 62n))];
    expect(momentsOf(odd)).toEqual([-(2n ** 62n)]);
    expect(fromUtf8(transcriptOf(crypto, factsOf([shown(0)]), odd))).toContain('<time>-4611686018427387904 (time of receipt)</time>');
  });
});

describe('local times', () => {
  it('have the offset of their zone at that moment', () => {
    const [winter, summer] = [BigInt(Date.UTC(2026, 0, 1)), BigInt(Date.UTC(2026, 6, 1))];
    const offsets = zoneOffsets('Europe/Berlin', [summer, winter, winter + 5n, 2n ** 60n])!;
    expect(offsets).toEqual([
      { from: '2026-01-01T00:00:00.000Z', offset: '+01:00' },
      { from: '2026-07-01T00:00:00.000Z', offset: '+02:00' },
    ]);
    expect(localTime(summer, offsets)).toBe('2026-07-01 02:00:00.000 +02:00');
    expect(localTime(winter - 1n, offsets)).toBe('2026-01-01 00:59:59.999 +01:00');
    expect(localTime(winter, [])).toBe('2026-01-01 00:00:00.000 +00:00');
    expect(zoneOffsets('America/New_York', [winter])).toEqual([{ from: '2026-01-01T00:00:00.000Z', offset: '-05:00' }]);
    expect(zoneOffsets('UTC', [winter])).toEqual([{ from: '2026-01-01T00:00:00.000Z', offset: '+00:00' }]);
    expect(zoneOffsets('Mars/Olympus', [winter])).toBeUndefined();
  });
});

describe('the certificate', () => {
  const records: BundleRecord[] = [shown(1), { ...shown(2), state: 'withheld', reason: 'privileged' }];
  const files = [
    { name: 'README.txt', sha256: '11'.repeat(32), size: 1 },
    { name: 'certificate.txt', sha256: '22'.repeat(32), size: 1 },
    { name: 'genesis.jws', sha256: '33'.repeat(32), size: 1 },
  ];

  it('states what was done in both languages, with blanks to sign', () => {
    const text = fromUtf8(certificateOf(crypto, factsOf(records), files));
    for (const part of [
      'Federal Rules of Evidence',
      '902(14)',
      '电子数据真实性说明',
      'Signature: ____',
      '签名：____',
      'privileged 1',
      'holdfast 0.1.0',
      'gold',
      factsOf([]).archive,
      factsOf([]).log.root,
    ])
      expect(text).toContain(part);
    expect(text.split(contentDigest(crypto, files))).toHaveLength(3);
    expect(contentDigest(crypto, files)).toBe(toHex(crypto.sha256(utf8(`${'33'.repeat(32)}  genesis.jws\n`))));
  });

  it('changes with every member of the index', () => {
    const base = factsOf(records);
    const texts = [
      base,
      { ...base, software: 'other' },
      { ...base, language: 'zh-CN' as const },
      { ...base, timeZone: 'UTC' },
      { ...base, time: '2026-03-01T08:00:00.001Z' },
      { ...base, log: { ...base.log, size: 13 } },
      { ...base, scope: { kind: 'query', query: 'gold', reading: '"gold"', position: 'ef'.repeat(32), hits: 4 } as const },
    ].map((facts) => fromUtf8(certificateOf(crypto, facts, files)));
    expect(new Set(texts).size).toBe(texts.length);
    expect(fromUtf8(readmeOf(base))).toContain(base.archive);
  });
});
