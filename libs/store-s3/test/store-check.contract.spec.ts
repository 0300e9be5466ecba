import { randomBytes } from 'node:crypto';
import { ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, it } from '@jest/globals';
import { describeWith, needed } from '@holdfast/test-kit';
import { bucketsOf, checkStore, createBuckets, promisesOf, storeRefusal, type StoreCheckTarget, type StoreReport } from '../src/index.js';
import { S3Calls } from '../src/s3-calls.js';
import { first, second, type TestServer } from './servers.js';

/** By luck: races and times. */
const AMBIGUOUS = [
  'claim_race',
  'claim_race_large',
  'concurrent_lock_calls',
  'delete_if_match',
  'if_match',
  'if_none_match_versioned',
  'list_many_versions',
  'parallel_puts_keep_all',
];
const SMALL = { full: true, create: true, patienceS: 30, many: 60 } as const;

async function targetOf(server: TestServer): Promise<StoreCheckTarget> {
  const buckets = bucketsOf(`c-${randomBytes(5).toString('hex')}`);
  await server.create(buckets);
  return { connection: server.connection(), vault: buckets.vault, claims: buckets.claims };
}

/** Names of the promises with a result, without those that depend on luck. */
function named(report: StoreReport, result: string): string[] {
  return report.promises
    .filter((one) => one.result === result && !AMBIGUOUS.includes(one.name))
    .map((one) => one.name)
    .sort();
}

const seen = (report: StoreReport, name: string): string => report.promises.find((one) => one.name === name)?.seen ?? 'not there';

