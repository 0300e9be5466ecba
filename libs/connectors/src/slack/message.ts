import type { Attachment, Envelope, EventKind, Ref } from '@holdfast/record';
import { isObject } from './fields.js';
import type { Fields } from './fields.js';
import { renderMrkdwn, textOfParts } from './mrkdwn.js';
import type { People } from './people.js';
import { timeOfSeconds, timeOfTs } from './slack-time.js';

/** Where a message stands and who is known there. */
export interface Place {
  readonly workspace: Envelope['workspace'];
  readonly conversation: Envelope['conversation'];
  readonly people: People;
  /** Time of a message without a readable `ts`: the day of its file. */
  readonly day: string;
}

const ID = 1024;
const NAME = 4096;

/** Subtypes that are not messages. The subtype itself always stays in the extensions. */
const KINDS: Readonly<Record<string, EventKind>> = {
  channel_join: 'member.joined',
  group_join: 'member.joined',
  channel_leave: 'member.left',
  group_leave: 'member.left',
  channel_topic: 'conversation.updated',
  group_topic: 'conversation.updated',
  channel_purpose: 'conversation.updated',
  group_purpose: 'conversation.updated',
  channel_name: 'conversation.updated',
  group_name: 'conversation.updated',
  channel_unarchive: 'conversation.updated',
  group_unarchive: 'conversation.updated',
  channel_convert_to_private: 'conversation.updated',
  channel_convert_to_public: 'conversation.updated',
  channel_archive: 'conversation.archived',
  group_archive: 'conversation.archived',
  channel_posting_permissions: 'conversation.updated',
  pinned_item: 'message.pinned',
  unpinned_item: 'message.unpinned',
  message_changed: 'message.edited',
  message_deleted: 'message.deleted',
  tombstone: 'message.deleted',
  huddle_thread: 'call.started',
  sh_room_created: 'call.started',
  bot_add: 'system',
  bot_remove: 'system',
  bot_enable: 'system',
  bot_disable: 'system',
  channel_canvas_updated: 'system',
  reminder_add: 'system',
};

/** One element of a day file as an envelope. `ts` is peeked: it stays in the extensions when it cannot be the id. */
export function messageEnvelope(fields: Fields, place: Place, fallbackId: string): Envelope {
  const subtype = fields.peekText('subtype');
  const ts = fields.text('ts', ID);
  const source_id = ts ?? fallbackId;
  const occurred_at = ts === undefined ? undefined : timeOfTs(ts);
  const changed = subtype === 'message_changed' ? fields.object('message') : undefined;
  const deletedTs = subtype === 'message_deleted' ? fields.text('deleted_ts', ID) : undefined;
  const edited = fields.object('edited') ?? changed?.object('edited');
  const kind = KINDS[subtype ?? ''] ?? (edited === undefined ? 'message.created' : 'message.edited');
  const content = changed ?? fields;
  const target =
    changed === undefined ? (deletedTs ?? (edited === undefined || kind !== 'message.edited' ? undefined : source_id)) : changed.text('ts', ID);
  const { actor, via } = actorOf(content, place);
  const thread = threadOf(content, subtype, source_id);
  const body = bodyOf(content, place);
  const attachments = content.objects('files').map(attachmentOf(place));
  const reactions = content.objects('reactions').map((reaction) => reactionOf(reaction, place));
  const editedAt = edited === undefined ? undefined : timeOfTs(edited.peekText('ts') ?? '');
  const member = memberOf(kind, fields, actor, place);
  const version = kind === 'message.edited' ? { version: 2 } : {};
  return {
    schema: 'holdfast.event/1',
    kind,
    platform: 'slack',
    workspace: place.workspace,
    conversation: place.conversation,
    ...(thread !== undefined && { thread }),
    ...(target !== undefined && { target: { source_message_id: target } }),
    source_id,
    ...version,
    ...optionalText('client_id', content.text('client_msg_id', ID)),
    actor,
    ...(via !== undefined && { via }),
    times: {
      occurred_at: occurred_at ?? place.day,
      ...(occurred_at === undefined && { occurred_precision: 'day' as const }),
      ...(editedAt !== undefined && { source_edited_at: editedAt }),
      clock: occurred_at === undefined ? 'inferred' : 'source',
    },
    ...(body !== undefined && { body }),
    ...(attachments.length > 0 && { attachments }),
    ...(reactions.length > 0 && { reactions }),
    ...(member !== undefined && { member }),
    ...(kind === 'call.started' && { call: { id: source_id } }),
    ...(kind === 'message.deleted' && { delete: { mode: 'unknown' as const, content_available: false } }),
    state:
      edited === undefined ? { known_from: 'export', complete: true } : { known_from: 'snapshot', complete: false, missing: ['earlier versions'] },
    extensions: {},
    normaliser: { name: 'slack-export', version: '1' },
  };
}

