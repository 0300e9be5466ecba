import type { IndexDocument } from '@holdfast/ports';
import type { KeywordField, Query, TextField } from '@holdfast/query';
import type { SeededRandom } from './random.js';

const TEXT: readonly TextField[] = ['body', 'subject', 'conversationName'];
const KEYWORDS: readonly KeywordField[] = [
  'id',
  'capture',
  'kind',
  'platform',
  'workspace',
  'conversation',
  'thread',
  'sender',
  'participants',
  'has',
  'is',
  'fileNames',
];

/** A phrase of 1 to 6 tokens: mostly cut out of a document, so that it hits, at times with one token changed, so that it nearly does. */
function phrase(random: SeededRandom, documents: readonly IndexDocument[]): Query {
  const field = random.pick(TEXT);
  const stream = random.pick(documents)[random.chance(0.8) ? 'body' : field];
  if (stream.length === 0) return { kind: 'phrase', fields: [field], tokens: ['nowhere'] };
  const start = random.int(0, stream.length - 1);
  const tokens = stream.slice(start, start + random.int(1, 6));
  if (random.chance(0.15)) tokens[random.int(0, tokens.length - 1)] = random.pick(['contract', '合', '👍', 'and', 'nowhere']);
  return { kind: 'phrase', fields: random.chance(0.5) ? ['body'] : random.chance(0.5) ? TEXT : [field], tokens };
}

function keyword(random: SeededRandom, documents: readonly IndexDocument[]): Query {
  const field = random.pick(KEYWORDS);
  const value = random.pick(documents)[field];
  const one = typeof value === 'string' ? value : (value[0] ?? 'nothing');
  return { kind: 'keyword', field, value: random.chance(0.05) ? `${one}x` : one };
}

function sent(random: SeededRandom, documents: readonly IndexDocument[]): Query {
  const a = random.pick(documents).sentAt;
  const b = random.pick(documents).sentAt;
  switch (random.int(0, 3)) {
    case 0:
      return { kind: 'sent', from: a };
    case 1:
      return { kind: 'sent', to: a };
    case 2:
      return { kind: 'sent' };
    default:
      return { kind: 'sent', from: Math.min(a, b), to: Math.max(a, b) };
  }
}

/** A query about `documents`, nested up to `depth`; every construct of the AST comes up. */
export function generateQuery(random: SeededRandom, documents: readonly IndexDocument[], depth = 4): Query {
  const choice = random.next();
  if (depth > 0 && choice < 0.55) {
    const items = Array.from({ length: random.chance(0.03) ? 0 : random.int(1, 4) }, () => generateQuery(random, documents, depth - 1));
    if (choice < 0.22) return { kind: 'and', items };
    if (choice < 0.42) return { kind: 'or', items };
    return { kind: 'not', item: generateQuery(random, documents, depth - 1) };
  }
  const leaf = random.next();
  if (leaf < 0.55) return phrase(random, documents);
  if (leaf < 0.8) return keyword(random, documents);
  if (leaf < 0.96) return sent(random, documents);
  return leaf < 0.98 ? { kind: 'all' } : { kind: 'none' };
}

/** Every level of a query at the depth the language allows. */
export function deepQuery(depth: number): Query {
  let query: Query = { kind: 'phrase', fields: ['body'], tokens: ['contract'] };
  for (let level = 0; level < depth; level += 1) {
    const other: Query = { kind: 'keyword', field: 'has', value: level % 2 === 0 ? 'link' : 'attachment' };
    const kind = (['or', 'not', 'and'] as const)[level % 3];
    query = kind === 'not' ? { kind: 'not', item: query } : { kind: kind ?? 'and', items: [query, other] };
  }
  return query;
}
