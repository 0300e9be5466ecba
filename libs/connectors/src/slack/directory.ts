import type { Envelope } from '@holdfast/record';
import { Fields } from './fields.js';
import { optionalText } from './message.js';
import type { People } from './people.js';
import { timeOfSeconds } from './slack-time.js';

const ID = 1024;
const NAME = 4096;
/** Members per event, so that a channel of any size stays far below a record of 1 MB. */
const MEMBERS = 2000;
const UNKNOWN_TIME = '1970-01-01';

type ConversationKind = NonNullable<Envelope['conversation']['kind']>;

/** Root files of an export that list conversations, and what they list. */
export const CONVERSATION_FILES: readonly (readonly [string, ConversationKind])[] = [
  ['channels.json', 'channel_public'],
  ['groups.json', 'channel_private'],
  ['dms.json', 'dm'],
  ['mpims.json', 'group_dm'],
];

/** The conversation of a list entry. */
export function conversationOf(entry: Readonly<Record<string, unknown>>, kind: ConversationKind): Envelope['conversation'] | undefined {
  const fields = new Fields(entry, 'slack');
  const id = fields.text('id', ID);
  if (id === undefined) return undefined;
  const topic = fields.object('topic')?.text('value');
  const purpose = fields.object('purpose')?.text('value');
  const shared = ['is_ext_shared', 'is_shared', 'is_org_shared'].some((flag) => fields.flag(flag));
  return {
    id,
    kind,
    ...optionalText('name', fields.text('name', NAME)),
    ...optionalText('topic', topic),
    ...optionalText('purpose', purpose),
    ...(shared && { external: true }),
    ...(fields.flag('is_archived') && { archived: true }),
  };
}

/** A conversation as the export describes it: one event, and more when it has thousands of members. */
export function* conversationEnvelopes(
  entry: Readonly<Record<string, unknown>>,
  conversation: Envelope['conversation'],
  workspace: Envelope['workspace'],
  people: People,
): Generator<Envelope, void, undefined> {
  const fields = new Fields(entry, 'slack');
  for (const taken of ['id', 'name']) fields.text(taken, taken === 'id' ? ID : NAME);
  for (const taken of ['topic', 'purpose']) fields.object(taken)?.text('value');
  const creator = fields.text('creator', ID);
  const created = timeOfSeconds(fields.peek('created'));
  const members = fields.texts('members', ID) ?? [];
  const base: Envelope = {
    ...frame(workspace, conversation, created),
    kind: 'conversation.created',
    source_id: conversation.id,
    actor: creator === undefined ? null : people.ref(creator),
    state: { known_from: 'snapshot', complete: false, missing: ['earlier members, names and topics'] },
  };
  for (let from = 0; from === 0 || from < members.length; from += MEMBERS) {
    const part = members.slice(from, from + MEMBERS).map((id) => ({ who: { source_user_id: id }, at_snapshot: true }));
    const first = from === 0;
    yield {
      ...base,
      ...(!first && { kind: 'member.snapshot' as const, source_id: `${conversation.id}-members-${from}` }),
      ...(part.length > 0 && { members: part }),
      extensions: first ? fields.rest() : {},
    };
  }
}

/** An account of `users.json`. */
export function identityEnvelope(
  entry: Readonly<Record<string, unknown>>,
  workspace: Envelope['workspace'],
  people: People,
  fallbackId: string,
): Envelope {
  const fields = new Fields(entry, 'slack');
  const id = fields.text('id', ID);
  const handle = fields.text('name', NAME);
  const profile = fields.object('profile');
  const email = profile?.text('email', NAME);
  const phone = profile?.text('phone', NAME);
  const names = [profile?.text('display_name', NAME), profile?.text('real_name', NAME), fields.text('real_name', NAME)].filter(
    (name) => name !== undefined,
  );
  const updated = timeOfSeconds(fields.peek('updated'));
  return {
    ...frame(workspace, { id: 'users', kind: 'unknown', name: 'users' }, updated),
    kind: 'identity.upserted',
    source_id: id ?? fallbackId,
    actor: null,
    identity: {
      who: id === undefined ? {} : people.ref(id),
      ...(email !== undefined && { emails: [email] }),
      ...(handle !== undefined && { handles: [handle] }),
      ...(phone !== undefined && { phones: [phone] }),
      ...(names.length > 0 && { display_names: names }),
      ...optionalText('title', profile?.text('title', NAME)),
      ...optionalText('time_zone', fields.text('tz', NAME)),
      ...(fields.flag('deleted') && { deactivated: true }),
    },
    state: { known_from: 'snapshot', complete: false, missing: ['earlier names'] },
    extensions: fields.rest(),
  };
}

/** A change of an app or integration. */
export function integrationEnvelope(
  entry: Readonly<Record<string, unknown>>,
  workspace: Envelope['workspace'],
  people: People,
  source_id: string,
): Envelope {
  const fields = new Fields(entry, 'slack');
  const user = fields.text('user_id', ID);
  const words = ['change_type', 'app_type', 'service_type', 'channel', 'reason']
    .map((name) => fields.peekText(name))
    .filter((word) => word !== undefined);
  return {
    ...frame(workspace, { id: 'integration_logs', kind: 'unknown', name: 'integration_logs' }, timeOfSeconds(fields.peek('date'))),
    kind: 'system',
    source_id,
    actor: user === undefined ? null : people.ref(user),
    ...(words.length > 0 && { body: { text: words.join(' '), format: 'plain' as const } }),
    state: { known_from: 'export', complete: true },
    extensions: fields.rest(),
  };
}

function frame(workspace: Envelope['workspace'], conversation: Envelope['conversation'], time: string | undefined) {
  return {
    schema: 'holdfast.event/1' as const,
    platform: 'slack',
    workspace,
    conversation,
    times: { occurred_at: time ?? UNKNOWN_TIME, clock: time === undefined ? ('inferred' as const) : ('source' as const) },
    normaliser: { name: 'slack-export', version: '1' },
  };
}
