import { GetObjectLegalHoldCommand, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { LOCKED_S } from './bench.js';
import { batch, held, isDenied, lockOf, odd, onlyOlder, spell, survived, together } from './judgements.js';
import { broken, judge, refused, said } from './report.js';
import type { Probe } from './probe.js';

const LOST = 'Evidence that a court has ordered to be kept can be destroyed.';

/** Legal hold: keeps a version as long as it is on, whatever its lock says. */
export const holdProbes: readonly Probe[] = [
  {
    name: 'hold_blocks_delete',
    group: 'hold',
    promise: 'A version under legal hold cannot be deleted, with the bypass header or without.',
    meaning: LOST,
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      // No lock: only the hold can be what refuses.
      const version = await bench.put('hold');
      const set = await bench.hold('hold', version, true);
      if (set !== undefined) return isDenied(set) ? refused(`these credentials may not set a hold (${set})`) : broken(`the hold was refused: ${set}`);
      const read = (await bench.head('hold', version)).ObjectLockLegalHoldStatus;
      if (read !== 'ON') return broken(`the hold was accepted and reads ${read ?? 'as absent'}`);
      const plain = await survived(bench, 'hold', version, await bench.delete('hold', version));
      const outcome = plain.result === 'kept' ? await survived(bench, 'hold', version, await bench.delete('hold', version, true)) : plain;
      if (outcome.result !== 'broken') await bench.hold('hold', version, false);
      return outcome;
    },
  },
  {
    name: 'hold_blocks_batch',
    group: 'hold',
    promise: 'A version under legal hold cannot be deleted in a batch, with the bypass header or without.',
    meaning: LOST,
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('hold-batch');
      await held(bench, 'hold-batch', version);
      const plain = await survived(bench, 'hold-batch', version, await batch(bench, [['hold-batch', version]]));
      const bypass = await survived(bench, 'hold-batch', version, await batch(bench, [['hold-batch', version]], true));
      await bench.hold('hold-batch', version, false);
      return together({ plain, bypass });
    },
  },
  {
    name: 'hold_outlives_lock',
    group: 'expiry',
    promise: 'A version under legal hold cannot be deleted when its lock has ended, alone or in a batch.',
    meaning: 'A hold is worth nothing from the day on which the ordinary retention ends, which is just when it is needed.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const lock = bench.shortLock('COMPLIANCE');
      const one = await bench.put('held-1', lock);
      const two = await bench.put('held-2', lock);
      await held(bench, 'held-1', one);
      await held(bench, 'held-2', two);
      await bench.passed(lock.retainUntil);
      const alone = await survived(bench, 'held-1', one, await bench.delete('held-1', one));
      const batched = await survived(bench, 'held-2', two, await batch(bench, [['held-2', two]]));
      // On a store that deleted them these are answered 404, which changes nothing.
      await bench.hold('held-1', one, false);
      await bench.hold('held-2', two, false);
      return together({ alone, 'in a batch': batched });
    },
  },
  {
    name: 'hold_leaves_lock',
    group: 'hold',
    promise: 'Setting and lifting a hold leaves the lock of the version as it was.',
    meaning: 'Lifting a hold when a case is closed also lifts the retention that the law asks for.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await bench.put('hold-lock', lock);
      await held(bench, 'hold-lock', version);
      const during = await bench.head('hold-lock', version);
      await bench.hold('hold-lock', version, false);
      const after = await bench.head('hold-lock', version);
      const seen = `${lockOf(during)} with the hold, ${lockOf(after)} and hold ${after.ObjectLockLegalHoldStatus ?? 'absent'} after it`;
      const same = lockOf(during) === spell(lock) && lockOf(after) === spell(lock) && during.ObjectLockLegalHoldStatus === 'ON';
      return judge(same && after.ObjectLockLegalHoldStatus !== 'ON', `put ${spell(lock)}, read ${seen}`);
    },
  },
  {
    name: 'hold_reads_back',
    group: 'hold',
    promise: 'GetObjectLegalHold shows ON and OFF as they were set.',
    meaning: 'Nobody can show which evidence is on hold.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('hold-get');
      const seen: string[] = [];
      const command = new GetObjectLegalHoldCommand({ Bucket: bench.vault, Key: bench.key('hold-get'), VersionId: version });
      for (const on of [true, false]) {
        if (on) await held(bench, 'hold-get', version);
        else await bench.hold('hold-get', version, false);
        seen.push((await bench.send((client) => client.send(command))).LegalHold?.Status ?? 'absent');
      }
      return judge(seen.join() === 'ON,OFF', `set ON and OFF, read ${seen.join(' and ')}`);
    },
  },
  {
    name: 'hold_names_its_version',
    group: 'hold',
    promise: 'A hold that names an older version holds that version and no other.',
    meaning: 'The wrong version is on hold, and the one that was meant can be destroyed.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const older = await bench.put('hold-named');
      const newer = await bench.put('hold-named');
      await held(bench, 'hold-named', older);
      const outcome = await onlyOlder(bench, 'hold-named', older, newer);
      await bench.hold('hold-named', older, false);
      return outcome;
    },
  },
  {
    name: 'hold_with_put',
    group: 'hold',
    promise: 'A put can carry a hold, which counts from the first moment.',
    meaning: 'Between storing and holding there is a time in which evidence can be deleted.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('hold-put', undefined, { ObjectLockLegalHoldStatus: 'ON' });
      const outcome = await survived(bench, 'hold-put', version, await bench.delete('hold-put', version));
      await bench.hold('hold-put', version, false);
      return outcome;
    },
  },
  {
    name: 'hold_unknown_status_refused',
    group: 'hold',
    promise: 'A hold with another status than ON and OFF is refused, and the hold stays as it was.',
    meaning: 'A mistake in a request lifts a hold.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('hold-odd');
      await held(bench, 'hold-odd', version);
      const where = { Bucket: bench.vault, Key: bench.key('hold-odd'), VersionId: version };
      const command = new PutObjectLegalHoldCommand({ ...where, LegalHold: { Status: odd('PERHAPS') } });
      const refusal = await bench.refusal(bench.send((client) => client.send(command)));
      const read = (await bench.head('hold-odd', version)).ObjectLockLegalHoldStatus;
      await bench.hold('hold-odd', version, false);
      return judge(refusal !== undefined && read === 'ON', `it was ${said(refusal)}, and the hold reads ${read ?? 'as absent'}`);
    },
  },
  {
    name: 'hold_lifted_lets_delete',
    group: 'hold',
    promise: 'When its hold is lifted, a version without a lock can be deleted.',
    meaning: 'What must be erased after a case cannot be.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('hold-off');
      await held(bench, 'hold-off', version);
      await bench.hold('hold-off', version, false);
      const refusal = await bench.delete('hold-off', version);
      if (refusal !== undefined && !(await bench.may('delete'))) return refused('these credentials may not delete');
      const there = await bench.exists('hold-off', version);
      return judge(refusal === undefined && !there, there ? `the version is still there (${refusal ?? 'though accepted'})` : 'the version is gone');
    },
  },
];