function actorOf(fields: Fields, { people, workspace }: Place): { actor: Ref | null; via: Envelope['via'] } {
  const user = fields.text('user', ID);
  const bot = fields.text('bot_id', ID);
  const username = fields.text('username', NAME);
  const via = bot === undefined ? undefined : { kind: 'bot' as const, id: bot, ...optionalText('name', username) };
  if (user === undefined) {
    if (bot === undefined && username === undefined) return { actor: null, via };
    return { actor: { ...optionalText('source_user_id', bot), ...optionalText('display_name', username), kind: 'bot' }, via };
  }
  const known = people.ref(user);
  // Names as of the message, where the export has them: people rename themselves.
  const profile = fields.object('user_profile');
  const display = profile?.text('display_name', NAME);
  const real = profile?.peekText('real_name', NAME);
  const team = fields.peekText('user_team') ?? profile?.peekText('team');
  const handle = bot === undefined ? username : undefined;
  return {
    actor: {
      ...known,
      ...optionalText('handle', handle),
      ...optionalText('display_name', display ?? (known.display_name === undefined ? real : undefined)),
      ...(team !== undefined && team !== workspace.id && { external: true }),
    },
    via,
  };
}

function threadOf(fields: Fields, subtype: string | undefined, source_id: string): Envelope['thread'] {
  const root = fields.text('thread_ts', ID);
  if (root === undefined) return undefined;
  return {
    root_source_id: root,
    ...(root !== source_id && { parent_source_id: root }),
    ...((subtype === 'thread_broadcast' || subtype === 'reply_broadcast') && { broadcast: true }),
  };
}

function bodyOf(fields: Fields, { people }: Place): Envelope['body'] {
  // Access to the text was withdrawn by the customer's keys: what stands there is Slack's notice, not the message.
  const markup = fields.text('text') ?? '';
  const parts = [fields.peek('attachments'), markup === '' ? fields.peek('blocks') : undefined].flatMap(textOfParts);
  if (markup === '' && parts.length === 0) return undefined;
  const said = renderMrkdwn(markup, people);
  const added = parts.map((part) => renderMrkdwn(part, people).text).filter((part) => !said.text.includes(part));
  const text = [said.text, ...added].filter((part) => part !== '').join('\n');
  return {
    text,
    format: 'mrkdwn',
    ...(markup !== text && markup !== '' && { original: markup }),
    ...(said.mentions.length > 0 && { mentions: said.mentions }),
    ...(said.links.length > 0 && { links: said.links }),
  };
}

/** Standard exports name files and link to them; the content is not in the export. */
function attachmentOf({ people }: Place): (fields: Fields, index: number) => Attachment {
  return (fields, index) => {
    const mode = fields.peekText('mode');
    const gone = mode === 'tombstone';
    const hidden = mode === 'hidden_by_limit';
    const user = fields.text('user', ID);
    const created = timeOfSeconds(fields.peek('created'));
    const sourceUrl = fields.text('url_private');
    const media_type = fields.text('mimetype', NAME);
    const bytes = fields.count('size');
    return {
      id: fields.text('id', ID) ?? `file-${index}`,
      ...optionalText('name', fields.text('name', NAME)),
      ...optionalText('title', fields.text('title', NAME)),
      ...optionalText('media_type', media_type),
      ...(bytes !== undefined && { bytes }),
      kind: kindOfMedia(media_type),
      state: gone ? 'deleted_at_source' : hidden || sourceUrl === undefined ? 'unavailable' : 'link_only',
      reason: gone ? 'deleted before the export' : hidden ? 'hidden by a limit of the plan' : 'standard exports hold links, not files',
      ...optionalText('source_url', sourceUrl),
      ...(user !== undefined && { uploaded_by: people.ref(user) }),
      ...(created !== undefined && { uploaded_at: created }),
    };
  };
}

function kindOfMedia(media: string | undefined): NonNullable<Attachment['kind']> {
  const [family] = (media ?? '').split('/');
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}

function reactionOf(fields: Fields, { people }: Place): NonNullable<Envelope['reactions']>[number] {
  const count = fields.count('count');
  const users = fields.texts('users', ID);
  const url = fields.text('url');
  return {
    name: fields.text('name', NAME) ?? '',
    ...(count !== undefined && { count }),
    ...(users !== undefined && { users: users.map((id) => people.ref(id)) }),
    ...optionalText('custom_url', url),
  };
}

function memberOf(kind: EventKind, fields: Fields, actor: Ref | null, { people }: Place): Envelope['member'] {
  if (actor === null || (kind !== 'member.joined' && kind !== 'member.left')) return undefined;
  const inviter = fields.text('inviter', ID);
  return { who: actor, ...(inviter !== undefined && { inviter: people.ref(inviter) }) };
}

/** `{ [name]: value }`, or nothing when there is no value. */
export function optionalText<N extends string>(name: N, value: string | undefined): Partial<Record<N, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<N, string>);
}

/** Anything that is not a message object, kept whole. */
export function strangeEnvelope(value: unknown, place: Place, source_id: string, name: string): Envelope {
  return {
    schema: 'holdfast.event/1',
    kind: 'unknown',
    platform: 'slack',
    workspace: place.workspace,
    conversation: place.conversation,
    source_id,
    actor: null,
    times: { occurred_at: place.day, occurred_precision: 'day', clock: 'inferred' },
    state: { known_from: 'export', complete: true },
    extensions: isObject(value) ? Object.fromEntries(Object.entries(value).map(([member, inner]) => [`slack.${member}`, inner])) : { [name]: value },
    normaliser: { name: 'slack-export', version: '1' },
  };
}
