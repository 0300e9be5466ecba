import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto, randomBytes } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import fc from 'fast-check';
import { toHex, utf8 } from '../bytes.js';
import { emptyRoot } from '../merkle.js';
import { labelCommitment } from '../object-keys.js';
import type { DayDirectory, DayEntryProof, DayProof } from './day-directory.js';
import { DayDirectoryBuilder, checkDayProof, dayProof, openDayDirectory } from './day-directory.js';
import type { DayShare } from './day-share.js';
import { parseShares } from './day-share.js';

const LABEL_KEY = new Uint8Array(32).fill(5);

type Event = Parameters<typeof checkDayProof>[1] & Parameters<typeof openDayDirectory>[1];

function eventOf(directory: DayDirectory): Event {
  const entries = directory.conversations.length;
  const records = directory.conversations.flatMap(({ shares }) => parseShares(shares)).reduce((sum, { count }) => sum + count, 0);
  return {
    entries,
    root: toHex(directory.root),
    records: records + 3,
    unattributed: { count: 3, root: '0'.repeat(64) },
    ...(entries > 0 && { labelCommitment: toHex(labelCommitment(crypto, LABEL_KEY)) }),
  };
}

function directoryOf(conversations: ReadonlyMap<string, readonly DayShare[]>): DayDirectory {
  const builder = new DayDirectoryBuilder(crypto, LABEL_KEY);
  // Any order: objects are read one after the other, not conversations.
  for (const [key, shares] of [...conversations].reverse()) for (const share of [...shares].reverse()) builder.add(utf8(key), share);
  return builder.build();
}

const someShares = fc
  .uniqueArray(fc.tuple(fc.nat(1_000_000), fc.nat(3), fc.integer({ min: 1, max: 5_000 })), {
    minLength: 1,
    maxLength: 5,
    selector: ([seq, no]) => `${seq}/${no}`,
  })
  .map((list) => list.map(([seq, no, count]): DayShare => ({ seq, no, count, root: randomBytes(32) })).sort((a, b) => a.seq - b.seq || a.no - b.no));
const someConversations = fc
  .uniqueArray(fc.tuple(fc.string({ maxLength: 12 }), someShares), { maxLength: 20, selector: ([key]) => key })
  .map((list) => new Map(list));

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error);
  }
  return 'none';
}

/** A first entry of a proof that has one. */
function firstOf(proof: DayProof): DayEntryProof {
  const [first] = proof.entries;
  if (first === undefined) throw new Error('a proof without entries');
  return first;
}

describe('a day directory', () => {
  it('proves each conversation with exactly its shares, and the absence of every other', () => {
    fc.assert(
      fc.property(someConversations, fc.string({ maxLength: 12 }), (conversations, other) => {
        const directory = directoryOf(conversations);
        const event = eventOf(directory);
        for (const [key, shares] of conversations) {
          expect(checkDayProof(crypto, event, dayProof(crypto, LABEL_KEY, directory, utf8(key)), utf8(key))).toEqual(shares);
        }
        if (!conversations.has(other))
          expect(checkDayProof(crypto, event, dayProof(crypto, LABEL_KEY, directory, utf8(other)), utf8(other))).toEqual([]);
      }),
    );
  });

  it('opens again from its records, and from no others', () => {
    fc.assert(
      fc.property(someConversations, fc.nat(), (conversations, at) => {
        const directory = directoryOf(conversations);
        const event = eventOf(directory);
        const records = directory.conversations.map(({ label, shares }) => ({ key: label, value: shares, headers: [] }));
        expect(openDayDirectory(crypto, event, records)).toEqual(directory);
        const i = at % (records.length + 1);
        const [chosen] = records.slice(i, i + 1);
        expect(problem(() => openDayDirectory(crypto, { ...event, records: event.records + 1 }, records))).toBe('content_damaged');
        if (chosen === undefined) return;
        expect(problem(() => openDayDirectory(crypto, event, records.toSpliced(i, 1)))).toBe('content_damaged');
        expect(problem(() => openDayDirectory(crypto, event, records.toSpliced(i, 0, chosen)))).toBe('format_malformed');
        const changed = { ...chosen, value: chosen.value.map((byte, n) => (n === chosen.value.length - 1 ? byte ^ 1 : byte)) };
        expect(problem(() => openDayDirectory(crypto, event, records.with(i, changed)))).toBe('content_damaged');
        expect(problem(() => openDayDirectory(crypto, event, records.with(i, { ...chosen, key: chosen.key.subarray(1) })))).toBe('format_malformed');
      }),
    );
  });

  it('is the empty tree when nothing in the day has a key', () => {
    const directory = directoryOf(new Map());
    expect(toHex(directory.root)).toBe(toHex(emptyRoot(crypto)));
    const event = eventOf(directory);
    expect(checkDayProof(crypto, event, dayProof(crypto, LABEL_KEY, directory, utf8('x')), utf8('x'))).toEqual([]);
    expect(problem(() => checkDayProof(crypto, event, { labelKey: LABEL_KEY, entries: [] }, utf8('x')))).toBe('content_damaged');
  });
});

