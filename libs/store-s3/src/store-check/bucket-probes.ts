import {
  DeleteBucketCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetentionMode,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { md5 } from '../digests.js';
import type { Bench } from './bench.js';
import { LOCKED_S } from './bench.js';
import { lockOf, odd, spell } from './judgements.js';
import { broken, judge, said, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const Body = Buffer.from('x');
const DAY_MS = 86_400_000;
const UNPROTECTED = 'Evidence is stored without protection, though the bucket was set up to protect all of it.';

/** Promises about whole buckets. None is tried on a bucket that somebody uses. */
export const bucketProbes: readonly Probe[] = [
  {
    name: 'locked_bucket_stays',
    group: 'bucket',
    promise: 'A bucket with a locked version cannot be deleted, and the version stays.',
    meaning: 'All evidence is destroyed by one request.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const bucket = await bench.scratch(true);
      const lock = bench.lock('COMPLIANCE', LOCKED_S);
      const version = await put(bench, bucket, { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
      const refusal = await bench.refusal(bench.send((client) => client.send(new DeleteBucketCommand({ Bucket: bucket }))));
      const gone = await bench.refusal(bench.send((client) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'x', ...named(version) }))));
      return judge(refusal !== undefined && gone === undefined, `the delete was ${said(refusal)}, then a read ${said(gone)}`);
    },
  },
  {
    name: 'versioning_stays',
    group: 'bucket',
    promise: 'The versioning of a bucket with Object Lock cannot be suspended.',
    meaning: 'From then on evidence can be overwritten.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const Bucket = await bench.scratch(true);
      const VersioningConfiguration = { Status: 'Suspended' } as const;
      const refusal = await bench.refusal(bench.send((client) => client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))));
      const { Status } = await bench.send((client) => client.send(new GetBucketVersioningCommand({ Bucket })));
      return judge(refusal !== undefined && Status === 'Enabled', `it was ${said(refusal)}, and reads ${Status ?? 'as never enabled'}`);
    },
  },
  {
    name: 'lock_configuration_stays',
    group: 'bucket',
    promise: 'Object Lock of a bucket cannot be switched off by another configuration.',
    meaning: 'What is stored from then on is unprotected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const bucket = await bench.scratch(true);
      const refusal = await configure(bench, bucket, {});
      const { ObjectLockConfiguration: seen } = await bench.send((client) => client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket })));
      return judge(seen?.ObjectLockEnabled === 'Enabled', `it was ${said(refusal)}, and reads ${seen?.ObjectLockEnabled ?? 'as off'}`);
    },
  },
  {
    name: 'lock_configuration_changes',
    group: 'bucket',
    promise: 'The default retention of a bucket reads back as it was set, and can be changed and removed.',
    meaning: 'Nobody can show by which rule evidence was protected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const bucket = await bench.scratch(true);
      const wanted = ['GOVERNANCE 3 days', 'COMPLIANCE 2 years', 'none'];
      const rules: ObjectLockConfiguration[] = [
        { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3 } } },
        { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Years: 2 } } },
        { ObjectLockEnabled: 'Enabled' },
      ];
      const seen: string[] = [];
      for (const rule of rules) {
        const refusal = await configure(bench, bucket, rule);
        const read = await bench.send((client) => client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket })));
        const now = read.ObjectLockConfiguration?.Rule?.DefaultRetention;
        const length = now?.Days === undefined || now.Days === 0 ? `${String(now?.Years)} years` : `${String(now.Days)} days`;
        seen.push(refusal ?? (now === undefined ? 'none' : `${now.Mode ?? 'no mode'} ${length}`));
      }
      return judge(seen.join() === wanted.join(), `set ${wanted.join(', ')}; read ${seen.join(', ')}`);
    },
  },
  {
    name: 'bad_lock_configuration_refused',
    group: 'bucket',
    promise: 'A default retention of no days, of days and years at once, or of a mode or status that does not exist is refused.',
    meaning: UNPROTECTED,
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const bucket = await bench.scratch(true);
      const bad = {
        'no days': { Mode: 'GOVERNANCE', Days: 0 },
        'fewer than no years': { Mode: 'GOVERNANCE', Years: -1 },
        'days and years': { Mode: 'GOVERNANCE', Days: 1, Years: 1 },
        'neither days nor years': { Mode: 'GOVERNANCE' },
        'an unknown mode': { Mode: odd<ObjectLockRetentionMode>('FOREVER'), Days: 1 },
      } as const;
      const accepted: string[] = [];
      for (const [what, DefaultRetention] of Object.entries(bad))
        if ((await configure(bench, bucket, { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } })) === undefined) accepted.push(what);
      if ((await configure(bench, bucket, { ObjectLockEnabled: odd('Perhaps') })) === undefined) accepted.push('an unknown status');
      return judge(accepted.length === 0, accepted.length === 0 ? 'all six were refused' : `accepted: ${accepted.join(', ')}`);
    },
  },
  {
    name: 'default_retention_on_head',
    group: 'bucket',
    promise: "A bucket's default retention is shown by HEAD of what is put there.",
    meaning: UNPROTECTED,
    reliedOn: false,
    quick: false,
    run: (bench) => underDefault(bench, {}, (state) => judge(isDay(state.ObjectLockRetainUntilDate), `HEAD shows ${lockOf(state)}`)),
  },
  {
    name: 'default_retention_with_hold',
    group: 'bucket',
    promise: "A put that names only a hold gets the bucket's default retention too.",
    meaning: 'When the hold is lifted, evidence is unprotected in a bucket that was to protect it.',
    reliedOn: false,
    quick: false,
    run: (bench) =>
      underDefault(bench, { ObjectLockLegalHoldStatus: 'ON' }, (state) =>
        judge(isDay(state.ObjectLockRetainUntilDate), `HEAD shows ${lockOf(state)}, hold ${state.ObjectLockLegalHoldStatus ?? 'absent'}`),
      ),
  },
  {
    name: 'explicit_replaces_default',
    group: 'bucket',
    promise: "A put that names its own lock gets that and not the bucket's default.",
    meaning: 'Evidence is kept for another time than the one that was asked for.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('GOVERNANCE', LOCKED_S);
      return underDefault(bench, { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil }, (state) =>
        judge(lockOf(state) === spell(lock), `asked for ${spell(lock)}, HEAD shows ${lockOf(state)}`),
      );
    },
  },
  {
    name: 'lock_enabled_later',
    group: 'bucket',
    promise: 'Object Lock can be switched on for a bucket that was made without it, once it is versioned.',
    meaning: 'What lies in such a bucket has to be copied to be protected.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const Bucket = await bench.scratch(false);
      const early = await configure(bench, Bucket, { ObjectLockEnabled: 'Enabled' });
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await bench.send((client) => client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })));
      const refusal = await configure(bench, Bucket, { ObjectLockEnabled: 'Enabled' });
      return judge(early !== undefined && refusal === undefined, `without versioning it was ${said(early)}, with it ${said(refusal)}`);
    },
  },
  {
    name: 'unlocked_bucket_refuses_lock',
    group: 'bucket',
    promise: 'A put with a lock, a retention and a hold are refused in a bucket without Object Lock.',
    meaning: 'Evidence in the wrong bucket seems to be protected, and is not.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const Bucket = await bench.scratch(false);
      const lock = bench.lock('GOVERNANCE', LOCKED_S);
      const where = { Bucket, Key: 'x' };
      const locked = await bench.refusal(put(bench, Bucket, { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil }));
      await put(bench, Bucket, {});
      const Retention = { Mode: lock.mode, RetainUntilDate: lock.retainUntil };
      const retained = await bench.refusal(bench.send((client) => client.send(new PutObjectRetentionCommand({ ...where, Retention }))));
      const LegalHold = { Status: 'ON' } as const;
      const held = await bench.refusal(bench.send((client) => client.send(new PutObjectLegalHoldCommand({ ...where, LegalHold }))));
      const all = [locked, retained, held];
      return judge(
        all.every((one) => one !== undefined),
        `the put was ${said(locked)}, the retention ${said(retained)}, the hold ${said(held)}`,
      );
    },
  },
];

