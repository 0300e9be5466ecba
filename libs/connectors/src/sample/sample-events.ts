import { createHash } from 'node:crypto';
import type { NewRecord } from '@holdfast/ports';
import type { Attachment, Envelope, Ref } from '@holdfast/record';
import { recordOfEnvelope } from '../envelope-record.js';
import { SAMPLE_PEOPLE } from './people.js';
import { SAMPLE_CONVERSATIONS } from './scripts.js';
import type { SampleConversation } from './scripts.js';

const SOURCE = '/connectors/sample';
const LINE = /^(\d\d:\d\d) ([a-z]+)([:>~+^=-]) ?(.*)$/;

interface Said {
  readonly id: string;
  readonly by: string;
  version: number;
}

/**
 * About two hundred messages written by hand, in English and Chinese, in the order in which they were said.
 * `timestamp` is the Kafka timestamp of all of them; without it each has the time of its message.
 */
export function sampleEvents(options: { readonly timestamp?: bigint } = {}): NewRecord[] {
  return SAMPLE_CONVERSATIONS.flatMap(envelopesOf)
    .sort((a, b) => (a.times.occurred_at < b.times.occurred_at ? -1 : a.times.occurred_at > b.times.occurred_at ? 1 : 0))
    .map((envelope, i) => {
      const timestamp = options.timestamp ?? BigInt(Date.parse(envelope.times.occurred_at));
      return recordOfEnvelope(envelope, { source: SOURCE, id: `sample-${i + 1}`, timestamp });
    });
}

function envelopesOf(room: SampleConversation): Envelope[] {
  const said: Said[] = [];
  const envelopes: Envelope[] = [];
  let day = '';
  let root = '';
  for (const line of room.script.trim().split('\n')) {
    if (line.startsWith('# ')) {
      day = line.slice(2);
      continue;
    }
    const [, time, by, sign, rest] = LINE.exec(line) ?? [];
    const actor = SAMPLE_PEOPLE[by ?? ''];
    if (time === undefined || by === undefined || actor === undefined || sign === undefined || rest === undefined) {
      throw new SyntaxError(`the sample of ${room.id} has a line that is no event: ${line}`);
    }
    // Milliseconds keep events of one minute apart and in order.
    const millis = String(envelopes.length).padStart(3, '0');
    const id = `${room.id}-${envelopes.length + 1}`;
    const envelope = start(room, actor, id, `${day}T${time}:00.${millis}Z`);
    const isMessage = sign === ':' || sign === '>' || sign === '^';
    const target = sign === '~' || sign === '-' ? said.findLast((earlier) => earlier.by === by) : said.at(-1);
    if (isMessage) said.push({ id, by, version: 1 });
    if (sign === ':' || sign === '^') root = id;
    envelopes.push({ ...envelope, ...changesOf(sign, rest, { room, actor, id, root, target }) });
  }
  return envelopes;
}

function start(room: SampleConversation, actor: Ref, source_id: string, occurred_at: string): Envelope {
  const { platform, workspace, id, kind, name, topic, external } = room;
  const recipients = kind === 'dm' || kind === 'group_dm' ? room.members.map((member) => SAMPLE_PEOPLE[member]) : [];
  const others = recipients.filter((ref) => ref !== undefined && ref !== actor).map((ref) => ({ ...ref }));
  return {
    schema: 'holdfast.event/1',
    kind: 'message.created',
    platform,
    workspace: { id: workspace, name: 'Harbour Lane' },
    conversation: { id, kind, ...(name !== undefined && { name }), ...(topic !== undefined && { topic }), ...(external === true && { external }) },
    source_id,
    actor,
    ...(others.length > 0 && { recipients: others }),
    times: { occurred_at, occurred_precision: 'ms', clock: 'source' },
  };
}

interface Scene {
  readonly room: SampleConversation;
  readonly actor: Ref;
  readonly id: string;
  readonly root: string;
  readonly target: Said | undefined;
}

/** What a line changes in the plain message that `start` makes. */
function changesOf(sign: string, rest: string, { room, actor, id, root, target }: Scene): Partial<Envelope> {
  const about = target === undefined ? {} : { target: { source_message_id: target.id } };
  switch (sign) {
    case '~':
      if (target === undefined) return {};
      target.version++;
      return { kind: 'message.edited', ...about, source_id: target.id, version: target.version, body: { text: rest, format: 'plain' } };
    case '-':
      return { kind: 'message.deleted', ...about, delete: { mode: 'user', content_available: true } };
    case '+': {
      const [name = '', unicode = ''] = rest.split(' ');
      return { kind: 'reaction.added', ...about, reaction: { name, unicode } };
    }
    case '=': {
      const [what, minutes] = rest.split(' ');
      if (what !== 'call') return { kind: what === 'left' ? 'member.left' : 'member.joined', member: { who: actor } };
      const participants = room.members.flatMap((member) => SAMPLE_PEOPLE[member] ?? []).map((who) => ({ who }));
      return { kind: 'call.ended', call: { id, direction: 'outgoing', outcome: 'answered', duration_s: Number(minutes) * 60, participants } };
    }
    case '^': {
      const [name = '', media = '', text = '', content] = rest.split(' | ');
      return { body: { text, format: 'plain' }, attachments: [fileOf(id, name, media, content)] };
    }
    case '>':
      return { thread: { root_source_id: root, parent_source_id: root }, body: { text: rest, format: 'plain' } };
    default:
      return { body: { text: rest, format: 'plain' } };
  }
}

function fileOf(message: string, name: string, media_type: string, content: string | undefined): Attachment {
  const id = `F-${message}`;
  const kind = media_type.startsWith('image/') ? 'image' : 'file';
  if (content === undefined) return { id, name, media_type, kind, state: 'link_only', source_url: `https://files.example.com/${id}` };
  const bytes = Buffer.from(content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { id, name, media_type, kind, bytes: bytes.length, sha256, state: 'stored', inline: bytes.toString('base64') };
}
