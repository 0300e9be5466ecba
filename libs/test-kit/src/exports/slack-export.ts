import { writeFile } from 'node:fs/promises';
import { SeededRandom } from '../indexes/random.js';
import { zipFile } from './zip-file.js';

export interface SlackExportOptions {
  readonly channels: number;
  readonly messages: number;
  readonly seed?: number;
  readonly users?: number;
  readonly days?: number;
}

type Json = Record<string, unknown>;

const START = 1_700_000_000;
const DAY = 86_400;
const TEXTS = [
  'Please sign the contract before Friday <@U0001>',
  '新的合同已经发给法务了 &amp; 等他们盖章',
  'See <https://example.com/a?b=1&amp;c=2|the notes> in <#C0002|general>',
  '项目进度比计划晚了两天 :eyes:',
  '<!here> the budget for Q3 is not approved yet',
  'a &lt; b',
];

/**
 * The files of a standard Slack workspace export, by name: public and private channels, direct messages, threads, edits,
 * reactions, files by reference, bots, subtypes, and members that no importer knows.
 */
export function slackExportFiles({ channels, messages, seed = 1, users = 12, days = 5 }: SlackExportOptions): Map<string, unknown> {
  const random = new SeededRandom(seed);
  const userId = (i: number): string => `U${String(i).padStart(4, '0')}`;
  const someUser = (): string => userId(random.int(0, users - 1));
  const files = new Map<string, unknown>();
  files.set(
    'users.json',
    Array.from({ length: users }, (_, i) => user(userId(i), i)),
  );
  const lists: Record<string, Json[]> = { channels: [], groups: [], dms: [], mpims: [] };
  const folders: string[] = [];
  for (let i = 0; i < channels; i++) {
    const list = ['channels', 'channels', 'groups', 'dms', 'mpims'][i % 5] ?? 'channels';
    const id = `${list === 'dms' ? 'D' : list === 'channels' ? 'C' : 'G'}${String(i).padStart(4, '0')}`;
    const members = Array.from({ length: list === 'dms' ? 2 : 5 }, (_, k) => userId((i + k * 3) % users));
    const name = `${list === 'mpims' ? 'mpdm' : 'room'}-${i}`;
    lists[list]?.push({
      id,
      created: START - i,
      members,
      ...(list !== 'dms' && { name, creator: someUser(), is_archived: i % 7 === 0, is_general: i === 0 }),
      ...(list === 'channels' && { topic: { value: `Topic ${i}`, creator: '', last_set: 0 }, purpose: { value: '', creator: '', last_set: 0 } }),
      ...(i % 11 === 0 && { previous_names: ['old-name'], pins: [{ id: '1700000000.000000', type: 'C', user: someUser() }] }),
    });
    folders.push(list === 'dms' ? id : name);
  }
  for (const [name, list] of Object.entries(lists)) files.set(`${name}.json`, list);
  files.set('integration_logs.json', [
    { user_id: userId(1), user_name: 'user1', date: String(START), change_type: 'added', app_type: 'RSS', app_id: 'A1', scope: 'read' },
    { user_id: '0', user_name: '', date: START + 5, change_type: 'removed', service_type: 'Zap', service_id: 4, channel: 'C0000' },
  ]);
  files.set('canvases.json', [{ id: 'F9', title: 'Notes', shared: [{ at: 1.5, with: null }] }]);
  const days_: Json[][] = Array.from({ length: channels * days }, () => []);
  for (let i = 0; i < messages; i++) {
    const slot = random.int(0, days_.length - 1);
    const ts = `${START + (slot % days) * DAY + random.int(0, DAY - 1)}.${String(i).padStart(6, '0')}`;
    days_[slot]?.push(message(ts, i, someUser, random));
  }
  for (const [slot, list] of days_.entries()) {
    if (list.length === 0) continue;
    const day = new Date((START + (slot % days) * DAY) * 1000).toISOString().slice(0, 10);
    files.set(
      `${folders[Math.trunc(slot / days)] ?? ''}/${day}.json`,
      list.sort((a, b) => (String(a['ts']) < String(b['ts']) ? -1 : 1)),
    );
  }
  return files;
}

/** Writes an export of about the given size as a zip. */
export async function writeSlackExport(path: string, options: SlackExportOptions): Promise<Map<string, unknown>> {
  const files = slackExportFiles(options);
  await writeFile(path, slackExportZip(files));
  return files;
}

