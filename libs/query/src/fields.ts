import { EVENT_KINDS } from '@holdfast/record';
import type { KeywordField, TextField } from './ast.js';
import type { Bilingual } from './diagnostics.js';

/** What a field of the language is, and what stands in the index for it. */
export type Field = { readonly name: string; readonly label: Bilingual } & (
  | { readonly type: 'text'; readonly field: TextField }
  /** Names that both sides fold with `foldIdentifier`. */
  | { readonly type: 'name'; readonly field: KeywordField }
  /** Ids, compared as they are written. */
  | { readonly type: 'id'; readonly field: KeywordField }
  /** Id of a conversation, or words of its name. */
  | { readonly type: 'conversation' }
  /** One of a fixed list; `later` are those of the language that no index fills yet. */
  | { readonly type: 'choice'; readonly field: KeywordField; readonly values: readonly string[]; readonly later: readonly string[] }
  | { readonly type: 'date' }
);

/** Values of `kind`: the event kinds, and `unparsed` for a record that is not an event. */
export const KINDS: readonly string[] = [...EVENT_KINDS, 'unparsed'];

/** Values of `has`. */
export const HAS_VALUES: readonly string[] = ['attachment', 'link', 'reaction', 'edit', 'thread', 'transcript', 'mention'];
/** Values of `is`. */
export const IS_VALUES: readonly string[] = ['edited', 'deleted', 'external', 'bot', 'system', 'unreadable', 'incomplete'];

const FIELDS: readonly (Field & { readonly aliases?: readonly string[] })[] = [
  { name: 'from', aliases: ['sender'], label: { en: 'sender', zh: '发送人' }, type: 'name', field: 'sender' },
  {
    name: 'participant',
    aliases: ['participants'],
    label: { en: 'a participant', zh: '参与者之一' },
    type: 'name',
    field: 'participants',
  },
  { name: 'conversation', aliases: ['channel'], label: { en: 'conversation', zh: '会话' }, type: 'conversation' },
  { name: 'thread', label: { en: 'thread', zh: '话题' }, type: 'id', field: 'thread' },
  { name: 'workspace', label: { en: 'workspace', zh: '工作区' }, type: 'id', field: 'workspace' },
  { name: 'platform', label: { en: 'platform', zh: '平台' }, type: 'name', field: 'platform' },
  { name: 'kind', label: { en: 'kind is', zh: '事件类型是' }, type: 'choice', field: 'kind', values: KINDS, later: [] },
  { name: 'sent', label: { en: 'sent', zh: '发送时间' }, type: 'date' },
  { name: 'has', label: { en: 'has', zh: '包含' }, type: 'choice', field: 'has', values: HAS_VALUES, later: [] },
  {
    name: 'is',
    label: { en: 'is marked', zh: '标记为' },
    type: 'choice',
    field: 'is',
    values: IS_VALUES,
    later: ['held', 'duplicate'],
  },
  { name: 'filename', label: { en: 'name of an attached file', zh: '附件文件名' }, type: 'name', field: 'fileNames' },
  { name: 'id', label: { en: 'record id', zh: '记录编号' }, type: 'id', field: 'id' },
  { name: 'body', label: { en: 'body', zh: '正文' }, type: 'text', field: 'body' },
  { name: 'subject', label: { en: 'subject', zh: '主题' }, type: 'text', field: 'subject' },
];

/** Fields of the language that no index fills yet: refused by name, never searched as text. */
const LATER: ReadonlySet<string> = new Set(
  'to custodian direction type lang received edited archived size filetype attachment link mention reaction matter tag hold hash'.split(' '),
);

/** What Chinese users write from habit; only a suggestion, so that a query reads the same for everybody. */
const HABITS: Readonly<Record<string, string>> = {
  发件人: 'from',
  发送人: 'from',
  发送者: 'from',
  参与者: 'participant',
  会话: 'conversation',
  频道: 'conversation',
  群: 'conversation',
  日期: 'sent',
  时间: 'sent',
  发送时间: 'sent',
  平台: 'platform',
  主题: 'subject',
  正文: 'body',
  文件名: 'filename',
};

const BY_NAME: ReadonlyMap<string, Field> = new Map(
  FIELDS.flatMap((field) => [field.name, ...(field.aliases ?? [])].map((name) => [name, field] as const)),
);

/** Names for hints, without aliases. */
export const FIELD_NAMES: readonly string[] = FIELDS.map((field) => field.name);

export function findField(name: string): Field | undefined {
  return BY_NAME.get(name.toLowerCase());
}

export function isLaterField(name: string): boolean {
  return LATER.has(name.toLowerCase());
}

/** Number of insertions, deletions, replacements and exchanges of neighbours between two short words. */
export function editDistance(a: string, b: string): number {
  const cells: number[] = [];
  const width = b.length + 1;
  const cell = (row: number, column: number): number => Number(cells[row * width + column]);
  for (let row = 0; row <= a.length; row++) {
    for (let column = 0; column < width; column++) {
      if (row === 0 || column === 0) {
        cells.push(row + column);
        continue;
      }
      const same = a[row - 1] === b[column - 1];
      const exchanged = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      cells.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + (same ? 0 : 1),
          exchanged ? cell(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return cell(a.length, b.length);
}

/** The candidate nearest to what was typed, if it is near enough to be what was meant. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const word = typed.toLowerCase();
  const limit = word.length < 4 ? 1 : 2;
  let found: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    // Measuring is slow, and words of other lengths are not near.
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word, candidate);
    if (distance < least) [found, least] = [candidate, distance];
  }
  return found;
}

export function suggestField(name: string): string | undefined {
  return HABITS[name] ?? nearest(name, [...BY_NAME.keys()]);
}
