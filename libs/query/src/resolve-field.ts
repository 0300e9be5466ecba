import type { Query } from './ast.js';
import { parseDate } from './dates.js';
import type { DateContext, NoDate, Period } from './dates.js';
import type { Report, Span } from './diagnostics.js';
import { nearest } from './fields.js';
import type { Field } from './fields.js';
import { fold, foldIdentifier } from './fold.js';
import { joined } from './resolved.js';
import type { Leaf, Resolved } from './resolved.js';
import type { Node, Operator, RangeToken, ValueToken } from './syntax.js';
import { quoted, textTerm } from './text-terms.js';
import type { Zone } from './zone.js';

type FieldNode = Extract<Node, { type: 'field' }>;

function leaf(query: Query, canonical: string, en: string, zh: string): Leaf {
  return { type: 'leaf', query, canonical, reading: { en, zh } };
}

/** A field clause: one leaf for each value, joined by OR. */
export function resolveField(node: FieldNode, context: DateContext, report: Report): Resolved | undefined {
  const { field, operator } = node;
  if (field.type === 'date')
    return joined(
      'or',
      node.values.map((value) => sent(value, operator, context, report)),
    );
  if (operator !== ':' && operator !== '=') {
    report('valueCompared', node, { name: field.name, operator });
    return undefined;
  }
  return joined(
    'or',
    node.values.flatMap((value) => valueOf(field, operator, value, report)),
  );
}

function valueOf(field: Exclude<Field, { type: 'date' }>, operator: Operator, value: ValueToken | RangeToken, report: Report): Resolved[] {
  if (value.type === 'range') {
    report('valueNotRange', value, { name: field.name });
    return [];
  }
  if (value.wild && field.type !== 'id') {
    report('wildcardLater', value);
    return [];
  }
  const { name, label } = field;
  switch (field.type) {
    case 'text': {
      const term = textTerm(value.text, value, report);
      if (term === undefined) return [];
      const query: Query = { kind: 'phrase', fields: [field.field], tokens: term.tokens };
      return [leaf(query, `${name}:${quoted(term.searched)}`, `${label.en} contains “${term.searched}”`, `${label.zh}含“${term.searched}”`)];
    }
    case 'name': {
      const text = foldIdentifier(value.text);
      if (text === '') {
        report('nothingSearchable', value, { value: value.text });
        return [];
      }
      return [
        leaf({ kind: 'keyword', field: field.field, value: text }, `${name}:${quoted(text)}`, `${label.en} is “${text}”`, `${label.zh}是“${text}”`),
      ];
    }
    case 'id':
      return [
        leaf(
          { kind: 'keyword', field: field.field, value: value.text },
          `${name}:${quoted(value.text)}`,
          `${label.en} is “${value.text}”`,
          `${label.zh}是“${value.text}”`,
        ),
      ];
    case 'conversation':
      return conversation(operator, value, report);
    case 'choice':
      return choice(field, value, report);
  }
}

/** `:` asks for the id or for words of the name, `=` for the id alone. */
function conversation(operator: Operator, value: ValueToken, report: Report): Leaf[] {
  const { text } = value;
  const byId: Query = { kind: 'keyword', field: 'conversation', value: text };
  if (operator === '=') return [leaf(byId, `conversation=${quoted(text)}`, `conversation id is “${text}”`, `会话编号是“${text}”`)];
  // An id is full of punctuation, and a value without a letter is one: nothing to report about its words.
  const term = textTerm(text, value, () => undefined);
  if (term === undefined) {
    report('nothingSearchable', value, { value: text });
    return [];
  }
  const byName: Query = { kind: 'phrase', fields: ['conversationName'], tokens: term.tokens };
  const en = `conversation id is “${text}” or its name contains “${term.searched}”`;
  return [leaf({ kind: 'or', items: [byId, byName] }, `conversation:${quoted(text)}`, en, `会话编号是“${text}”或名称含“${term.searched}”`)];
}

function choice(field: Extract<Field, { type: 'choice' }>, value: ValueToken, report: Report): Leaf[] {
  const { name, label, values, later } = field;
  const text = fold(value.text).trim();
  const leafOf = (found: string): Leaf =>
    leaf({ kind: 'keyword', field: field.field, value: found }, `${name}:${found}`, `${label.en} ${found}`, `${label.zh} ${found}`);
  if (values.includes(text)) return [leafOf(text)];
  // `kind:message` means every kind of message event.
  const group = values.filter((candidate) => candidate.startsWith(`${text}.`));
  if (group.length > 0) return group.map(leafOf);
  const meant = nearest(text, values);
  const suggestion = meant === undefined ? '' : { en: ` Did you mean “${meant}”?`, zh: `是否指“${meant}”？` };
  const reason = later.includes(text) ? 'valueLater' : 'valueUnknown';
  report(reason, value, { name, value: value.text, values: values.join(', '), suggestion });
  return [];
}

