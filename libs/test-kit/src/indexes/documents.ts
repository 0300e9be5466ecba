import { orderOf } from '@holdfast/ports';
import type { CohortName, IndexDocument } from '@holdfast/ports';
import { SeededRandom } from './random.js';

const LATIN = ['contract', 'budget', 'project', 'the', 'a', 'to', 'signed', "don't", 'café', 'договор', '42', 'v2', 'ab', 'b'];
// One token per character, as libs/query cuts Han, kana, Hangul and Thai; 𠮷 and 𩸽 need two UTF-16 units.
const SINGLES = [...'合同项目预算東京都税한민국カナไทย𠮷𩸽'];
const EMOJI = ['👍', '👨‍👩‍👧‍👦', '🇨🇳', '👋🏽', '❤️'];
// A base with its marks is one token, and a token has up to 64 code points.
const ODD = ['x'.repeat(64), 'ส์', 'が', '𠮷'.repeat(64), 'und', 'and', 'or', 'not', 'near'];
const CONVERSATIONS = ['slack:acme:c1', 'slack:acme:c2', 'wecom:东京:项目群', 'teams:acme:19:x@thread.v2', ''];
const PEOPLE = [
  'u1',
  'alice@acme.example',
  '李明',
  'bob "the builder" o\'neil',
  'u2',
  'x y',
  '👍 fan',
  '*',
  'p'.repeat(600) + '1',
  'p'.repeat(600) + '2',
];
const COHORTS: readonly CohortName[] = [
  { className: 'standard', period: '2033-04' },
  { className: 'standard', period: '2034-01' },
  { className: 'Trading Floor/7', period: '2033-04' },
];
const CHAINS = ['msg/demo/im/0/0', 'msg/demo/im/1/0', 'msg/demo/other.topic/0/0'];
const START = Date.UTC(2026, 0, 5, 9);

function stream(random: SeededRandom, low: number, high: number): string[] {
  const tokens: string[] = [];
  for (let left = random.int(low, high); left > 0; left -= 1) {
    const kind = random.next();
    tokens.push(random.pick(kind < 0.5 ? LATIN : kind < 0.9 ? SINGLES : kind < 0.97 ? EMOJI : ODD));
  }
  return tokens;
}

/** A document of its own kind, for tests that need to place one exactly. */
export function documentAt(chain: string, seq: number, offset: number, changes: Partial<IndexDocument> = {}): IndexDocument {
  return {
    id: `${chain.slice(4).replaceAll('/', '~')}~${String(offset)}`,
    chain,
    seq,
    offset: String(offset),
    order: orderOf(BigInt(offset), 0, chain),
    cohort: { className: 'standard', period: '2033-04' },
    sentAt: START + offset,
    sentFrom: 'occurred',
    capture: '',
    kind: 'message.created',
    platform: 'slack',
    workspace: 'acme',
    conversation: 'slack:acme:c1',
    conversationName: ['budget', 'room'],
    thread: '',
    sender: ['u1'],
    participants: ['u1'],
    has: [],
    is: [],
    body: ['contract'],
    subject: [],
    fileNames: [],
    ...changes,
  };
}

/**
 * `count` documents over several chains in log order, the same for the same seed: two scripts, one token per character,
 * emoji, conversations, cohorts, many of the same millisecond, records with several events, empty streams, long facets.
 */
export function generateDocuments(seed: number, count: number): IndexDocument[] {
  const random = new SeededRandom(seed);
  const offsets = new Map<string, number>();
  const documents: IndexDocument[] = [];
  while (documents.length < count) {
    const chain = random.pick(CHAINS);
    const offset = (offsets.get(chain) ?? -1) + random.int(1, 3);
    offsets.set(chain, offset);
    const events = random.chance(0.05) ? random.int(2, 3) : 1;
    for (let event = 0; event < events && documents.length < count; event += 1) {
      const conversation = random.pick(CONVERSATIONS);
      const sender = random.several(PEOPLE, 0, 2);
      documents.push({
        id: `${chain.slice(4).replaceAll('/', '~')}~${String(offset)}${event === 0 ? '' : `~${String(event)}`}`,
        chain,
        // Segments of five offsets, so that a few documents already span several.
        seq: Math.floor(offset / 5),
        offset: String(offset),
        order: orderOf(BigInt(offset), event, chain),
        cohort: random.pick(COHORTS),
        // A few hundred milliseconds for everything: ties are the rule. Some lie before 1970.
        sentAt: random.chance(0.03) ? -random.int(1, 5) : START + random.int(0, Math.ceil(count / 3)),
        sentFrom: random.chance(0.9) ? 'occurred' : 'kafka',
        capture: offset % 3 === 0 ? `5 /slack ${String(offset)}` : '',
        kind: random.pick(['message.created', 'message.edited', 'message.deleted', 'unparsed']),
        platform: conversation.split(':')[0] ?? '',
        workspace: conversation.split(':')[1] ?? '',
        conversation,
        conversationName: random.chance(0.5) ? stream(random, 1, 4) : [],
        thread: random.chance(0.2) ? random.pick(['t1', 't2']) : '',
        sender,
        participants: [...new Set([...sender, ...random.several(PEOPLE, 0, 3)])],
        has: random.several(['attachment', 'link', 'reaction'], 0, 2),
        is: random.several(['edited', 'deleted', 'bot', 'external'], 0, 2),
        body: random.chance(0.05) ? [] : stream(random, 1, random.chance(0.02) ? 400 : 14),
        subject: random.chance(0.2) ? stream(random, 1, 5) : [],
        fileNames: random.chance(0.1) ? [random.pick(['plan v2.pdf', '合同.docx', 'a.b.c'])] : [],
      });
    }
  }
  return documents;
}
