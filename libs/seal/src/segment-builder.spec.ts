import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { COHORT, DATA_KEY, PLACE, entryOf, sealRecords } from '../test/sealed-object.js';
import { utf8 } from './bytes.js';
import { emptyRoot } from './merkle.js';
import { ObjectReader, coverageProblem } from './object-reader.js';
import type { WalkedObject } from './object-reader.js';
import { SegmentBuilder } from './segment-builder.js';
import type { SealedSegment } from './segment-builder.js';

const record = (offset: bigint): Parameters<SegmentBuilder['add']>[0] => ({
  offset,
  timestamp: 1n,
  timestampType: 'create',
  key: null,
  value: utf8('v'),
  headers: [],
});

function factsOf(segment: SealedSegment): Parameters<typeof coverageProblem>[0] {
  const { first, next, records, holes } = segment;
  const losses = holes.losses.map(({ from, to }) => ({ from: from.toString(), to: to.toString() }));
  return { first: first.toString(), next: next.toString(), records, holes: { count: holes.count, sum: holes.sum.toString(), losses } };
}

function walk(segment: SealedSegment): WalkedObject[] {
  return segment.objects.map((object) =>
    new ObjectReader(crypto, PLACE, entryOf(object), object.secret === null ? null : DATA_KEY).walk(object.bytes),
  );
}

describe('a segment', () => {
  it('counts its holes across cohorts', () => {
    const segment = sealRecords(5n, [7n, 8n, 12n, 13n].map(record), (_record, i) => (i % 2 === 0 ? COHORT : null));
    expect(segment).toMatchObject({ first: 5n, next: 14n, records: 4, holes: { count: 2, sum: 5n } });
    expect(coverageProblem(factsOf(segment), walk(segment))).toBeUndefined();
  });

  it('takes records in offset order only', () => {
    const builder = new SegmentBuilder(crypto, PLACE, 5n);
    expect(() => builder.add(record(4n), COHORT, null)).toThrow(expect.objectContaining({ code: 'chain_broken' }));
    builder.add(record(5n), COHORT, null);
    expect(() => builder.add(record(5n), COHORT, null)).toThrow(expect.objectContaining({ code: 'chain_broken' }));
    expect(builder).toMatchObject({ records: 1, next: 6n, objects: 1 });
    expect(builder.bytes).toBeGreaterThan(0);
  });

  it('may be empty, and may hold losses only', () => {
    const empty = new SegmentBuilder(crypto, PLACE, 5n).finish();
    expect(empty).toMatchObject({ first: 5n, next: 5n, records: 0, objects: [], root: emptyRoot(crypto) });
    expect(coverageProblem(factsOf(empty), [])).toBeUndefined();
    const builder = new SegmentBuilder(crypto, PLACE, 5n);
    builder.addLoss({ from: 8n, to: 10n, reason: 'b' });
    builder.addLoss({ from: 5n, to: 8n, reason: 'a' });
    const lost = builder.finish();
    expect(lost.next).toBe(10n);
    expect(coverageProblem(factsOf(lost), [])).toBeUndefined();
  });
});

describe('offset coverage', () => {
  const segment = sealRecords(5n, [7n, 8n, 12n].map(record), (_record, i) => (i === 1 ? COHORT : null));
  const facts = factsOf(segment);
  const objects = walk(segment);

  it('is told from what the manifest says', () => {
    expect(coverageProblem(facts, objects)).toBeUndefined();
    for (const [changed, problem] of [
      [{ ...facts, first: '4' }, /the record at offset 7 says/],
      [{ ...facts, first: '6' }, /the record at offset 7 says/],
      [{ ...facts, records: 4 }, /hold 3 records/],
      [{ ...facts, next: '12' }, /before its last record/],
      [{ ...facts, next: '14' }, /offsets 13 to 13 are neither/],
      [{ ...facts, holes: { ...facts.holes, count: 1 } }, /the holes/],
      [{ ...facts, holes: { ...facts.holes, sum: '4' } }, /the holes/],
      [
        {
          ...facts,
          next: '20',
          holes: {
            ...facts.holes,
            losses: [
              { from: '13', to: '16' },
              { from: '17', to: '20' },
            ],
          },
        },
        /offsets 16 to 19 are neither/,
      ],
      [{ ...facts, next: '20', holes: { ...facts.holes, losses: [{ from: '14', to: '20' }] } }, /offsets 13 to 19 are neither/],
      [{ ...facts, holes: { ...facts.holes, losses: [{ from: '4', to: '7' }] } }, /does not lie between/],
      [{ ...facts, holes: { ...facts.holes, losses: [{ from: '12', to: '14' }] } }, /does not lie between/],
      [{ ...facts, holes: { ...facts.holes, losses: [{ from: '9', to: '9' }] } }, /does not lie between/],
    ] as const)
      expect(coverageProblem(changed, objects)).toMatch(problem);
  });

  it('takes several losses together, in any order, and one in the middle', () => {
    expect(
      coverageProblem(
        {
          ...facts,
          next: '20',
          holes: {
            ...facts.holes,
            losses: [
              { from: '16', to: '20' },
              { from: '13', to: '16' },
            ],
          },
        },
        objects,
      ),
    ).toBeUndefined();
    expect(
      coverageProblem(
        {
          ...facts,
          next: '20',
          holes: {
            ...facts.holes,
            losses: [
              { from: '9', to: '18' },
              { from: '17', to: '20' },
            ],
          },
        },
        objects,
      ),
    ).toBeUndefined();
    expect(coverageProblem({ ...facts, holes: { ...facts.holes, losses: [{ from: '9', to: '12' }] } }, objects)).toBeUndefined();
  });

  it('misses a record that an object lost, and one that stands twice', () => {
    expect(coverageProblem(facts, objects.slice(1))).toBeDefined();
    expect(coverageProblem(facts, [...objects, objects[0]!])).toBeDefined();
  });
});
