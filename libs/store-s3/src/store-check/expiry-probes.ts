import { setTimeout as wait } from 'node:timers/promises';
import { LOCKED_S } from './bench.js';
import { batchOf, isDenied } from './judgements.js';
import { broken, judge, kept, notTried, refused, said } from './report.js';
import type { Probe } from './probe.js';

/** What happens when a lock ends: these wait for it. */
export const expiryProbes: readonly Probe[] = [
  {
    name: 'lock_lasts',
    group: 'expiry',
    promise: "A lock counts until its second by the server's clock, give or take one: no delete is accepted before.",
    meaning: 'Evidence can be destroyed before the end of its retention.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const lock = bench.shortLock('COMPLIANCE');
      const version = await bench.put('lasts', lock);
      let tries = 0;
      for (;;) {
        const refusal = await bench.delete('lasts', version);
        // Asked after the delete: the clock can only be further by then.
        const now = await bench.serverTime();
        tries += 1;
        if (refusal === undefined || !(await bench.exists('lasts', version)))
          return judge(
            // The Date of an answer is in whole seconds, and some servers make it only once a second.
            now.getTime() >= lock.retainUntil.getTime() - 1000,
            `locked until ${lock.retainUntil.toISOString()}, gone at ${now.toISOString()} by the server's clock, after ${String(tries)} tries`,
          );
        if (isDenied(refusal) && now > lock.retainUntil) break;
        if (bench.stopped) return notTried('the check was interrupted');
        bench.say('waiting for a lock to end');
        await wait(200);
      }
      if (!(await bench.may('delete'))) return refused('these credentials may not delete anything, so it was not the lock that refused');
      return kept(`locked until ${lock.retainUntil.toISOString()}, ${String(tries)} deletes were refused`);
    },
  },
  {
    name: 'delete_after_expiry',
    group: 'expiry',
    promise: 'When its lock has ended and no hold is on, a version can be deleted.',
    meaning: 'What must be erased after its retention stays for ever.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.shortLock('COMPLIANCE');
      const version = await bench.put('expired', lock);
      await bench.passed(lock.retainUntil);
      const refusal = await bench.delete('expired', version);
      if (refusal !== undefined && !(await bench.may('delete'))) return refused('these credentials may not delete');
      const there = await bench.exists('expired', version);
      return judge(refusal === undefined && !there, `the delete was ${said(refusal)}, the version is ${there ? 'still there' : 'gone'}`);
    },
  },
  {
    name: 'batch_keeps_locked',
    group: 'expiry',
    promise: 'A batch delete of expired and locked versions leaves the locked ones, in whatever order they are named.',
    meaning: 'Evidence is destroyed by naming it in one request with something that may be deleted.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const short = bench.shortLock('COMPLIANCE');
      const names = ['mixed-expired-1', 'mixed-locked-1', 'mixed-expired-2', 'mixed-locked-2'];
      const rows: [string, string][] = [];
      for (const name of names) rows.push([name, await bench.put(name, name.includes('locked') ? bench.lock('COMPLIANCE', LOCKED_S + 15) : short)]);
      await bench.passed(short.retainUntil);
      const { refusal } = await batchOf(bench, rows);
      const there = new Map<string, boolean>();
      for (const [name, version] of rows) there.set(name, await bench.exists(name, version));
      const lost = rows.filter(([name]) => name.includes('locked') && there.get(name) === false).length;
      if (lost > 0) return broken(`${String(lost)} of 2 locked versions are gone; the batch was ${said(refusal)}`);
      if (rows.every(([name]) => there.get(name) === true))
        return refused(`nothing was deleted, not even what had expired; the batch was ${said(refusal)}`);
      return refusal === undefined
        ? broken('the locked ones are there, but the batch was accepted without a word')
        : kept(`the locked ones are there (${refusal})`);
    },
  },
  {
    name: 'extended_lock_counts',
    group: 'expiry',
    promise: 'After the first end of a lock that was made longer, the version still cannot be deleted.',
    meaning: 'A retention that was prolonged is prolonged on paper only.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const first = bench.shortLock('COMPLIANCE');
      const version = await bench.put('extended', first);
      const refusal = await bench.retain('extended', version, bench.lock('COMPLIANCE', LOCKED_S + 15));
      if (refusal !== undefined) return refused(`the lock could not be made longer (${refusal})`);
      await bench.passed(first.retainUntil);
      const answer = await bench.delete('extended', version);
      if (!(await bench.exists('extended', version))) return broken(`the delete was ${said(answer)} and the version is gone`);
      if (answer !== undefined && isDenied(answer) && !(await bench.may('delete'))) return refused('these credentials may not delete');
      return judge(answer !== undefined, `the delete was ${said(answer)} and the version is there`);
    },
  },
];
