import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { Lock } from '@holdfast/ports';
import type { Bench, Right } from './bench.js';
import { broken, judge, kept, notTried, type Outcome, type Probe } from './report.js';

/** Long enough for the calls of one probe on a slow machine, short enough that nothing of a check stays for long. */
const LOCKED_S = 30;
const SHORT_S = 4;

/** COMPLIANCE, GOVERNANCE and legal hold: what the archive's promise to keep rests on. */
export const lockProbes: readonly Probe[] = [
  {
    name: 'lock_reads_back',
    promise: 'HEAD of a version shows mode and retain-until exactly as they were put.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const seen = lockOf(await bench.head('lock', await bench.put('lock', lock)));
      return judge(seen === spell(lock), `put ${spell(lock)}, read ${seen}`);
    },
  },
  {
    name: 'older_version_lock_reads_back',
    promise: 'HEAD of a version that is not the newest shows its own lock and hold.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await bench.put('older', lock);
      await bench.put('older', bench.lock('COMPLIANCE', LOCKED_S + 5));
      const seen = lockOf(await bench.head('older', version));
      return judge(seen === spell(lock), `put ${spell(lock)}, read ${seen} after a newer version was put`);
    },
  },
  refused('compliance_delete_refused', 'A version under COMPLIANCE cannot be deleted.', (bench, name, version) => bench.delete(name, version)),
  refused(
    'compliance_bypass_refused',
    'A version under COMPLIANCE cannot be deleted with the bypass header.',
    (bench, name, version) => bench.delete(name, version, true),
    'bypass',
  ),
  refused('compliance_batch_refused', 'A version under COMPLIANCE cannot be deleted in a batch.', (bench, name, version) =>
    batch(bench, [[name, version]]),
  ),
  {
    name: 'compliance_shorten_refused',
    promise: 'The lock of a version under COMPLIANCE cannot be shortened.',
    reliedOn: true,
    quick: true,
    run: (bench) => unchangedBy(bench, 'shorten', 'COMPLIANCE', (version) => bench.retain('shorten', version, bench.lock('COMPLIANCE', 5))),
  },
  {
    name: 'compliance_mode_kept',
    promise: 'COMPLIANCE cannot be turned into GOVERNANCE, with bypass or without.',
    reliedOn: true,
    quick: true,
    run: (bench) =>
      unchangedBy(bench, 'mode', 'COMPLIANCE', (version) => bench.retain('mode', version, bench.lock('GOVERNANCE', LOCKED_S + 20), true)),
  },
  {
    name: 'compliance_extend',
    promise: 'The lock of a version under COMPLIANCE can be made longer.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('extend', bench.lock('COMPLIANCE', LOCKED_S));
      const longer = bench.lock('COMPLIANCE', LOCKED_S + 15);
      const refusal = await bench.retain('extend', version, longer);
      if (await isTheirs(bench, refusal, 'retain')) return notTried('these credentials may not set a retention');
      const seen = lockOf(await bench.head('extend', version));
      return judge(
        refusal === undefined && seen === spell(longer),
        `asked for ${spell(longer)}, read ${seen}${refusal === undefined ? '' : `, refused: ${refusal}`}`,
      );
    },
  },
  {
    name: 'governance_delete_refused',
    promise: 'A version under GOVERNANCE cannot be deleted without bypass.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('governance', bench.lock('GOVERNANCE', LOCKED_S));
      return survived(bench, 'governance', version, await bench.delete('governance', version));
    },
  },
  {
    name: 'governance_shorten_refused',
    promise: 'The lock of a version under GOVERNANCE cannot be shortened without bypass.',
    reliedOn: true,
    quick: true,
    run: (bench) => unchangedBy(bench, 'g-shorten', 'GOVERNANCE', (version) => bench.retain('g-shorten', version, bench.lock('GOVERNANCE', 5))),
  },
  {
    name: 'governance_bypass',
    promise: 'With the bypass right a version under GOVERNANCE can be deleted.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('bypass', bench.lock('GOVERNANCE', LOCKED_S));
      const refusal = await bench.delete('bypass', version, true);
      // No fault of the store: good practice denies the right to everybody but the role that destroys keys.
      if (refusal !== undefined) return notTried(`these credentials may not bypass (${refusal})`);
      return judge(!(await bench.exists('bypass', version)), 'accepted, and the version is gone');
    },
  },
  {
    name: 'hold_blocks_delete',
    promise: 'A version under legal hold cannot be deleted, with the bypass header or without.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      // No lock: only the hold can be what refuses.
      const version = await bench.put('hold');
      const set = await bench.hold('hold', version, true);
      if (set !== undefined)
        return /AccessDenied|HTTP 403/.test(set) ? notTried(`these credentials may not set a hold (${set})`) : broken(`the hold was refused: ${set}`);
      const read = (await bench.head('hold', version)).ObjectLockLegalHoldStatus;
      if (read !== 'ON') return broken(`the hold was accepted and reads ${read ?? 'as absent'}`);
      const outcome = await survived(bench, 'hold', version, await bench.delete('hold', version));
      const bypassed = outcome.result === 'kept' ? await survived(bench, 'hold', version, await bench.delete('hold', version, true)) : outcome;
      if (bypassed.result !== 'broken') await bench.hold('hold', version, false);
      return bypassed;
    },
  },
  {
    name: 'hold_outlives_lock',
    promise: 'A version under legal hold cannot be deleted when its lock has ended, alone or in a batch.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', SHORT_S);
      const names = ['held-1', 'held-2'] as const;
      const [one, two] = await Promise.all(names.map((name) => bench.put(name, lock)));
      if (one === undefined || two === undefined) return notTried('nothing was put');
      const set = (await bench.hold('held-1', one, true)) ?? (await bench.hold('held-2', two, true));
      if (set !== undefined) return notTried(`no hold could be set (${set})`);
      await bench.passed(lock.retainUntil);
      const outcome = await survived(bench, 'held-1', one, await bench.delete('held-1', one));
      const batched = await survived(bench, 'held-2', two, await batch(bench, [['held-2', two]]));
      // On a store that deleted them these are answered 404, which changes nothing.
      await bench.hold('held-1', one, false);
      await bench.hold('held-2', two, false);
      return outcome.result === 'kept' ? { ...batched, seen: `alone: ${outcome.seen}; in a batch: ${batched.seen}` } : outcome;
    },
  },
  {
    name: 'batch_keeps_locked',
    promise: 'A batch delete of an expired and a locked version leaves the locked one.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const short = bench.lock('COMPLIANCE', SHORT_S);
      const expired = await bench.put('mixed-expired', short);
      const locked = await bench.put('mixed-locked', bench.lock('COMPLIANCE', LOCKED_S + 15));
      await bench.passed(short.retainUntil);
      const said = await batch(bench, [
        ['mixed-expired', expired],
        ['mixed-locked', locked],
      ]);
      return survived(bench, 'mixed-locked', locked, said);
    },
  },
  {
    name: 'delete_after_expiry',
    promise: 'When its lock has ended and no hold is on, a version can be deleted.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', SHORT_S);
      const version = await bench.put('expired', lock);
      await bench.passed(lock.retainUntil);
      const refusal = await bench.delete('expired', version);
      const there = await bench.exists('expired', version);
      return judge(
        refusal === undefined && !there,
        refusal === undefined ? `accepted, the version is ${there ? 'still there' : 'gone'}` : `refused: ${refusal}`,
      );
    },
  },
  {
    name: 'concurrent_lock_calls',
    promise: 'Retention and hold calls to one version at the same moment all succeed.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('both', bench.lock('GOVERNANCE', LOCKED_S));
      let failed = 0;
      const calls = 10;
      for (let i = 0; i < calls; i++) {
        const sent = [bench.hold('both', version, i % 2 === 0), bench.retain('both', version, bench.lock('GOVERNANCE', LOCKED_S + i))];
        failed += (await Promise.allSettled(sent)).filter((one) => one.status === 'rejected').length;
      }
      await bench.hold('both', version, false);
      return judge(failed === 0, `${String(failed)} of ${String(2 * calls)} calls failed after all retries`);
    },
  },
];