describeWith(first.needs, `store-check: ${first.name}`, () => {
  let report: StoreReport;
  beforeAll(async () => {
    report = await checkStore(await targetOf(first), SMALL);
  }, 300_000);

  it('keeps everything that is relied on', () => {
    expect(report.promises.filter((one) => one.reliedOn && one.result !== 'kept')).toEqual([]);
    expect(report.refused).toBe(false);
    expect(storeRefusal(report)).toBeUndefined();
  });

  it('breaks what this server is known to break, and nothing else', () => {
    expect(named(report, 'broken')).toEqual([
      'copy_takes_its_lock',
      'date_of_9999',
      'far_dates',
      'lock_enabled_later',
      'lock_put_needs_checksum',
      'multipart_hold_blocks_delete',
      'multipart_if_none_match',
      'multipart_lock',
      'multipart_lock_blocks_delete',
      'sha256_on_head',
      'stream_bodies',
      'wrong_crc32_refused',
      'wrong_crc32c_refused',
      'wrong_crc64nvme_refused',
      'wrong_sha1_refused',
      'wrong_sha256_refused',
    ]);
    expect(named(report, 'not_tried')).toEqual([]);
    expect(named(report, 'refused')).toEqual([]);
  });

  it('says what was seen', () => {
    expect(seen(report, 'claim_race')).toMatch(/^25 rounds of 20 racers had one winner each/);
    expect(seen(report, 'if_none_match_versioned')).toMatch(/ignored/);
    expect(seen(report, 'far_dates')).toMatch(/^it reads GOVERNANCE until 19/);
    expect(seen(report, 'compliance_shorten_refused')).toMatch(/^the change was refused \(AccessDenied/);
    expect(report.promises.find((one) => one.name === 'compliance_delete_refused')?.answers).toContainEqual({ status: 403, code: 'AccessDenied' });
  });

  it('cleans up after itself, and names what has to wait', async () => {
    // Locks of a minute at most, and a patience of 30 s: what stays has an end.
    for (const one of report.left) expect(one.until).toBeDefined();
    expect(report.left.every(({ bucket }) => bucket.startsWith(report.vault))).toBe(true);
    const calls = new S3Calls(first.connection());
    const { Contents } = await calls.client.send(new ListObjectsV2Command({ Bucket: report.claims }));
    calls.close();
    expect(Contents ?? []).toEqual([]);
  });

  it('can be quick, and again', async () => {
    const quick = await checkStore({ connection: first.connection(), vault: report.vault, claims: report.claims });
    expect(quick.depth).toBe('quick');
    expect(quick.refused).toBe(false);
    const later = promisesOf().filter((one) => one.reliedOn && !one.quick);
    expect(quick.untried.toSorted()).toEqual(later.map(({ name }) => name).sort());
    expect(quick.left).toEqual([]);
  }, 60_000);

  it('makes no bucket unless it is told to, and removes those that it made', async () => {
    const prefix = `m-${randomBytes(5).toString('hex')}`;
    const target = { connection: first.connection(), vault: `${prefix}-vault`, claims: `${prefix}-claims` };
    await expect(checkStore(target, { full: true })).rejects.toThrow(/does not exist/);
    const only = ['wrong_md5_refused', 'versioning_stays', 'claim_not_overwritten'];
    // The lock with which it learns how short locks may be has ended by then.
    const made = await checkStore(target, { full: true, create: true, only });
    expect(made.promises.map(({ result }) => result)).toEqual(['kept', 'kept', 'kept']);
    expect(made.left).toEqual([]);
    await expect(checkStore(target, { full: true, only })).rejects.toThrow(/does not exist/);
    const tried = await checkStore({ ...target, vault: report.vault, claims: report.claims }, { full: true, only });
    expect(tried.promises.map(({ name, result }) => [name, result])).toContainEqual(['versioning_stays', 'not_tried']);
  }, 120_000);

  it('does not wait longer than its patience', async () => {
    const target = { connection: first.connection(), vault: report.vault, claims: report.claims };
    const only = ['hold_outlives_lock', 'lock_lasts', 'compliance_delete_refused'];
    const hasty = await checkStore(target, { full: true, patienceS: 1, only });
    expect(hasty.promises.map(({ name, result }) => [name, result]).sort()).toEqual([
      ['compliance_delete_refused', 'kept'],
      ['hold_outlives_lock', 'not_tried'],
      ['lock_lasts', 'not_tried'],
    ]);
    expect(seen(hasty, 'lock_lasts')).toMatch(/longer than the patience of 1 s/);
    expect(hasty.left.length).toBeGreaterThan(0);
  }, 60_000);

  it('can be interrupted: it removes what it made and says what it has not tried', async () => {
    const stop = new AbortController();
    const target = { connection: first.connection(), vault: report.vault, claims: report.claims };
    const cut = await checkStore(target, { ...SMALL, signal: stop.signal, onProgress: () => stop.abort() });
    expect(cut.interrupted).toBe(true);
    expect(cut.promises.length).toBe(promisesOf().length);
    expect(cut.promises.filter(({ result }) => result === 'not_tried').length).toBeGreaterThan(80);
    expect(cut.left.filter(({ until }) => until === undefined)).toEqual([]);
  }, 60_000);

  it('refuses a name that is no promise', async () => {
    const target = { connection: first.connection(), vault: report.vault, claims: report.claims };
    await expect(checkStore(target, { only: ['nonsense'] })).rejects.toThrow(/there is no promise "nonsense"/);
  });
});

describeWith(second.needs, `store-check: ${second.name}`, () => {
  let report: StoreReport;
  beforeAll(async () => {
    report = await checkStore(await targetOf(second), SMALL);
  }, 300_000);

  it('is refused for what it is known to break', () => {
    expect(report.refused).toBe(true);
    expect(storeRefusal(report)?.message).toMatch(/compliance_shorten_refused/);
    expect(named(report, 'broken')).toEqual([
      'bad_lock_configuration_refused',
      'batch_keeps_locked',
      'compliance_shorten_bypass_refused',
      'compliance_shorten_refused',
      'default_retention_on_head',
      'default_retention_with_hold',
      'folder_keys',
      'governance_shorten_refused',
      'hold_outlives_lock',
      'if_none_match_behind_marker',
      'keys_kept_apart',
      'list_pages',
      'lock_on_get',
      'lock_put_needs_checksum',
      'longest_key',
      'older_version_lock_reads_back',
    ]);
    expect(named(report, 'not_tried')).toEqual([]);
  });

  it('keeps what the other server does not', () => {
    for (const name of ['wrong_sha256_refused', 'sha256_on_head', 'multipart_lock', 'far_dates', 'stream_bodies']) {
      expect(report.promises.find((one) => one.name === name)).toMatchObject({ result: 'kept' });
    }
  });
});

const readonly = ['HOLDFAST_TEST_S3_READONLY_ACCESS_KEY', 'HOLDFAST_TEST_S3_READONLY_SECRET_KEY'];
describeWith({ env: [...first.needs.env, ...readonly] }, 'store-check with credentials that may put and not delete', () => {
  it('takes no refusal for want of a right for a promise that was kept', async () => {
    const buckets = bucketsOf(`c-${randomBytes(5).toString('hex')}`);
    await createBuckets(first.connection(), buckets);
    const calls = new S3Calls(first.connection());
    for (const Bucket of [buckets.vault, buckets.claims]) {
      const Action = ['s3:PutObject', 's3:Get*', 's3:List*', 's3:PutObjectLegalHold'];
      const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`] }];
      await calls.client.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
    }
    calls.close();
    const [accessKeyId = '', secretAccessKey = ''] = readonly.map(needed);
    const connection = { ...first.connection(), credentials: { accessKeyId, secretAccessKey } };
    const report = await checkStore({ connection, vault: buckets.vault, claims: buckets.claims });
    expect(report.promises.filter((one) => one.reliedOn && one.result === 'broken')).toEqual([]);
    expect(report.refused).toBe(false);
    expect(report.untried).toEqual(expect.arrayContaining(['compliance_delete_refused', 'compliance_shorten_refused', 'hold_blocks_delete']));
    expect(report.promises.find((one) => one.name === 'wrong_md5_refused')?.result).toBe('kept');
  }, 60_000);
});
