import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clearEventSchema, parseClearEvent, subjectOf } from './events.js';
import type { ClearEvent } from './events.js';
import { GovernanceFold, horizonMonths, longestClass, standing } from './fold.js';

let commands = 0;
const base = (): { id: string; time: string; principal: string } => ({
  id: String(++commands).padStart(32, '0'),
  time: '2026-01-01T00:00:00.000Z',
  principal: 'os:tester',
});
const jwk = (kid: string): { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid: string } => ({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid });
const standard = { type: 'class.defined', name: 'standard', number: 1, months: 12, lengthenMonths: 6 } as const;
const broken = expect.objectContaining({ code: 'chain_broken' });
const CHAIN = 'msg/a/b/0/0';
const GOV = { chain: 'gov', next: 2 };
const CLOSED: Omit<Extract<ClearEvent, { readonly type: 'key.closed' }>, keyof ReturnType<typeof base>> = {
  type: 'key.closed',
  use: 'manifest',
  kid: 'one',
  chains: [GOV],
  reason: 'rotated',
};

/** One event of every type, such that they follow each other. */
const EVENTS: readonly ClearEvent[] = [
  { type: 'archive.created', ...base(), name: 'Archive', timeZone: 'Asia/Shanghai', profile: 'cluster' },
  { type: 'key.introduced', ...base(), use: 'manifest', jwk: jwk('one') },
  { type: 'key.introduced', ...base(), use: 'log', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'log' } },
  { type: 'key.introduced', ...base(), use: 'recovery', jwk: jwk('recovery'), statements: ['ef'.repeat(32)] },
  { ...standard, ...base() },
  { type: 'policy.set', ...base(), defaultClass: 'standard' },
  { type: 'cohort-keys.introduced', ...base(), class: 'standard', period: '2027-01', kek: 'kek', escrow: jwk('escrow') },
  { type: 'chain.registered', ...base(), chain: CHAIN, cluster: 'log' },
  { type: 'source.gap.accepted', ...base(), chain: CHAIN, from: '5', to: '9', reason: 'gone' },
  { type: 'import.started', ...base(), importId: 'ab'.repeat(32), format: 'slack', topic: 'b', timestamp: '7', records: 3, offsets: ['1', '2'] },
  { type: 'claims.repaired', ...base(), chain: CHAIN, seq: 3, statement: 'cd'.repeat(32), reason: 'disk' },
  { type: 'source.epoch.opened', ...base(), chain: CHAIN, successor: 'msg/a/b/0/1', cluster: 'other', reason: 'moved' },
  { type: 'import.resumed', ...base(), importId: 'ab'.repeat(32) },
  { type: 'import.finished', ...base(), importId: 'ab'.repeat(32) },
  { type: 'key.introduced', ...base(), use: 'manifest', jwk: jwk('two') },
  {
    type: 'key.closed',
    ...base(),
    use: 'manifest',
    kid: 'one',
    chains: [
      { chain: CHAIN, next: 12, accepted: 11 },
      { chain: 'access/x', next: 3 },
    ],
    reason: 'rotated',
  },
  { type: 'escrow.drilled', ...base(), seed: 'ab'.repeat(16), wraps: 9, sampled: 5, opened: 4, failed: 1, records: 3, begun: base().time },
  { type: 'relock.started', ...base(), id: '77'.repeat(16), months: 25 },
  { type: 'relock.done', ...base(), id: '77'.repeat(16), looked: 100, extended: 7 },
];

function folded(...events: readonly ClearEvent[]): GovernanceFold {
  const fold = new GovernanceFold();
  events.forEach((event, seq) => fold.apply(event, seq));
  return fold;
}

const stateOf = (fold: GovernanceFold): unknown => ({ ...fold, at: [0, 1, 5, 99].map((next) => [...fold.classesAt(next)]) });

