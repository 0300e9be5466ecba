import { conversationKey } from './conversation-key.js';
import type { Event } from './event.js';
import type { Ref } from './event-parts.js';
import { attachmentException } from './inline-content.js';
import { occurredAtMillis } from './occurred-at.js';

/** What search needs of an event, as plain strings; libs/indexing folds and tokenises them. */
export interface IndexFields {
  readonly kind: string;
  readonly platform: string;
  readonly workspace: string;
  /** `platform:workspace:conversation`. */
  readonly conversation: string;
  readonly conversationName: string;
  /** Source id of the thread's root, or empty. */
  readonly thread: string;
  /** Every identifier of the one who acted: source id, handle, e-mail, display name … */
  readonly sender: readonly string[];
  /** Identifiers of everybody the event names as taking part, the sender included. */
  readonly participants: readonly string[];
  readonly has: readonly Has[];
  readonly is: readonly Is[];
  readonly body: string;
  readonly subject: string;
  readonly fileNames: readonly string[];
  /** By the source, in milliseconds since 1970; undefined when it cannot be told, then the Kafka timestamp stands in. */
  readonly sentAt: number | undefined;
  /** One entry for each named file whose content is not in the archive. */
  readonly exceptions: readonly string[];
}

export type Has = 'attachment' | 'link' | 'reaction' | 'edit' | 'thread' | 'transcript' | 'mention';
export type Is = 'edited' | 'deleted' | 'external' | 'bot' | 'system' | 'unreadable' | 'incomplete';

/** The view of `event` for an index: what the event itself says, nothing that depends on other events. */
export function indexFields(event: Event): IndexFields {
  const { body, attachments = [] } = event;
  const sender = new Set<string>();
  for (const ref of [event.actor, event.on_behalf_of]) addRef(sender, ref);
  if (event.via !== undefined) addText(sender, event.via.id, event.via.name);
  const participants = new Set(sender);
  for (const ref of otherPeople(event)) addRef(participants, ref);
  const files = [...attachments].flatMap(({ name, title }) => [name, title]).filter((text) => text !== undefined && text !== '');
  return {
    kind: event.kind,
    platform: event.platform,
    workspace: wellFormed(event.workspace.id),
    conversation: wellFormed(conversationKey(event)),
    conversationName: wellFormed(event.conversation.name ?? ''),
    thread: wellFormed(event.thread?.root_source_id ?? ''),
    sender: [...sender],
    participants: [...participants],
    has: hasOf(event),
    is: isOf(event),
    body: wellFormed(body?.text ?? ''),
    subject: wellFormed(body?.subject ?? ''),
    fileNames: [...new Set(files.map((text) => wellFormed(text ?? '')))],
    sentAt: occurredAtMillis(event),
    exceptions: attachments.map(attachmentException).filter((reason) => reason !== undefined),
  };
}

/** Everybody an event names besides its sender. */
function* otherPeople(event: Event): Iterable<Ref | undefined> {
  yield* event.recipients ?? [];
  for (const { who } of event.body?.mentions ?? []) yield who;
  for (const { who } of event.call?.participants ?? []) yield who;
  for (const member of [event.member, ...(event.members ?? [])]) {
    yield member?.who;
    yield member?.inviter;
  }
  for (const reaction of [event.reaction, ...(event.reactions ?? [])]) yield* reaction?.users ?? [];
  yield event.delete?.by;
  yield event.identity?.who;
}

function hasOf(event: Event): Has[] {
  const { body, kind } = event;
  const has: Has[] = [];
  if ((event.attachments?.length ?? 0) > 0 || kind.startsWith('attachment.')) has.push('attachment');
  if ((body?.links?.length ?? 0) > 0 || /https?:\/\//i.test(body?.text ?? '')) has.push('link');
  if (event.reaction !== undefined || (event.reactions?.length ?? 0) > 0) has.push('reaction');
  if (isEdited(event)) has.push('edit');
  if (event.thread !== undefined) has.push('thread');
  if (kind === 'transcript.segment') has.push('transcript');
  if ((body?.mentions?.length ?? 0) > 0) has.push('mention');
  return has;
}

function isOf(event: Event): Is[] {
  const { kind, actor, conversation } = event;
  const is: Is[] = [];
  if (isEdited(event)) is.push('edited');
  if (kind === 'message.deleted' || kind === 'message.redacted' || event.times.source_deleted_at !== undefined) is.push('deleted');
  if (conversation.external === true || actor?.external === true || event.recipients?.some((ref) => ref.external === true)) is.push('external');
  if (actor?.kind === 'bot' || actor?.kind === 'service' || event.via?.kind === 'bot' || event.via?.kind === 'webhook') is.push('bot');
  if (!kind.startsWith('message.') && !kind.startsWith('reaction.') && !kind.startsWith('attachment.') && kind !== 'transcript.segment')
    is.push('system');
  if (conversation.encrypted === true && event.body === undefined) is.push('unreadable');
  if (event.state?.complete === false) is.push('incomplete');
  return is;
}

function isEdited(event: Event): boolean {
  return event.kind === 'message.edited' || event.times.source_edited_at !== undefined;
}

function addRef(to: Set<string>, ref: Ref | null | undefined): void {
  if (ref == null) return;
  addText(to, ref.source_user_id, ref.handle, ref.email, ref.display_name, ref.phone, ref.identity_id, ref.person_id);
}

function addText(to: Set<string>, ...texts: readonly (string | undefined)[]): void {
  for (const text of texts) if (text !== undefined && text !== '') to.add(wellFormed(text));
}

/** Lone surrogates cannot be written as UTF-8: an index and a comparison would each replace them differently. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
