import { LOCKED_S, type Bench } from './bench.js';
import { batch, changedBy, odd, onlyOlder, survived, unchangedBy } from './judgements.js';
import { judge, refused, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const WEAK = 'A key that was given without the right to lift locks lifts them all the same.';

/** GOVERNANCE: a lock that one role may lift, and only that one. Retention that is set on its own. */
export const governanceProbes: readonly Probe[] = [
  {
    name: 'governance_delete_refused',
    group: 'governance',
    promise: 'A version under GOVERNANCE cannot be deleted without bypass.',
    meaning: WEAK,
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('governance', bench.lock('GOVERNANCE', LOCKED_S));
      return survived(bench, 'governance', version, await bench.delete('governance', version));
    },
  },
  {
    name: 'governance_batch_refused',
    group: 'governance',
    promise: 'A version under GOVERNANCE cannot be deleted in a batch without bypass.',
    meaning: WEAK,
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('g-batch', bench.lock('GOVERNANCE', LOCKED_S));
      return survived(bench, 'g-batch', version, await batch(bench, [['g-batch', version]]));
    },
  },
  {
    name: 'governance_shorten_refused',
    group: 'governance',
    promise: 'The lock of a version under GOVERNANCE cannot be shortened without bypass.',
    meaning: WEAK,
    reliedOn: true,
    quick: true,
    run: (bench) => unchangedBy(bench, 'g-shorten', 'GOVERNANCE', (version) => bench.retain('g-shorten', version, bench.lock('GOVERNANCE', 5))),
  },
  {
    name: 'governance_removal_refused',
    group: 'governance',
    promise: 'The lock of a version under GOVERNANCE cannot be taken away by an empty retention without bypass.',
    meaning: WEAK,
    reliedOn: true,
    quick: false,
    run: (bench) => unchangedBy(bench, 'g-remove', 'GOVERNANCE', (version) => bench.retain('g-remove', version, undefined)),
  },
  {
    name: 'governance_extend',
    group: 'governance',
    promise: 'The lock of a version under GOVERNANCE can be made longer without bypass.',
    meaning: 'Keeping longer needs the same right as deleting, so that right has to be given away.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('g-extend', bench.lock('GOVERNANCE', LOCKED_S));
      return changedBy(bench, 'g-extend', version, bench.lock('GOVERNANCE', LOCKED_S + 15));
    },
  },
  {
    name: 'governance_bypass',
    group: 'governance',
    promise: 'With the bypass right a version under GOVERNANCE can be deleted.',
    meaning: 'Keys that must be destroyed before their lock ends cannot be.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('bypass', bench.lock('GOVERNANCE', LOCKED_S));
      const refusal = await bench.delete('bypass', version, true);
      // No fault of the store: good practice denies the right to everybody but the role that destroys keys.
      if (refusal !== undefined) return refused(`these credentials may not bypass (${refusal})`);
      return judge(!(await bench.exists('bypass', version)), 'accepted, and the version is gone');
    },
  },
  {
    name: 'governance_shorten_bypass',
    group: 'governance',
    promise: 'With the bypass right the lock of a version under GOVERNANCE can be shortened.',
    meaning: 'A lock that was set too long by mistake stays for its whole time.',
    reliedOn: false,
    quick: false,
    run: (bench) => bypassed(bench, 'g-shorten-b', 'GOVERNANCE', 10),
  },
  {
    name: 'governance_to_compliance',
    group: 'governance',
    promise: 'With the bypass right GOVERNANCE can be turned into COMPLIANCE.',
    meaning: 'A lock that may be lifted cannot be made final.',
    reliedOn: false,
    quick: false,
    run: (bench) => bypassed(bench, 'g-mode', 'COMPLIANCE', LOCKED_S + 5),
  },
  {
    name: 'governance_to_compliance_needs_bypass',
    group: 'governance',
    promise: 'Without bypass GOVERNANCE cannot be turned into COMPLIANCE.',
    meaning: 'Somebody without that right can make a lock final that was meant to be lifted.',
    reliedOn: false,
    quick: false,
    run: (bench) =>
      unchangedBy(bench, 'g-mode-n', 'GOVERNANCE', (version) => bench.retain('g-mode-n', version, bench.lock('COMPLIANCE', LOCKED_S + 5))),
  },
  {
    name: 'retention_added_later',
    group: 'governance',
    promise: 'A version that was put without a lock can be locked later, and then cannot be deleted.',
    meaning: 'What was stored before a duty to keep it arose cannot be protected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('later');
      const set = await changedBy(bench, 'later', version, bench.lock('GOVERNANCE', LOCKED_S));
      return set.result === 'kept' ? survived(bench, 'later', version, await bench.delete('later', version)) : set;
    },
  },
  {
    name: 'retention_names_its_version',
    group: 'governance',
    promise: 'A retention that names an older version locks that version and no other.',
    meaning: 'The wrong version is protected, and the one that was meant can be destroyed.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const older = await bench.put('named');
      const newer = await bench.put('named');
      const refusal = await bench.retain('named', older, bench.lock('GOVERNANCE', LOCKED_S));
      if (refusal !== undefined) return refused(`the retention was refused (${refusal})`);
      return onlyOlder(bench, 'named', older, newer);
    },
  },
  {
    name: 'retention_unknown_mode_refused',
    group: 'governance',
    promise: 'A retention of a mode that does not exist is refused, and the lock stays as it was.',
    meaning: 'A mistake in a request takes a lock away.',
    reliedOn: false,
    quick: false,
    run: (bench) =>
      unchangedBy(bench, 'odd-retain', 'GOVERNANCE', (version) =>
        bench.retain('odd-retain', version, { mode: odd('FOREVER'), retainUntil: bench.lock('GOVERNANCE', LOCKED_S + 9).retainUntil }),
      ),
  },
  {
    name: 'lock_without_date_refused',
    group: 'governance',
    promise: 'A put with a mode and no date, or with a mode that does not exist, is refused.',
    meaning: 'A mistake in a request stores evidence without the lock that was meant.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const until = bench.lock('GOVERNANCE', LOCKED_S).retainUntil.toISOString();
      const half = await oddPut(bench, 'half', { 'x-amz-object-lock-mode': 'GOVERNANCE' });
      const odd = await oddPut(bench, 'odd-mode', { 'x-amz-object-lock-mode': 'FOREVER', 'x-amz-object-lock-retain-until-date': until });
      return judge(half !== undefined && odd !== undefined, `a mode without date was ${said(half)}, an unknown mode ${said(odd)}`);
    },
  },
];

async function bypassed(bench: Bench, name: string, mode: 'COMPLIANCE' | 'GOVERNANCE', seconds: number): Promise<Outcome> {
  if (!(await bench.may('bypass'))) return refused('these credentials may not bypass');
  const version = await bench.put(name, bench.lock('GOVERNANCE', LOCKED_S));
  return changedBy(bench, name, version, bench.lock(mode, seconds), true);
}

async function oddPut(bench: Bench, name: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  return bench.refusal(bench.putWith(name, headers));
}
