import { entryName } from '@holdfast/bundle';
import type { BundleRecord } from '@holdfast/bundle';
import type { Judgement } from '../judge/messages.js';
import { button, el } from './elements.js';
import type { Words } from './words.js';

const ROWS = 200;
const CHARACTERS = 100_000;

/** Asks for the text of an entry; the answer comes to `place` later. */
export type OpenEntry = (entry: string, place: HTMLElement) => void;

/** The transcript as text, and the records with their originals. */
export function contentView({ report, records, transcript }: Judgement, words: Words, open: OpenEntry): HTMLElement[] {
  const warning = report.ok ? [] : [el('p', { class: 'warning' }, words.untrusted)];
  const views: HTMLElement[] = [];
  if (report.scope !== undefined) {
    const text =
      transcript === undefined ? el('p', {}, words.noTranscript) : el('div', {}, el('p', {}, words.transcriptIntro), longText(transcript, words));
    views.push(el('details', {}, el('summary', {}, words.transcript), ...warning.map((one) => one.cloneNode(true)), text));
  }
  if (records.length > 0)
    views.push(el('details', { id: 'records' }, el('summary', {}, words.records(records.length)), ...warning, recordList(records, words, open)));
  return views;
}

function longText(text: string, words: Words): HTMLElement {
  const shown = el('pre', { id: 'transcript' });
  let at = 0;
  const more = button(words.more, next);
  function next(): void {
    shown.append(text.slice(at, (at += CHARACTERS)));
    more.hidden = at >= text.length;
  }
  next();
  return el('div', {}, shown, more);
}

function recordList(records: readonly BundleRecord[], words: Words, open: OpenEntry): HTMLElement {
  const list = el('ul', { class: 'records' });
  let at = 0;
  const more = button(words.more, next);
  function next(): void {
    list.append(...records.slice(at, (at += ROWS)).map((record) => recordView(record, words, open)));
    more.hidden = at >= records.length;
  }
  next();
  return el('div', {}, list, more);
}

function recordView(record: BundleRecord, words: Words, open: OpenEntry): HTMLElement {
  const { chain, offset, id, state } = record;
  const why = record.state === 'withheld' ? ` – ${words.reasons[record.reason]}${record.note === undefined ? '' : ` (${record.note})`}` : '';
  const item = el('li', {}, el('code', {}, `${chain} ${offset}`), ` ${words.states[state]}${why} `, el('code', {}, id), ' ');
  if (state !== 'shown') return item;
  const place = el('pre', { hidden: '' });
  const ask = button(words.original, () => {
    place.hidden = !place.hidden;
    ask.setAttribute('aria-expanded', String(!place.hidden));
    if (!place.hidden && place.textContent === '') open(entryName({ kind: 'record', chain, offset: BigInt(offset) }), place);
  });
  ask.setAttribute('aria-expanded', 'false');
  ask.setAttribute('aria-label', `${words.original} ${chain} ${offset}`);
  item.append(ask, place);
  return item;
}
