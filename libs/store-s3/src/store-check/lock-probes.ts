import { GetObjectRetentionCommand } from '@aws-sdk/client-s3';
import { LOCKED_S, type Bench, type Right } from './bench.js';
import { batch, changedBy, lockOf, spell, survived, together, unchangedBy } from './judgements.js';
import { judge } from './report.js';
import type { Probe } from './probe.js';

const ERASED = 'Whoever has a key to the store can destroy evidence before its time.';
const SHORTENED = 'Whoever has a key to the store can end a lock early and then destroy evidence without a trace of force.';

/** COMPLIANCE: what the archive's promise to keep rests on. */
export const lockProbes: readonly Probe[] = [
  {
    name: 'lock_reads_back',
    group: 'compliance',
    promise: 'HEAD of a version shows mode and retain-until exactly as they were put.',
    meaning: 'Nobody can show until when a version is protected, and a lock that was dropped goes unnoticed.',
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
    group: 'compliance',
    promise: 'HEAD of a version that is not the newest shows its own lock.',
    meaning: 'As soon as something newer lies above it, nobody can show that the evidence below is protected.',
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
  {
    name: 'get_retention_matches_head',
    group: 'compliance',
    promise: 'GetObjectRetention shows the same mode and date as HEAD, the date in ISO 8601.',
    meaning: 'Two tools that look at the same lock come to different results.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await bench.put('formats', lock);
      const command = new GetObjectRetentionCommand({ Bucket: bench.vault, Key: bench.key('formats'), VersionId: version });
      // The SDK takes no other spelling than RFC 3339.
      const { Retention } = await bench.send((client) => client.send(command));
      const seen = lockOf({ ObjectLockMode: Retention?.Mode, ObjectLockRetainUntilDate: Retention?.RetainUntilDate });
      return judge(seen === spell(lock), `put ${spell(lock)}, GetObjectRetention reads ${seen}`);
    },
  },
  deleteRefused('compliance_delete_refused', 'A version under COMPLIANCE cannot be deleted.', true, (bench, name, version) =>
    bench.delete(name, version),
  ),
  deleteRefused(
    'compliance_bypass_refused',
    'A version under COMPLIANCE cannot be deleted with the bypass header.',
    true,
    (bench, name, version) => bench.delete(name, version, true),
    'bypass',
  ),
  deleteRefused('compliance_batch_refused', 'A version under COMPLIANCE cannot be deleted in a batch.', true, (bench, name, version) =>
    batch(bench, [[name, version]]),
  ),
  deleteRefused(
    'compliance_batch_bypass_refused',
    'A version under COMPLIANCE cannot be deleted in a batch with the bypass header.',
    false,
    (bench, name, version) => batch(bench, [[name, version]], true),
    'bypass',
  ),
  {
    name: 'compliance_shorten_refused',
    group: 'compliance',
    promise: 'The lock of a version under COMPLIANCE cannot be shortened.',
    meaning: SHORTENED,
    reliedOn: true,
    quick: true,
    run: (bench) => unchangedBy(bench, 'shorten', 'COMPLIANCE', (version) => bench.retain('shorten', version, bench.lock('COMPLIANCE', 5))),
  },
  {
    name: 'compliance_shorten_bypass_refused',
    group: 'compliance',
    promise: 'The lock of a version under COMPLIANCE cannot be shortened with the bypass header.',
    meaning: SHORTENED,
    reliedOn: true,
    quick: false,
    run: (bench) => unchangedBy(bench, 'shorten-b', 'COMPLIANCE', (version) => bench.retain('shorten-b', version, bench.lock('COMPLIANCE', 5), true)),
  },
  {
    name: 'compliance_removal_refused',
    group: 'compliance',
    promise: 'The lock of a version under COMPLIANCE cannot be taken away by an empty retention, with bypass or without.',
    meaning: SHORTENED,
    reliedOn: true,
    quick: false,
    run: async (bench) =>
      together({
        plain: await unchangedBy(bench, 'remove', 'COMPLIANCE', (version) => bench.retain('remove', version, undefined)),
        bypass: await unchangedBy(bench, 'remove-b', 'COMPLIANCE', (version) => bench.retain('remove-b', version, undefined, true)),
      }),
  },
  {
    name: 'compliance_mode_kept',
    group: 'compliance',
    promise: 'COMPLIANCE cannot be turned into GOVERNANCE, with bypass or without.',
    meaning: 'An administrator turns the lock into one that he may lift, and then deletes.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const later = bench.lock('GOVERNANCE', LOCKED_S + 20);
      return together({
        plain: await unchangedBy(bench, 'mode', 'COMPLIANCE', (version) => bench.retain('mode', version, later)),
        bypass: await unchangedBy(bench, 'mode-b', 'COMPLIANCE', (version) => bench.retain('mode-b', version, later, true)),
      });
    },
  },
  {
    name: 'compliance_extend',
    group: 'compliance',
    promise: 'The lock of a version under COMPLIANCE can be made longer.',
    meaning: 'Evidence cannot be kept longer when the law or a court asks for it.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('extend', bench.lock('COMPLIANCE', LOCKED_S));
      return changedBy(bench, 'extend', version, bench.lock('COMPLIANCE', LOCKED_S + 15));
    },
  },
  {
    name: 'concurrent_lock_calls',
    group: 'hold',
    promise: 'Retention and hold calls to one version at the same moment all succeed.',
    meaning: 'A hold that was asked for may not be set: whoever sets it has to read it back and ask again.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('both', bench.lock('GOVERNANCE', LOCKED_S));
      let failed = 0;
      const calls = 10;
      const before = bench.answers.length;
      for (let i = 0; i < calls; i++) {
        const sent = [bench.hold('both', version, i % 2 === 0), bench.retain('both', version, bench.lock('GOVERNANCE', LOCKED_S + i))];
        failed += (await Promise.allSettled(sent)).filter((one) => one.status === 'rejected').length;
      }
      await bench.hold('both', version, false);
      const refusals = bench.answers.length - before;
      return judge(
        failed + refusals === 0,
        `of ${String(2 * calls)} calls ${String(failed)} failed after all retries, ${String(refusals)} were refused`,
      );
    },
  },
];

function deleteRefused(
  name: string,
  promise: string,
  quick: boolean,
  act: (bench: Bench, name: string, version: string) => Promise<string | undefined>,
  right: Right = 'delete',
): Probe {
  return {
    name,
    group: 'compliance',
    promise,
    meaning: ERASED,
    reliedOn: true,
    quick,
    run: async (bench) => {
      const version = await bench.put(name, bench.lock('COMPLIANCE', LOCKED_S));
      return survived(bench, name, version, await act(bench, name, version), right);
    },
  };
}
