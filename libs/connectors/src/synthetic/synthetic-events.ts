import { createHash } from 'node:crypto';
import type { NewRecord } from '@holdfast/ports';
import type { Attachment, Envelope } from '@holdfast/record';
import { recordOfEnvelope } from '../envelope-record.js';
import { makeRooms } from './conversations.js';
import type { Room, Said } from './conversations.js';
import { Random } from './random.js';
import { CHINESE, ENGLISH, FILES, MARKED, REACTIONS } from './vocabulary.js';
import type { Person } from './vocabulary.js';

export interface SyntheticOptions {
  readonly records: number;
  /** Any whole number; default 1. */
  readonly seed?: number;
  /** Default 200. */
  readonly conversations?: number;
  /** Timestamp of every record. Default: the time of the message, which only a log without retention by time can hold. */
  readonly timestamp?: bigint;
}

const SOURCE = '/connectors/synthetic';
const START = Date.UTC(2024, 0, 2, 1);
const BLOCK = 100;
const RECENT = 12;

/**
 * A reproducible bilingual corpus: chats with threads, edits, deletes, reactions, files, joins and calls, as CloudEvents
 * keyed by conversation. Each marked word stands in exactly one record of every full block of 100 and nowhere else,
 * so that any 500 records or more hold it in about 1 %. The first n records do not depend on how many follow.
 */
export function* syntheticEvents({ records, seed = 1, conversations = 200, timestamp }: SyntheticOptions): Generator<NewRecord, void, undefined> {
  const random = new Random(seed, 1);
  const marks = new Random(seed, 2);
  const rooms = makeRooms(Math.max(1, conversations), new Random(seed, 3));
  let time = START;
  let marked: string[][] = [];
  for (let i = 0; i < records; i++) {
    if (i % BLOCK === 0) marked = placeMarks(marks);
    time += 1 + random.below(24_000);
    // Few conversations are busy, many are quiet.
    const room = rooms[Math.floor(random.next() ** 2 * rooms.length)] ?? rooms[0];
    if (room === undefined) return;
    const envelope = nextEvent(room, random, { id: sourceId(time, i), time, words: marked[i % BLOCK] ?? [] });
    yield recordOfEnvelope(envelope, { source: SOURCE, id: `${seed}-${i}`, timestamp: timestamp ?? BigInt(time) });
  }
}

/** For each record of a block, the sentences with marked words that it must carry. */
function placeMarks(random: Random): string[][] {
  const block: string[][] = Array.from({ length: BLOCK }, () => []);
  for (const { sentences } of MARKED) block[random.below(BLOCK)]?.push(random.pick(sentences));
  return block;
}

interface Moment {
  readonly id: string;
  readonly time: number;
  readonly words: readonly string[];
}

function nextEvent(room: Room, random: Random, moment: Moment): Envelope {
  const by = random.pick(room.people);
  const target = room.recent.length === 0 ? undefined : random.pick(room.recent);
  const dice = random.next();
  // A record that must carry a word is a message; so is the first one of a conversation.
  if (moment.words.length > 0 || target === undefined || dice < 0.76) return message(room, random, moment, by);
  if (dice < 0.85) return { ...message(room, random, moment, by), thread: { root_source_id: target.id } };
  if (dice < 0.885 && !target.marked) return edit(room, random, moment, target);
  if (dice < 0.9) return remove(room, moment, target);
  if (dice < 0.955) return react(room, random, moment, by, target);
  if (dice < 0.98) return { ...message(room, random, moment, by), attachments: [file(random, moment)] };
  if (dice < 0.995) return member(room, moment, by, dice < 0.99);
  return call(room, moment, by);
}

function base(room: Room, { id, time }: Moment, kind: Envelope['kind'], by: Person): Envelope {
  return {
    schema: 'holdfast.event/1',
    kind,
    ...room.where,
    source_id: id,
    actor: { source_user_id: by.id, handle: by.handle, display_name: by.name, kind: 'human' },
    times: { occurred_at: new Date(time).toISOString(), occurred_precision: 'ms', clock: 'source' },
  };
}