export function slackExportZip(files: ReadonlyMap<string, unknown>): Buffer {
  return zipFile([...files].map(([name, value]) => ({ name, content: JSON.stringify(value), deflate: true })));
}

function user(id: string, i: number): Json {
  return {
    id,
    team_id: i === 5 ? 'TFOREIGN' : 'T0001',
    name: `user${i}`,
    deleted: i === 3,
    color: '9f69e7',
    real_name: `User ${i}`,
    tz: 'Asia/Shanghai',
    tz_offset: 28_800,
    profile: {
      title: i % 2 === 0 ? 'Trader' : '',
      real_name: `User ${i}`,
      display_name: i % 3 === 0 ? '' : `李${i}`,
      email: `user${i}@example.com`,
      image_24: 'https://example.com/i.png',
      fields: null,
    },
    is_admin: i === 0,
    is_bot: i === 7,
    is_restricted: i === 8,
    ...(i === 5 && { is_stranger: true }),
    updated: START - 1000 + i,
  };
}

function message(ts: string, i: number, someUser: () => string, random: SeededRandom): Json {
  const base: Json = { type: 'message', user: someUser(), text: TEXTS[i % TEXTS.length], ts };
  const later = (seconds: number): string => `${Number(ts.split('.')[0]) + seconds}.000000`;
  switch (random.int(0, 13)) {
    case 0:
      return { ...base, edited: { user: base['user'], ts: later(60) }, client_msg_id: `m-${i}` };
    case 1:
      return {
        ...base,
        reactions: [
          { name: '+1', users: [someUser(), someUser()], count: 2 },
          { name: 'eyes', users: [someUser()], count: 9 },
        ],
      };
    case 2:
      return {
        ...base,
        thread_ts: ts,
        reply_count: 2,
        reply_users_count: 1,
        latest_reply: later(9),
        reply_users: [someUser()],
        replies: [{ user: someUser(), ts: later(9) }],
        subscribed: false,
      };
    case 3:
      return { ...base, thread_ts: `${START}.000000`, parent_user_id: someUser() };
    case 4:
      return {
        ...base,
        upload: true,
        files: [
          {
            id: `F${i}`,
            created: START,
            timestamp: START,
            name: 'report.pdf',
            title: '报告',
            mimetype: 'application/pdf',
            filetype: 'pdf',
            user: someUser(),
            size: 1234 + i,
            mode: 'hosted',
            url_private: 'https://files.example.com/r.pdf',
            thumb_64: 'https://x',
            shares: { public: { C1: [{ ts }] } },
          },
          { id: `G${i}`, mode: 'tombstone' },
        ],
      };
    case 5:
      return {
        type: 'message',
        subtype: 'bot_message',
        ts,
        text: '',
        username: 'Deploys',
        bot_id: 'B01',
        icons: { emoji: ':robot:' },
        attachments: [
          {
            fallback: 'Deploy ok',
            title: 'Deploy',
            text: 'Build <https://ci.example.com/1|#1> passed',
            color: '36a64f',
            fields: [{ title: 'env', value: 'prod', short: true }],
            id: 1,
          },
        ],
      };
    case 6:
      return { ...base, subtype: 'channel_join', text: `<@${String(base['user'])}> has joined the channel`, inviter: someUser() };
    case 7:
      return { ...base, subtype: 'channel_topic', topic: '新话题', text: `<@${String(base['user'])}> set the topic` };
    case 8:
      return {
        ...base,
        blocks: [
          {
            type: 'rich_text',
            block_id: 'x',
            elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'hi', style: { bold: true } }] }],
          },
        ],
        team: 'T0001',
        user_team: 'T0001',
        user_profile: { avatar_hash: 'g1', display_name: `then-${i}`, real_name: 'Then', name: 'user', team: 'T0001', is_restricted: false },
      };
    case 9:
      return { ...base, subtype: 'thread_broadcast', thread_ts: `${START}.000001`, root: { ts: `${START}.000001`, text: 'root', reactions: [] } };
    case 10:
      return { type: 'message', subtype: 'tombstone', user: 'USLACKBOT', hidden: true, text: 'This message was deleted.', ts, thread_ts: ts };
    case 11:
      return { ...base, subtype: 'me_message', metadata: { event_type: 'x', event_payload: { n: 1.25, ok: true, none: null, list: [[], {}] } } };
    default:
      return base;
  }
}