function refused(
  name: string,
  promise: string,
  act: (bench: Bench, name: string, version: string) => Promise<string | undefined>,
  right: Right = 'delete',
): Probe {
  return {
    name,
    promise,
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put(name, bench.lock('COMPLIANCE', LOCKED_S));
      return survived(bench, name, version, await act(bench, name, version), right);
    },
  };
}

const WITHOUT_RIGHT = 'these credentials may not do that to anything, so it was not the lock that refused';

/** A refusal for want of a right says nothing about the store. */
async function isTheirs(bench: Bench, refusal: string | undefined, right: Right): Promise<boolean> {
  return refusal !== undefined && /AccessDenied|HTTP 403/.test(refusal) && !(await bench.may(right));
}

/** What counts is not what the server said but whether the version is still there. */
async function survived(bench: Bench, name: string, version: string, refusal: string | undefined, right: Right = 'delete'): Promise<Outcome> {
  const there = await bench.exists(name, version);
  if (there && (await isTheirs(bench, refusal, right))) return notTried(WITHOUT_RIGHT);
  const said = refusal === undefined ? 'the delete was accepted' : `the delete was refused (${refusal})`;
  if (!there) return broken(`${said} and the version is gone`);
  return refusal === undefined ? broken(`${said}, though the version is still there`) : kept(`${said} and the version is there`);
}

async function unchangedBy(
  bench: Bench,
  name: string,
  mode: Lock['mode'],
  change: (version: string) => Promise<string | undefined>,
): Promise<Outcome> {
  const lock = bench.lock(mode, LOCKED_S);
  const version = await bench.put(name, lock);
  const refusal = await change(version);
  if (await isTheirs(bench, refusal, 'retain')) return notTried(WITHOUT_RIGHT);
  const seen = lockOf(await bench.head(name, version));
  return judge(seen === spell(lock), `${refusal === undefined ? 'accepted' : `refused (${refusal})`}, and the lock reads ${seen}`);
}

/** A batch answers 200 with the refusals inside. */
async function batch(bench: Bench, versions: readonly (readonly [string, string])[]): Promise<string | undefined> {
  const Objects = versions.map(([name, version]) => ({ Key: bench.key(name), VersionId: version }));
  let errors: readonly string[] = [];
  const refusal = await bench.refusal(
    bench.calls.retried(async (client) => {
      const output = await client.send(new DeleteObjectsCommand({ Bucket: bench.vault, Delete: { Objects } }));
      errors = (output.Errors ?? []).map((error) => error.Code ?? 'error');
    }),
  );
  return refusal ?? errors[0];
}

function lockOf(state: { readonly ObjectLockMode?: string | undefined; readonly ObjectLockRetainUntilDate?: Date | undefined }): string {
  return state.ObjectLockMode === undefined
    ? 'no lock'
    : `${state.ObjectLockMode} until ${state.ObjectLockRetainUntilDate?.toISOString() ?? 'nothing'}`;
}

function spell(lock: Lock): string {
  return `${lock.mode} until ${lock.retainUntil.toISOString()}`;
}