function message(room: Room, random: Random, moment: Moment, by: Person): Envelope {
  const text = [...moment.words, sentences(room, random)].join(' ');
  room.recent.push({ id: moment.id, by, text, marked: moment.words.length > 0, version: 1 });
  if (room.recent.length > RECENT) room.recent.shift();
  const mentioned = random.next() < 0.06 ? random.pick(room.people) : undefined;
  const body =
    mentioned === undefined
      ? { text, format: 'plain' as const }
      : {
          text: `@${mentioned.handle} ${text}`,
          format: 'plain' as const,
          mentions: [{ who: { source_user_id: mentioned.id }, kind: 'user' as const }],
        };
  return { ...base(room, moment, 'message.created', by), body };
}

function sentences(room: Room, random: Random): string {
  const chinese = room.language === 'zh' || (room.language === 'both' && random.next() < 0.5);
  const words = chinese ? CHINESE : ENGLISH;
  const gap = chinese ? '' : ' ';
  const core = [random.pick(words.subject), random.pick(words.verb), random.pick(words.object)].join(gap);
  const dice = random.next();
  if (dice < 0.15) return `${core}${chinese ? '。' : '.'}`;
  const opened = `${random.pick(words.open)}${gap}${core}${gap}${random.pick(words.tail)}${chinese ? '。' : '.'}`;
  return dice < 0.45 ? opened : `${opened}${gap}${random.pick(words.close)}`;
}

function edit(room: Room, random: Random, moment: Moment, target: Said): Envelope {
  target.version++;
  const text = `${target.text} ${random.pick(['(typo fixed)', '(updated)', '（已更正）', '（补充）'])}`;
  return {
    ...base(room, { ...moment, id: target.id }, 'message.edited', target.by),
    version: target.version,
    target: { source_message_id: target.id },
    body: { text, format: 'plain' },
  };
}

function remove(room: Room, moment: Moment, target: Said): Envelope {
  room.recent.splice(room.recent.indexOf(target), 1);
  return {
    ...base(room, moment, 'message.deleted', target.by),
    target: { source_message_id: target.id },
    delete: { mode: 'user', content_available: true },
  };
}

function react(room: Room, random: Random, moment: Moment, by: Person, target: Said): Envelope {
  const [name, unicode] = random.pick(REACTIONS);
  const kind = random.next() < 0.1 ? 'reaction.removed' : 'reaction.added';
  return { ...base(room, moment, kind, by), target: { source_message_id: target.id }, reaction: { name, unicode } };
}

/** Text files travel with their content; the others are named and absent, as in most exports. */
function file(random: Random, moment: Moment): Attachment {
  const [name, media_type] = random.pick(FILES);
  const id = `F${moment.id.replace('.', '')}`;
  const kind = media_type.startsWith('image/') ? 'image' : 'file';
  if (media_type !== 'text/plain') {
    return { id, name, media_type, bytes: 2000 + random.below(400_000), kind, state: 'link_only', source_url: `https://files.example.com/${id}` };
  }
  const content = Buffer.from(`Notes ${moment.id}\n${random.pick(ENGLISH.object)}\n`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { id, name, media_type, bytes: content.length, sha256, kind, state: 'stored', inline: content.toString('base64') };
}

function member(room: Room, moment: Moment, by: Person, joins: boolean): Envelope {
  const who = { source_user_id: by.id, handle: by.handle, display_name: by.name, kind: 'human' as const };
  return { ...base(room, moment, joins ? 'member.joined' : 'member.left', by), member: { who } };
}

function call(room: Room, moment: Moment, by: Person): Envelope {
  const participants = room.people.slice(0, 3).map(({ id, handle }) => ({ who: { source_user_id: id, handle } }));
  const seconds = 60 + (moment.time % 1800);
  const started_at = new Date(moment.time - seconds * 1000).toISOString();
  return {
    ...base(room, moment, 'call.ended', by),
    call: { id: `R${moment.id}`, direction: 'group', started_at, duration_s: seconds, participants },
  };
}

/** Seconds and six digits, as chat systems name messages; unique because the number of the record is in it. */
function sourceId(time: number, i: number): string {
  return `${Math.trunc(time / 1000)}.${String(i % 1_000_000).padStart(6, '0')}`;
}