const NO_DATE = { malformed: 'dateMalformed', impossible: 'dateImpossible', ambiguous: 'dateAmbiguous' } as const satisfies Record<NoDate, string>;

/** A date; undefined when it was reported. */
function dateOf(text: string, span: Span, context: DateContext, report: Report): Period | undefined {
  const date = parseDate(text, context);
  if (typeof date !== 'string') return date;
  report(NO_DATE[date], span, { value: text, zone: context.zone.name });
  return undefined;
}

/** A date, or the two ends of a range. */
function datesOf(value: ValueToken | RangeToken): readonly [date: string] | readonly [low: string, high: string] {
  if (value.type === 'range') return [value.low, value.high];
  if (value.text === '*') return ['*', '*'];
  const dots = value.text.indexOf('..');
  return dots === -1 ? [value.text] : [value.text.slice(0, dots), value.text.slice(dots + 2)];
}

function sent(value: ValueToken | RangeToken, operator: Operator, context: DateContext, report: Report): Leaf | undefined {
  const [low, high] = datesOf(value);
  if (high === undefined) {
    const date = dateOf(low, value, context, report);
    return date === undefined ? undefined : sentLeaf(compared(date, operator), context.zone);
  }
  if (operator !== ':' && operator !== '=') {
    report('rangeCompared', value, { operator });
    return undefined;
  }
  const isOpen = (end: string): boolean => end === '*' || end === '';
  const from = isOpen(low) ? 'open' : dateOf(low, value, context, report);
  const to = isOpen(high) ? 'open' : dateOf(high, value, context, report);
  if (from === undefined || to === undefined) return undefined;
  if (from !== 'open' && to !== 'open') {
    if (from.from < to.to) return sentLeaf({ from: from.from, to: to.to }, context.zone);
    report('rangeReversed', value);
    return undefined;
  }
  if (from !== 'open') return sentLeaf({ from: from.from }, context.zone);
  if (to !== 'open') return sentLeaf({ to: to.to }, context.zone);
  report('rangeOpen', value);
  return undefined;
}

/** Comparisons are with the whole unit: after March means from April on. */
function compared({ from, to }: Period, operator: Operator): Bounds {
  switch (operator) {
    case '<':
      return { to: from };
    case '<=':
      return { to };
    case '>':
      return { from: to };
    case '>=':
      return { from };
    case ':':
    case '=':
      return { from, to };
  }
}

/** At least one end. */
type Bounds = { readonly from: number; readonly to?: number } | { readonly from?: undefined; readonly to: number };

function sentLeaf({ from, to }: Bounds, zone: Zone): Leaf {
  const instant = (time: number): string => new Date(time).toISOString();
  const name = zone.name;
  // A date covers its whole unit and milliseconds are the smallest one, so the last millisecond is written as the end.
  if (from === undefined) {
    const end = clock(to, zone);
    return leaf({ kind: 'sent', to }, `sent:<=${instant(to - 1)}`, `sent before ${end} (${name})`, `发送时间早于 ${end}（${name}）`);
  }
  const first = clock(from, zone);
  if (to === undefined) {
    return leaf({ kind: 'sent', from }, `sent:>=${instant(from)}`, `sent at or after ${first} (${name})`, `发送时间不早于 ${first}（${name}）`);
  }
  const end = clock(to, zone);
  return leaf(
    { kind: 'sent', from, to },
    `sent:${instant(from)}..${instant(to - 1)}`,
    `sent from ${first} until before ${end} (${name})`,
    `发送时间从 ${first} 起，到 ${end} 之前（${name}）`,
  );
}

/** Local time with its offset, as short as it can be said. */
function clock(instant: number, zone: Zone): string {
  const { year, month, day, hour, minute, second, millisecond } = zone.local(instant);
  const two = (part: number): string => String(part).padStart(2, '0');
  const fraction = millisecond === 0 ? '' : `.${String(millisecond).padStart(3, '0')}`;
  const seconds = second === 0 && fraction === '' ? '' : `:${two(second)}${fraction}`;
  return `${String(year)}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}${seconds} ${zone.offsetName(instant)}`;
}
