import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex } from '../bytes.js';
import type { Manifest } from '../documents.js';
import { DayRanges, MOST_DAY_SHARES } from './day-ranges.js';
import type { DayRange } from './day-ranges.js';

const hash = (seq: number): string => String(seq).padStart(64, '0');

interface Planned {
  readonly day: number;
  /** Directory entries by cohort. */
  readonly objects?: readonly (readonly [className: string, number: number, period: string, entries: number])[];
  readonly closing?: boolean;
}

function cut(planned: readonly Planned[]): { readonly closed: DayRange[]; readonly openFrom: number | undefined } {
  const ranges = new DayRanges(crypto);
  const closed = planned.flatMap(({ day, objects = [['a', 1, '2033-01', 1]], closing }, seq) =>
    ranges.take(
      {
        seq,
        time: `2026-03-0${day}T10:00:00.000Z`,
        objects: objects.map(([className, number, period, entries], no) => ({
          no,
          cohort: { class: className, number, period },
          records: 5,
          root: hash(no),
          directory: { entries, unattributed: { count: 2, root: hash(9) } },
        })),
        ...(closing === true && { closing: { reason: 'moved', successor: 'msg/a/b/0/1' } }),
      } as unknown as Manifest,
      hash(seq),
    ),
  );
  return { closed, openFrom: ranges.openFrom };
}

const summary = ({ day, firstSeq, lastSeq, closedBy }: DayRange): string => `${day} ${firstSeq}-${lastSeq} by ${closedBy.seq}`;

describe('ranges of a chain', () => {
  it('end with their day, abut, and name the segment that closed them', () => {
    const { closed, openFrom } = cut([{ day: 1 }, { day: 1 }, { day: 2 }, { day: 5 }, { day: 5 }]);
    expect(closed.map(summary)).toEqual(['2026-03-01 0-1 by 2', '2026-03-02 2-2 by 3']);
    expect(closed.map(({ closedBy }) => closedBy.hash)).toEqual([hash(2), hash(3)]);
    expect(openFrom).toBe(3);
  });

  it('end with the chain, by its closing segment itself, also when that begins a day', () => {
    expect(cut([{ day: 1 }, { day: 1, closing: true }]).closed.map(summary)).toEqual(['2026-03-01 0-1 by 1']);
    const { closed, openFrom } = cut([{ day: 1 }, { day: 2, objects: [], closing: true }]);
    expect(closed.map(summary)).toEqual(['2026-03-01 0-0 by 1', '2026-03-02 1-1 by 1']);
    expect(openFrom).toBeUndefined();
  });

  it('are cut before they have too many entries, except that one segment may', () => {
    const half = MOST_DAY_SHARES / 2;
    const { closed } = cut([
      { day: 1, objects: [['a', 1, '2033-01', half]] },
      { day: 1, objects: [['a', 1, '2033-01', half]] },
      { day: 1, objects: [['a', 1, '2033-01', 1]] },
      { day: 1, objects: [['a', 1, '2033-01', 2 * MOST_DAY_SHARES]] },
      { day: 1, objects: [['a', 1, '2033-01', 1]] },
      { day: 2 },
    ]);
    expect(closed.map(summary)).toEqual(['2026-03-01 0-1 by 2', '2026-03-01 2-2 by 3', '2026-03-01 3-3 by 4', '2026-03-01 4-4 by 5']);
  });

  it('say what they have of each cohort, in the order of class numbers and periods', () => {
    const { closed } = cut([
      {
        day: 1,
        objects: [
          ['b', 2, '2033-01', 1],
          ['a', 1, '2034-02', 1],
        ],
      },
      {
        day: 1,
        objects: [
          ['a', 1, '2033-12', 1],
          ['b', 2, '2033-01', 1],
        ],
      },
      { day: 2 },
    ]);
    const [range] = closed;
    expect(range?.cohorts.map(({ cohort, objects }) => `${cohort.class}/${cohort.period} ${objects.shares} ${objects.records}`)).toEqual([
      'a/2033-12 1 5',
      'a/2034-02 1 5',
      'b/2033-01 2 10',
    ]);
    expect(range?.cohorts[2]?.unattributed.records).toBe(4);
    expect(range?.objects.shares).toBe(4);
    expect(toHex(range?.objects.root() ?? new Uint8Array(0))).not.toBe(toHex(range?.cohorts[2]?.objects.root() ?? new Uint8Array(0)));
  });

  it('of segments without records are ranges too', () => {
    expect(cut([{ day: 1 }, { day: 2, objects: [] }, { day: 3 }]).closed.map((range) => `${summary(range)}: ${range.cohorts.length}`)).toEqual([
      '2026-03-01 0-0 by 1: 1',
      '2026-03-02 1-1 by 2: 0',
    ]);
  });
});
