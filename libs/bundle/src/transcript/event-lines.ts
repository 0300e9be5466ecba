import { attachmentException } from '@holdfast/record';
import type { Attachment, Event, Ref } from '@holdfast/record';
import { visible } from './visible.js';
import type { FieldName, Words } from './words.js';

/** What an event says besides its time and its actor, as HTML: fields, then texts as they were received. */
export function eventLines(event: Event, words: Words): string {
  const lines: string[] = [];
  const add = (field: FieldName, value: string | undefined): void => {
    if (value !== undefined && value !== '') lines.push(`<p><b>${words.fields[field]}${words.colon}</b>${visible(value)}</p>`);
  };
  add('onBehalfOf', personOf(event.on_behalf_of));
  add('via', describe(event.via));
  add('to', event.recipients?.map(nameOf).join('; '));
  add('message', event.source_id);
  add('target', event.target === undefined ? undefined : describe(event.target));
  add('version', event.version > 1 ? String(event.version) : undefined);
  add('thread', event.thread?.root_source_id);
  add('quote', describe(event.quote));
  add('forward', describe(event.forward));
  add('subject', event.body?.subject);
  if (event.body !== undefined) lines.push(`<pre>${visible(event.body.text)}</pre>`);
  if (event.body?.original !== undefined && event.body.original !== event.body.text)
    lines.push(`<p><b>${words.fields.source}${words.colon}</b></p><pre>${visible(event.body.original)}</pre>`);
  for (const attachment of event.attachments ?? []) add('file', fileOf(attachment, words));
  for (const reaction of [event.reaction, ...(event.reactions ?? [])]) add('reaction', describe(reaction));
  for (const member of [event.member, ...(event.members ?? [])]) add('member', describe(member));
  add('call', describe(event.call) ?? describe(event.segment));
  add('identity', describe(event.identity));
  add('deletion', describe(event.delete));
  add('flags', describe(event.flags));
  add('editedAt', event.times.source_edited_at);
  add('deletedAt', event.times.source_deleted_at);
  add('incomplete', event.state?.complete === false ? describe(event.state) : undefined);
  return lines.join('');
}

/** Who it was, by every name that the source gave. */
export function nameOf(ref: Ref): string {
  const names = [ref.display_name, ref.handle, ref.email, ref.phone, ref.source_user_id, ref.identity_id, ref.person_id, ref.domain];
  const [first = '?', ...others] = [...new Set(names.filter((name) => name !== undefined && name !== ''))];
  return others.length === 0 ? first : `${first} (${others.join(', ')})`;
}

function personOf(ref: Ref | null | undefined): string | undefined {
  return ref == null ? undefined : nameOf(ref);
}

function fileOf(attachment: Attachment, words: Words): string {
  const { name, title, media_type, bytes, sha256 } = attachment;
  const facts = [name ?? title ?? attachment.id, media_type, bytes === undefined ? undefined : `${bytes} B`, sha256 && `SHA-256 ${sha256}`];
  const missing = attachmentException(attachment);
  return [
    ...facts.filter((fact) => fact !== undefined),
    ...(missing === undefined ? [] : [`${words.fields.fileState}${words.colon}${missing}`]),
  ].join(', ');
}

/** Nobody writes deeper, and a stack must not end where a producer wants it to; the record itself has everything. */
const DEEPEST = 16;

/** Any part of an event in plain text: `name: value` in the order of the event, nothing left out down to a sane depth. */
function describe(value: unknown, depth = 0): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((item) => describe(item, depth + 1) ?? '').join('; ');
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return members
    .map(([name, member]) => `${name}: ${isNested(member) ? `{${describe(member, depth + 1) ?? ''}}` : (describe(member) ?? '')}`)
    .join(', ');
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