describe('the fold of gov', () => {
  it('knows what every event says', () => {
    const fold = folded(...EVENTS);
    expect(fold).toMatchObject({ name: 'Archive', timeZone: 'Asia/Shanghai', profile: 'cluster', defaultClass: 'standard' });
    const closed = new Map([
      [CHAIN, { next: 12, accepted: 11 }],
      ['access/x', { next: 3, accepted: 3 }],
    ]);
    expect([...fold.manifestKeys]).toEqual([
      ['one', { jwk: jwk('one'), from: 2, closed }],
      ['two', { jwk: jwk('two'), from: 15 }],
    ]);
    expect([...fold.recoveryKeys]).toEqual([['recovery', { jwk: jwk('recovery'), from: 4 }]]);
    expect(fold).toMatchObject({ drill: { sampled: 5, failed: 1 }, relocking: undefined, relocked: { months: 25 } });
    expect([...fold.classes.values()]).toEqual([{ name: 'standard', number: 1, months: 12, lengthenMonths: 6 }]);
    expect([...fold.cohortKeys]).toEqual([['standard/2027-01', ['kek']]]);
    expect([...fold.escrowKeys]).toEqual([['standard/2027-01', ['escrow']]]);
    expect([...fold.chains.values()]).toEqual([
      { chain: CHAIN, cluster: 'log', from: 8, closed: { successor: 'msg/a/b/0/1', reason: 'moved', from: 12 } },
      { chain: 'msg/a/b/0/1', cluster: 'other', from: 12 },
    ]);
    expect(fold.gaps.get(CHAIN)).toEqual([{ from: 5n, to: 9n, reason: 'gone' }]);
    expect([...fold.imports.values()]).toEqual([{ timestamp: 7n, offsets: [1n, 2n], run: EVENTS[12]?.id, finished: true }]);
  });

  it('is the same for a repeated command, and for a copy that goes its own way', () => {
    const fold = folded(...EVENTS);
    const copy = fold.copy();
    const before = stateOf(fold);
    EVENTS.forEach((event, seq) => fold.apply(event, seq + 50));
    expect(stateOf(fold)).toEqual(before);
    expect(stateOf(copy)).toEqual(before);
    copy.apply({ type: 'chain.registered', ...base(), chain: 'access/x' }, 20);
    copy.apply({ type: 'source.gap.accepted', ...base(), chain: CHAIN, from: '20', to: '30', reason: 'r' }, 21);
    copy.apply({ ...standard, ...base(), months: 24 }, 22);
    expect(stateOf(fold)).toEqual(before);
    expect(fold.gaps.get(CHAIN)).toHaveLength(1);
    EVENTS.forEach((event, seq) => copy.apply(event, seq + 50));
    expect(copy.chains.size).toBe(3);
  });

  it('is the same however events are cut into segments', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: EVENTS.length, maxLength: EVENTS.length }), (steps) => {
        const fold = new GovernanceFold();
        let seq = 0;
        EVENTS.forEach((event, i) => fold.apply(event, (seq += steps[i]!)));
        const whole = folded(...EVENTS);
        expect([...fold.classes, fold.defaultClass, [...fold.gaps], [...fold.cohortKeys]]).toEqual([
          ...whole.classes,
          whole.defaultClass,
          [...whole.gaps],
          [...whole.cohortKeys],
        ]);
      }),
    );
  });

  it.each<[string, readonly ClearEvent[], ClearEvent]>([
    ['a shorter period', [{ ...standard, ...base() }], { ...standard, ...base(), months: 11 }],
    ['a shorter lengthening', [{ ...standard, ...base() }], { ...standard, ...base(), lengthenMonths: 5 }],
    ['another number of a class', [{ ...standard, ...base() }], { ...standard, ...base(), number: 2 }],
    ['a number that another class has', [{ ...standard, ...base() }], { ...standard, ...base(), name: 'other' }],
    ['a class of the name ledger', [], { ...standard, ...base(), name: 'ledger' }],
    ['a policy of an unknown class', [], { type: 'policy.set', ...base(), defaultClass: 'standard' }],
    [
      'a key of a cohort that it has already',
      [EVENTS[6]!],
      { type: 'cohort-keys.introduced', ...base(), class: 'standard', period: '2027-01', kek: 'kek', escrow: jwk('e') },
    ],
    ['the end of an unknown key', [EVENTS[1]!], { ...CLOSED, ...base(), kid: 'other' }],
    ['the end of the only key', [EVENTS[1]!], { ...CLOSED, ...base() }],
    ['a second end of a key', [EVENTS[1]!, EVENTS[14]!, { ...CLOSED, ...base() }], { ...CLOSED, ...base() }],
    ['the end of a key that is sealed under it', [EVENTS[1]!, EVENTS[14]!], { ...CLOSED, ...base(), chains: [{ chain: 'gov', next: 10 }] }],
    ['the end of a key that names a chain twice', [EVENTS[1]!, EVENTS[14]!], { ...CLOSED, ...base(), chains: [GOV, GOV] }],
    ['the end of a key that vouches for what is not there', [EVENTS[1]!, EVENTS[14]!], { ...CLOSED, ...base(), chains: [{ ...GOV, accepted: 3 }] }],
    ['the end of a log key with chains', [], { ...CLOSED, ...base(), use: 'log', logSize: 3 }],
    ['the end of a log key without a size', [], { ...CLOSED, ...base(), use: 'log', chains: [] }],
    [
      'a second end of a log key',
      [{ ...CLOSED, ...base(), use: 'log', chains: [], logSize: 3 }],
      { ...CLOSED, ...base(), use: 'log', chains: [], logSize: 4 },
    ],
    ['the end of a recovery key without a statement', [EVENTS[3]!], { ...CLOSED, ...base(), use: 'recovery', kid: 'recovery', chains: [] }],
    ['the end of an unknown recovery key', [], { ...CLOSED, ...base(), use: 'recovery', kid: 'recovery', chains: [], statements: ['ab'.repeat(32)] }],
    ['a recovery key that nobody vouches for', [], { type: 'key.introduced', ...base(), use: 'recovery', jwk: jwk('recovery') }],
    [
      'a drill that does not add up',
      [],
      { type: 'escrow.drilled', ...base(), seed: 'ab'.repeat(16), wraps: 9, sampled: 5, opened: 4, failed: 0, records: 3, begun: base().time },
    ],
    ['the end of a relocking that never began', [], { type: 'relock.done', ...base(), looked: 1, extended: 1 }],
    ['a second registration', [EVENTS[7]!], { type: 'chain.registered', ...base(), chain: CHAIN }],
    ['a gap of a chain that is not registered', [], { type: 'source.gap.accepted', ...base(), chain: CHAIN, from: '1', to: '2', reason: 'r' }],
    ['an empty gap', [EVENTS[7]!], { type: 'source.gap.accepted', ...base(), chain: CHAIN, from: '2', to: '2', reason: 'r' }],
    [
      'an epoch behind a chain that is not registered',
      [],
      { type: 'source.epoch.opened', ...base(), chain: CHAIN, successor: 's', cluster: 'c', reason: 'r' },
    ],
    [
      'an epoch behind a closed chain',
      [EVENTS[7]!, EVENTS[11]!],
      { type: 'source.epoch.opened', ...base(), chain: CHAIN, successor: 's', cluster: 'c', reason: 'r' },
    ],
    [
      'an epoch of a name that is taken',
      [EVENTS[7]!],
      { type: 'source.epoch.opened', ...base(), chain: CHAIN, successor: CHAIN, cluster: 'c', reason: 'r' },
    ],
    [
      'a second beginning of an import',
      [EVENTS[9]!],
      { type: 'import.started', ...base(), importId: 'ab'.repeat(32), format: 'f', topic: 'b', timestamp: '1', records: 1, offsets: [] },
    ],
    ['the resumption of an import that never began', [], { type: 'import.resumed', ...base(), importId: 'ab'.repeat(32) }],
    ['the resumption of an import that is over', [EVENTS[9]!, EVENTS[13]!], { type: 'import.resumed', ...base(), importId: 'ab'.repeat(32) }],
    ['the end of an import that never began', [], { type: 'import.finished', ...base(), importId: 'ab'.repeat(32) }],
  ])('refuses %s, each time it is read, and is as it was', (_what, before, event) => {
    const fold = folded(...before);
    const state = stateOf(fold);
    for (let times = 0; times < 3; times++) {
      expect(() => fold.apply(event, 9)).toThrow(broken);
      expect(stateOf(fold)).toEqual(state);
    }
  });

  it('lets a period grow, and remembers what held before', () => {
    const fold = folded({ ...standard, ...base() }, { ...standard, ...base(), months: 24, lengthenMonths: 12 });
    expect(fold.classes.get('standard')?.months).toBe(24);
    expect([0, 1, 2, 3].map((next) => fold.classesAt(next).get('standard')?.months)).toEqual([undefined, 12, 24, 24]);
  });

  it('keeps the first introduction of a key', () => {
    const fold = folded(
      { type: 'key.introduced', ...base(), use: 'manifest', jwk: jwk('k') },
      { type: 'key.introduced', ...base(), use: 'manifest', jwk: { ...jwk('k'), x: 'other' } },
    );
    expect([...fold.manifestKeys]).toEqual([['k', { jwk: jwk('k'), from: 1 }]]);
  });
});

