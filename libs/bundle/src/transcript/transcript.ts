import { conversationKey } from '@holdfast/record';
import type { Event, Ref } from '@holdfast/record';
import { fromHex, toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { toBase64 } from '@holdfast/tlog';
import type { BundleFacts, BundleRecord } from '../bundle-index.js';
import { readShownRecord, timeOf } from '../shown-events.js';
import type { ReadRecord } from '../shown-events.js';
import { isDate, localTime } from '../zone-offsets.js';
import { eventLines, nameOf } from './event-lines.js';
import { visible } from './visible.js';
import { wordsOf } from './words.js';
import type { Words } from './words.js';

/** What the texts for people are made from, besides `bundle.json`: one for each of its records that is not outside. */
export type TranscriptRecord =
  | { readonly state: 'shown'; readonly chain: string; readonly offset: string; readonly bytes: Uint8Array }
  | {
      readonly state: 'withheld';
      readonly chain: string;
      readonly offset: string;
      /** Of its leaf. */
      readonly timestamp: bigint;
      /** Text of its redacted copy. */
      readonly copy?: string;
    };

const STYLE =
  'body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111;background:#fff}' +
  'article{border-top:1px solid #999;padding:.5em 0}article p{margin:.2em 0}time,.id{color:#555;font-size:.85em}' +
  'pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.4em 0;padding-left:1em;border-left:3px solid #ccc;unicode-bidi:isolate}' +
  'i{font:.75em monospace;border:1px solid #b00;color:#b00;padding:0 .2em;unicode-bidi:isolate}' +
  '.withheld{background:#eee}.derived{border-left-color:#b60}@media print{body{max-width:none}}';

interface Row {
  readonly at: bigint;
  /** Key of the conversation that it stands under; empty for none. */
  readonly conversation: string;
  readonly people: readonly string[];
  /** Bytes: a text of many small pieces costs many times its size until it is one. */
  readonly html: Uint8Array;
}

/**
 * `transcript.html`: the conversation as people read it, made from records and `bundle.json` by rules alone, so that a verifier
 * makes the same bytes. Message text is escaped, nothing in it is a link, invisible characters are seen; no script, no request.
 * @throws HoldfastError `format_malformed` when a shown record does not follow the format
 */
export function transcriptOf(crypto: Crypto, facts: BundleFacts, records: readonly TranscriptRecord[]): Uint8Array {
  const words = wordsOf(facts.language);
  const single = facts.scope.kind === 'conversation' ? keyText(facts.scope.key) : undefined;
  const listed = new Map(facts.records.map((record) => [`${record.chain} ${record.offset}`, record]));
  const rows = records.flatMap((record) => rowsOf(record, listed.get(`${record.chain} ${record.offset}`), facts, words, single));
  const sections = new Map<string, Row[]>();
  // Array.sort is stable: rows of one moment stay in the order of chain, offset and event.
  for (const row of rows.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const section = sections.get(row.conversation);
    if (section === undefined) sections.set(row.conversation, [row]);
    else section.push(row);
  }
  const names = [...sections.keys()].sort((a, b) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  const body = names.flatMap((name, i) => [...(i === 0 ? [] : [LINE]), ...sectionOf(name, sections.get(name) ?? [], words)]);
  return joined([utf8(pageHead(crypto, facts, words)), ...body, utf8('\n</body></html>\n')]);
}

const LINE = utf8('\n');

/** One after the other; there may be more than a call can have arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Moments that the transcript shows in local time. @throws HoldfastError `format_malformed` */
export function momentsOf(records: readonly TranscriptRecord[]): bigint[] {
  return records.flatMap((record) => {
    if (record.state === 'withheld') return [record.timestamp];
    const { raw, parsed } = readShownRecord(record.chain, record.bytes);
    return parsed.events.length === 0 ? [raw.timestamp] : parsed.events.map((event) => timeOf(event, raw).at);
  });
}

function pageHead(crypto: Crypto, facts: BundleFacts, words: Words): string {
  const policy = `default-src 'none'; style-src 'sha256-${toBase64(crypto.sha256(utf8(STYLE)))}'; base-uri 'none'; form-action 'none'`;
  const { scope } = facts;
  const count = (state: BundleRecord['state']): number => facts.records.filter((record) => record.state === state).length;
  const about: string[] = [
    `${words.archive}${words.colon}${facts.archive}`,
    `${words.position}${words.colon}${facts.time} (${visible(facts.log.origin)}, ${facts.log.size})`,
    `${words.zone}${words.colon}${visible(facts.timeZone)}`,
    `${words.scope}${words.colon}${words.scopes[scope.kind]}`,
    words.counts(count('shown'), count('withheld'), count('outside')),
  ];
  if (scope.kind === 'query') about.splice(4, 0, visible(scope.query), visible(scope.reading));
  if (scope.kind === 'conversation' && scope.from !== undefined) about.splice(4, 0, `${words.from} ${scope.from}`);
  if (scope.kind === 'conversation' && scope.to !== undefined) about.splice(-1, 0, `${words.to} ${scope.to}`);
  return [
    '<!doctype html>',
    `<html lang="${facts.language}"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<title>${words.title}</title><style>${STYLE}</style></head><body>`,
    `<h1>${words.title}</h1>`,
    ...words.intro.map((text) => `<p>${text}</p>`),
    ...about.map((text) => `<p>${text}</p>`),
    '',
  ].join('\n');
}

function sectionOf(conversation: string, rows: readonly Row[], words: Words): Uint8Array[] {
  const people = [...new Set(rows.flatMap((row) => row.people))];
  const head = [
    `<section><h2>${conversation === '' ? words.otherRecords : `${words.conversation}${words.colon}${visible(conversation)}`}</h2>`,
    ...(people.length === 0 ? [] : [`<p>${words.participants}${words.colon}${people.map(visible).join('; ')}</p>`]),
    '',
  ].join('\n');
  return [utf8(head), ...rows.flatMap((row) => [row.html, LINE]), utf8('</section>')];
}

function rowsOf(record: TranscriptRecord, listed: BundleRecord | undefined, facts: BundleFacts, words: Words, single: string | undefined): Row[] {
  const id = listed?.id ?? `${record.chain} ${record.offset}`;
  if (record.state === 'withheld') {
    const reason = listed?.state === 'withheld' ? words.reasons[listed.reason] : '';
    const note = listed?.state === 'withheld' && listed.note !== undefined ? `<p>${words.note}${words.colon}${visible(listed.note)}</p>` : '';
    const copy = record.copy === undefined ? '' : `<p>${words.derived}</p><pre class="derived">${visible(record.copy)}</pre>`;
    const html = `<p><b>${words.withheld}${words.colon}${reason}</b></p>${note}${copy}`;
    return [
      { at: record.timestamp, conversation: single ?? '', people: [], html: article(record.timestamp, false, html, id, facts, words, 'withheld') },
    ];
  }
  const read = readShownRecord(record.chain, record.bytes);
  if (read.parsed.events.length === 0) {
    const at = read.raw.timestamp;
    return [{ at, conversation: single ?? '', people: [], html: article(at, false, unreadable(read, words), id, facts, words) }];
  }
  return read.parsed.events.map((event) => {
    const { at, bySource } = timeOf(event, read.raw);
    const key = conversationKey(event);
    const conversation = single ?? key;
    const other = key === conversation ? '' : `<p>${words.conversation}${words.colon}${visible(key)}</p>`;
    const html = `${other}<p><b>${visible(actorOf(event, words))}</b> — ${words.kinds[event.kind]}</p>${eventLines(event, words)}`;
    return { at, conversation, people: peopleOf(event), html: article(at, bySource, html, event.record_id, facts, words) };
  });
}

function article(at: bigint, bySource: boolean, html: string, id: string, facts: BundleFacts, words: Words, name = ''): Uint8Array {
  const moment = isDate(at) ? `${localTime(at, facts.zoneOffsets)} · ${new Date(Number(at)).toISOString()}` : String(at);
  const open = name === '' ? '<article>' : `<article class="${name}">`;
  return utf8(
    `${open}<time>${moment}${bySource ? '' : ` (${words.received})`}</time>${html}<p class="id">${words.record} ${visible(id)}</p></article>`,
  );
}

function unreadable({ raw, parsed }: ReadRecord, words: Words): string {
  if (raw.value === null || raw.value.length === 0) return `<p>${words.empty}</p>`;
  const reason = parsed.reason === undefined ? '' : ` (${visible(parsed.reason.message)})`;
  const text = textOf(raw.value);
  return `<p>${words.unreadable}${reason}</p><pre>${text === undefined ? words.binary(raw.value.length) : visible(text)}</pre>`;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // A fatal decoder throws for bad bytes and for nothing else.
    return undefined;
  }
}

function actorOf(event: Event, words: Words): string {
  return event.actor === null ? words.nobody : nameOf(event.actor);
}

function peopleOf(event: Event): string[] {
  const refs: (Ref | null | undefined)[] = [event.actor, event.on_behalf_of, ...(event.recipients ?? []), event.member?.who];
  for (const { who } of event.members ?? []) refs.push(who);
  return refs.filter((ref) => ref != null).map(nameOf);
}

/** A Kafka key as people know it: text when it is, else its bytes. */
function keyText(hex: string): string {
  return textOf(fromHex(hex, hex.length / 2)) ?? toHex(fromHex(hex, hex.length / 2));
}
