import { randomBytes } from 'node:crypto';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, it } from '@jest/globals';
import { describeWith, needed } from '@holdfast/test-kit';
import { bucketsOf, checkStore, createBuckets, storeRefusal, type StoreReport } from '../src/index.js';
import { S3Calls } from '../src/s3-calls.js';
import { first, second, type TestServer } from './servers.js';

const AMBIGUOUS = ['concurrent_lock_calls', 'if_none_match_versioned', 'if_match', 'claim_race'];

async function reportOf(server: TestServer, full: boolean): Promise<StoreReport> {
  const buckets = bucketsOf(`c-${randomBytes(5).toString('hex')}`);
  await server.create(buckets);
  return checkStore({ connection: server.connection(), vault: buckets.vault, claims: buckets.claims }, { full });
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
    report = await reportOf(first, true);
  }, 120_000);

  it('keeps everything that is relied on', () => {
    expect(report.promises.filter((one) => one.reliedOn && one.result !== 'kept')).toEqual([]);
    expect(report.refused).toBe(false);
    expect(storeRefusal(report)).toBeUndefined();
  });

  it('breaks what this server is known to break, and nothing else', () => {
    expect(named(report, 'broken')).toEqual([
      'far_dates',
      'lock_put_needs_checksum',
      'multipart_lock',
      'sha256_on_head',
      'stream_bodies',
      'wrong_sha256_refused',
    ]);
    expect(named(report, 'not_tried')).toEqual([]);
  });

  it('says what was seen', () => {
    expect(seen(report, 'claim_race')).toMatch(/^25 rounds of 20 racers had one winner each/);
    expect(seen(report, 'if_none_match_versioned')).toMatch(/ignored/);
    expect(seen(report, 'far_dates')).toMatch(/^it reads 19/);
    expect(seen(report, 'compliance_shorten_refused')).toMatch(/^refused/);
  });

  it('can be quick, and again', async () => {
    const quick = await checkStore({ connection: first.connection(), vault: report.vault, claims: report.claims });
    expect(quick.depth).toBe('quick');
    expect(quick.refused).toBe(false);
    expect(quick.untried).toEqual(['hold_outlives_lock', 'batch_keeps_locked']);
  }, 60_000);
});

describeWith(second.needs, `store-check: ${second.name}`, () => {
  let report: StoreReport;
  beforeAll(async () => {
    report = await reportOf(second, true);
  }, 120_000);

  it('is refused for what it is known to break', () => {
    expect(report.refused).toBe(true);
    expect(storeRefusal(report)?.message).toMatch(/compliance_shorten_refused/);
    expect(named(report, 'broken')).toEqual([
      'batch_keeps_locked',
      'compliance_shorten_refused',
      'default_retention_on_head',
      'folder_keys',
      'governance_shorten_refused',
      'hold_outlives_lock',
      'list_pages',
      'lock_on_get',
      'lock_put_needs_checksum',
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
