import { describe, expect, it } from '@jest/globals';
import { GovernanceFold, longestClass } from '@holdfast/governance';
import { routeOf } from '@holdfast/record';
import type { RawRecord } from '@holdfast/record';
import { addMonths, monthOf, retainUntil, utf8 } from '@holdfast/seal';
import type { Cohort } from '@holdfast/seal';
import fc from 'fast-check';
import { Classifier } from './classify.js';

const base = { id: 'ab'.repeat(16), time: '2026-01-01T00:00:00.000Z', principal: 'os:tester' };

function fold(lengthenMonths: number): GovernanceFold {
  const state = new GovernanceFold();
  state.apply({ type: 'class.defined', ...base, name: 'standard', number: 1, months: 12, lengthenMonths }, 0);
  state.apply({ type: 'class.defined', ...base, name: 'trade', number: 2, months: 84, lengthenMonths: 0 }, 0);
  state.apply({ type: 'policy.set', ...base, defaultClass: 'standard' }, 0);
  return state;
}

const raw = (value: string | null, key = 'x:w:c'): RawRecord => ({
  offset: 0n,
  timestamp: 1n,
  timestampType: 'create',
  key: utf8(key),
  value: value === null ? null : utf8(value),
  headers: [],
});
const event = (occurredAt: string): string =>
  JSON.stringify({
    kind: 'message.created',
    platform: 'x',
    workspace: { id: 'w' },
    conversation: { id: 'c' },
    source_id: '1',
    actor: null,
    times: { occurred_at: occurredAt },
    body: { text: 'hi' },
  });

/** The rule of the design, 4.10, without any short cut. */
function readWhole(state: GovernanceFold, clock: Date, record: RawRecord): Cohort {
  const { status, occurredAt } = routeOf(record);
  const preset = state.classes.get(state.defaultClass ?? '');
  const longest = longestClass(state.classes.values());
  if (preset === undefined || longest === undefined) throw new Error('no policy');
  const chosen = status === 'parsed' ? preset : longest;
  const latest = addMonths(clock, chosen.lengthenMonths).getTime();
  const from = Math.max(clock.getTime(), Math.min(occurredAt ?? 0, latest));
  return { className: chosen.name, classNumber: chosen.number, period: monthOf(retainUntil(new Date(from), chosen.months)) };
}

describe('a record', () => {
  it('that can be read gets the class of the policy; one that cannot gets the longest', () => {
    const classifier = new Classifier(fold(0), new Date('2026-01-31T10:00:00Z'));
    expect(classifier.classify(raw(event('2026-01-01T00:00:00Z')))).toEqual({
      cohort: { className: 'standard', classNumber: 1, period: '2027-01' },
    });
    for (const value of ['no JSON', '{}', '', null])
      expect(classifier.classify(raw(value))).toEqual({ cohort: { className: 'trade', classNumber: 2, period: '2033-01' } });
  });

  it('has the cohort that reading it whole would give, also where it is not read', () => {
    const clock = new Date('2026-01-31T10:00:00Z');
    const classes = fc.array(fc.record({ months: fc.constantFrom(12, 24, 84), lengthenMonths: fc.constantFrom(0, 0, 6) }), {
      minLength: 1,
      maxLength: 3,
    });
    const values = fc.oneof(
      fc.constantFrom(null, '', 'no JSON', '{}', '[]', '\u0000{}'),
      fc
        .date({ min: new Date('2025-01-01T00:00:00Z'), max: new Date('2027-12-31T00:00:00Z'), noInvalidDate: true })
        .map((at) => event(at.toISOString())),
      fc
        .date({ min: new Date('2026-02-01T00:00:00Z'), max: new Date('2027-12-31T00:00:00Z'), noInvalidDate: true })
        .map((at) => `[${event('2026-01-01T00:00:00Z')},${event(at.toISOString())}]`),
      fc.string(),
    );
    fc.assert(
      fc.property(classes, fc.nat(2), fc.array(values, { maxLength: 20 }), (defined, chosen, records) => {
        const state = new GovernanceFold();
        defined.forEach((each, i) => {
          state.apply({ type: 'class.defined', ...base, id: String(i).repeat(32), name: `c${i}`, number: i + 1, ...each }, 0);
        });
        state.apply({ type: 'policy.set', ...base, defaultClass: `c${chosen % defined.length}` }, 0);
        const classifier = new Classifier(state, clock);
        for (const value of records) expect(classifier.classify(raw(value)).cohort).toEqual(readWhole(state, clock, raw(value)));
      }),
    );
  });

  it('is never kept shorter than its class says, and never longer than its class allows, whatever time it claims', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2024-01-01T00:00:00Z'), max: new Date('2030-12-31T23:59:59Z'), noInvalidDate: true }),
        fc.date({ min: new Date('1971-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true }),
        fc.nat(24),
        (clock, occurred, lengthen) => {
          const { cohort } = new Classifier(fold(lengthen), clock).classify(raw(event(occurred.toISOString())));
          const least = monthOf(retainUntil(clock, 12));
          const most = monthOf(retainUntil(addMonths(clock, lengthen), 12));
          expect(cohort.className).toBe('standard');
          expect(cohort.period >= least && cohort.period <= most).toBe(true);
          if (occurred <= clock || lengthen === 0) expect(cohort.period).toBe(least);
        },
      ),
    );
  });

  it('is not classified without a policy', () => {
    const state = new GovernanceFold();
    expect(() => new Classifier(state, new Date())).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
    state.apply({ type: 'class.defined', ...base, name: 'standard', number: 1, months: 12, lengthenMonths: 0 }, 0);
    expect(() => new Classifier(state, new Date())).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
  });
});