describe('horizons', () => {
  const of = (
    name: string,
    number: number,
    months: number,
    lengthenMonths = 0,
  ): { name: string; number: number; months: number; lengthenMonths: number } => ({ name, number, months, lengthenMonths });

  it('are the longest period with its lengthening, and a year', () => {
    expect(horizonMonths([])).toBe(12);
    expect(horizonMonths([of('a', 1, 84), of('b', 2, 60, 36)])).toBe(108);
  });

  it('give the longest class, the lower number first', () => {
    expect(longestClass([])).toBeUndefined();
    expect(longestClass([of('a', 2, 84), of('b', 1, 84), of('c', 3, 12)])?.name).toBe('b');
    expect(longestClass([of('a', 1, 84), of('b', 2, 84)])?.name).toBe('a');
    expect(longestClass([of('a', 1, 12), of('b', 2, 84)])?.name).toBe('b');
  });
});

describe('events', () => {
  it('of every type are read as they were written, and have a subject', () => {
    expect(new Set(EVENTS.map(({ type }) => type)).size).toBe(clearEventSchema.options.length);
    for (const event of EVENTS) {
      expect(parseClearEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
      expect(subjectOf(event)).toMatch(/^[a-z]+(:.+)?$/);
    }
  });

  it('with a member too many, too few or of another kind are refused', () => {
    for (const event of EVENTS) {
      for (const value of [
        { ...event, extra: 1 },
        { ...event, type: 'other' },
        { ...event, id: 'AB'.repeat(16) },
        { ...event, time: '2026-01-01' },
        { ...event, principal: '' },
        ...Object.keys(event)
          .filter((name) => name !== 'cluster' && name !== 'statements')
          .map((name) => Object.fromEntries(Object.entries(event).filter(([other]) => other !== name))),
        ...Object.keys(event).map((name) => ({ ...event, [name]: { not: 'this' } })),
      ])
        expect(() => parseClearEvent(value)).toThrow(expect.objectContaining({ code: 'format_malformed' }));
    }
    for (const chain of [
      '',
      'gov',
      'log',
      'genesis',
      '../x',
      'msg/a/../b',
      'msg//b',
      '/msg',
      'msg/',
      'msg/a b',
      'msg/\u5408',
      'x'.repeat(250),
      'x/'.repeat(200) + 'x',
    ])
      expect(() => parseClearEvent({ type: 'chain.registered', ...base(), chain })).toThrow(expect.objectContaining({ code: 'format_malformed' }));
    for (const chain of ['access/api-0', `msg/a/${'t'.repeat(249)}/0/0`, 'msg/slack/...topic_1/12/0', 'carry', 'days/msg/a/b/0/0'])
      parseClearEvent({ type: 'chain.registered', ...base(), chain });
    parseClearEvent({ type: 'claims.repaired', ...base(), chain: 'gov', seq: 3, statement: 'cd'.repeat(32), reason: 'disk' });
    for (const value of [null, 1, 'x', [], {}]) expect(() => parseClearEvent(value)).toThrow(expect.objectContaining({ code: 'format_malformed' }));
  });
});

describe('a closed key', () => {
  const closed = new Map([['a', { next: 5, accepted: 3 }]]);

  it('stands where it was vouched for, is disputed up to where the chain was, and is nothing behind and elsewhere', () => {
    expect([2, 3, 4, 5].map((seq) => standing({ closed }, 'a', seq))).toEqual(['valid', 'disputed', 'disputed', 'closed']);
    expect(standing({ closed }, 'b', 0)).toBe('closed');
    expect(standing({}, 'b', 99)).toBe('valid');
  });

  it('of the log and of recovery is remembered with its end', () => {
    const fold = folded(
      EVENTS[3]!,
      { ...CLOSED, ...base(), use: 'log', kid: 'log', chains: [], logSize: 7 },
      { ...CLOSED, ...base(), use: 'recovery', kid: 'recovery', chains: [], statements: ['ab'.repeat(32)] },
    );
    expect([...fold.closedLogKeys]).toEqual([['log', { size: 7 }]]);
    expect([...fold.closedRecoveryKeys]).toEqual([['recovery', 3]]);
    const copy = fold.copy();
    expect([[...copy.closedLogKeys], [...copy.closedRecoveryKeys]]).toEqual([[...fold.closedLogKeys], [...fold.closedRecoveryKeys]]);
  });
});