describe('a proof from a day directory is refused', () => {
  const share = (seq: number): DayShare => ({ seq, no: 0, count: 2, root: new Uint8Array(32).fill(seq) });
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const directory = directoryOf(new Map(keys.map((key, i) => [key, [share(i), share(i + 10)]])));
  const event = eventOf(directory);
  const proofOf = (key: string): DayProof => dayProof(crypto, LABEL_KEY, directory, utf8(key));
  const refuses = (proof: DayProof, key: string, of = event): void => {
    expect(['content_damaged', 'format_malformed']).toContain(problem(() => checkDayProof(crypto, of, proof, utf8(key))));
  };
  /** Keys by rising labels. */
  const byLabel = [...keys].sort((a, b) => firstOf(proofOf(a)).index - firstOf(proofOf(b)).index);
  const [lowest = '', second = '', middle = ''] = byLabel;
  const highest = byLabel.at(-1) ?? '';

  it('when neighbours are none, or do not surround the label', () => {
    const entry = (key: string): DayEntryProof => firstOf(proofOf(key));
    // A conversation that is there, said to be absent by entries that really are in the directory.
    refuses({ labelKey: LABEL_KEY, entries: [entry(lowest), entry(middle)] }, second);
    refuses({ labelKey: LABEL_KEY, entries: [entry(lowest)] }, second);
    refuses({ labelKey: LABEL_KEY, entries: [entry(highest)] }, second);
    refuses({ labelKey: LABEL_KEY, entries: [entry(middle), entry(lowest)] }, second);
    refuses({ labelKey: LABEL_KEY, entries: [] }, second);
    refuses({ labelKey: LABEL_KEY, entries: [entry(lowest), entry(second), entry(middle)] }, second);
  });

  it('when an index, a path, a count, a root, a share or the number of entries is forged', () => {
    const proof = proofOf(middle);
    const only = firstOf(proof);
    refuses({ ...proof, entries: [{ ...only, index: only.index + 1 }] }, middle);
    refuses({ ...proof, entries: [{ ...only, path: only.path.slice(1) }] }, middle);
    for (let bit = 0; bit < only.entry.length * 8; bit += 7) {
      const entry = only.entry.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      refuses({ ...proof, entries: [{ ...only, entry }] }, middle);
    }
    refuses({ labelKey: LABEL_KEY, entries: proof.entries }, middle);
    refuses({ ...proof, shares: proof.shares?.subarray(0, 46) ?? new Uint8Array(0) }, middle);
    refuses(proof, middle, { ...event, root: '1'.repeat(64) });
    refuses(proofOf('nowhere'), 'nowhere', { ...event, entries: 0 });
  });

  it('when the label key is another one, or the shares belong to another conversation', () => {
    refuses({ ...proofOf(middle), labelKey: new Uint8Array(32) }, middle);
    refuses(proofOf(lowest), middle);
    const shares = proofOf(lowest).shares ?? new Uint8Array(0);
    refuses({ ...proofOf(middle), shares }, middle);
    refuses({ ...proofOf('nowhere'), shares }, 'nowhere');
  });
});

describe('shares', () => {
  it('random bytes are refused or parsed, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['none', 'format_malformed']).toContain(problem(() => parseShares(bytes)));
      }),
    );
  });
});
