import type { Envelope } from '@holdfast/record';
import { CHANNELS, PEOPLE } from './vocabulary.js';
import type { Person } from './vocabulary.js';
import type { Random } from './random.js';

/** A message that later events can refer to. */
export interface Said {
  readonly id: string;
  readonly by: Person;
  readonly text: string;
  /** Carries one of the marked words: never edited, or the word would occur twice. */
  readonly marked: boolean;
  version: number;
}

export interface Room {
  readonly where: Pick<Envelope, 'platform' | 'workspace' | 'conversation'>;
  readonly language: 'en' | 'zh' | 'both';
  readonly people: readonly Person[];
  /** The last few messages. */
  readonly recent: Said[];
}

const KINDS = ['channel_public', 'channel_private', 'dm', 'group_dm'] as const;
const PLATFORMS = [
  { platform: 'slack', workspace: { id: 'T7Q2M4' } },
  { platform: 'slack', workspace: { id: 'T7Q2M4' } },
  { platform: 'teams', workspace: { id: 'northwind' } },
  { platform: 'wecom', workspace: { id: 'ww81c2' } },
] as const;

export function makeRooms(count: number, random: Random): Room[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % 5 === 4 ? 0 : i % 4] ?? 'dm';
    const place = random.pick(PLATFORMS);
    const size = kind === 'dm' ? 2 : kind === 'group_dm' ? 4 : 9;
    const first = random.below(PEOPLE.length);
    const people = Array.from({ length: size }, (_unused, k) => PEOPLE[(first + k * 5) % PEOPLE.length]).filter((person) => person !== undefined);
    const letter = kind === 'dm' ? 'D' : kind === 'group_dm' ? 'G' : 'C';
    const id = `${letter}${(20_000 + i).toString(36).toUpperCase().padStart(6, '0')}`;
    const round = Math.trunc(i / CHANNELS.length);
    const name = letter === 'C' ? `${CHANNELS[i % CHANNELS.length] ?? 'general'}${round === 0 ? '' : `-${round + 1}`}` : undefined;
    return {
      where: { ...place, conversation: { id, kind, ...(name !== undefined && { name }) } },
      language: random.pick(['en', 'en', 'zh', 'zh', 'both'] as const),
      people,
      recent: [],
    };
  });
}