function named(version: string): { readonly VersionId?: string } {
  return version === 'null' ? {} : { VersionId: version };
}

function isDay(until: Date | undefined): boolean {
  return until !== undefined && Math.abs(until.getTime() - Date.now() - DAY_MS) < DAY_MS / 2;
}

async function put(bench: Bench, bucket: string, more: Partial<PutObjectCommandInput>): Promise<string> {
  const command = new PutObjectCommand({ Bucket: bucket, Key: 'x', Body, ContentMD5: md5(Body), ...more });
  return (await bench.send((client) => client.send(command))).VersionId ?? 'null';
}

function configure(bench: Bench, bucket: string, configuration: ObjectLockConfiguration): Promise<string | undefined> {
  const command = new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration: configuration });
  return bench.refusal(bench.send((client) => client.send(command)));
}

/** What HEAD shows of a put to a bucket whose default is one day of GOVERNANCE. */
async function underDefault(
  bench: Bench,
  more: Partial<PutObjectCommandInput>,
  see: (state: {
    readonly ObjectLockMode?: string | undefined;
    readonly ObjectLockRetainUntilDate?: Date | undefined;
    readonly ObjectLockLegalHoldStatus?: string | undefined;
  }) => Outcome,
): Promise<Outcome> {
  const bucket = await bench.scratch(true);
  const rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const;
  const refusal = await configure(bench, bucket, { ObjectLockEnabled: 'Enabled', Rule: rule });
  if (refusal !== undefined) return broken(`the default was refused: ${refusal}`);
  const version = await put(bench, bucket, more);
  return see(await bench.send((client) => client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'x', ...named(version) }))));
}
