import { setTimeout as wait } from 'node:timers/promises';
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectLegalHoldCommand,
} from '@aws-sdk/client-s3';
import { HoldfastError } from '@holdfast/record';
import { S3Fault } from '../s3-fault.js';
import { listVersions } from '../s3-list.js';
import { scratchPrefix, CHECK_PREFIX, type Bench } from './bench.js';
import { inPool } from './pool.js';
import type { Leftover } from './report.js';

/** Leftovers removed before a check: about those of two. */
const SWEPT = 1000;
const SWEEP_AGE_MS = 10 * 60_000;

interface Row {
  readonly Key: string;
  readonly VersionId: string;
}

/** Removes what earlier checks left, as far as its locks have ended. What cannot be removed yet stays: the next check is coming. */
export async function sweep(bench: Bench): Promise<void> {
  // Younger things may belong to a check that runs at this moment: two services that start together.
  const before = new Date((await bench.serverTime()).getTime() - SWEEP_AGE_MS);
  const rows: Row[] = [];
  for await (const row of listVersions(bench.calls, bench.vault, 1000, CHECK_PREFIX, undefined)) {
    if (row.lastModified > before) continue;
    rows.push({ Key: row.key, VersionId: row.version });
    if (rows.length === SWEPT) break;
  }
  await inPool(rows, (row) => remove(bench, bench.vault, row));
  await emptyClaims(bench, CHECK_PREFIX, before);
}

/** Removes scratch buckets of a check that was killed. Whoever may not list buckets has nothing swept. */
export async function sweepBuckets(bench: Bench): Promise<void> {
  const before = new Date((await bench.serverTime()).getTime() - SWEEP_AGE_MS);
  const prefix = scratchPrefix(bench.vault);
  let names: string[] = [];
  await bench.refusal(
    bench
      .send((client) => client.send(new ListBucketsCommand({})))
      .then(({ Buckets = [] }) => {
        const old = Buckets.filter(({ CreationDate }) => CreationDate !== undefined && CreationDate <= before);
        names = old.map(({ Name }) => Name ?? '').filter((name) => name.startsWith(prefix) && /^[0-9a-f]{8}$/.test(name.slice(prefix.length)));
      }),
  );
  for (const name of names) await removeBucket(bench, name);
}

/**
 * Removes what this check made. Waits for locks that end within the patience, unless the check was interrupted.
 * @returns what stays
 */
export async function tidy(bench: Bench, made: readonly string[]): Promise<readonly Leftover[]> {
  await emptyClaims(bench, bench.prefix, undefined);
  let left = await emptied(bench, bench.vault, bench.prefix);
  for (const bucket of bench.scratchBuckets) left.push(...(await removeBucket(bench, bucket)));
  const patient = new Date((await bench.serverTime()).getTime() + bench.patienceS * 1000).toISOString();
  const ends = left.flatMap(({ until }) => (until !== undefined && until <= patient ? [until] : [])).sort();
  const last = ends.at(-1);
  if (last !== undefined && !bench.stopped) {
    await passedOrStopped(bench, new Date(last));
    left = await emptied(bench, bench.vault, bench.prefix);
    for (const bucket of bench.scratchBuckets) left.push(...(await removeBucket(bench, bucket)));
  }
  // Only deleted when nothing is in it: somebody may have begun to use it.
  for (const bucket of made) left.push(...(await deleteBucket(bench, bucket, left)));
  return left;
}

async function passedOrStopped(bench: Bench, instant: Date): Promise<void> {
  while (!bench.stopped && (await bench.serverTime()) <= instant) {
    bench.say('the last locks of this check are about to end');
    await wait(500);
  }
}

/** A bucket of our own: with all that is in it. */
async function removeBucket(bench: Bench, bucket: string): Promise<Leftover[]> {
  const left = await emptied(bench, bucket, '');
  return [...left, ...(await deleteBucket(bench, bucket, left))];
}

async function deleteBucket(bench: Bench, bucket: string, left: readonly Leftover[]): Promise<Leftover[]> {
  const refusal = await bench.refusal(bench.send((client) => client.send(new DeleteBucketCommand({ Bucket: bucket }))));
  if (refusal === undefined || refusal.includes('NoSuchBucket')) return [];
  return [{ bucket, why: `it cannot be deleted (${refusal})`, ...lastOf(left.filter((one) => one.bucket === bucket)) }];
}

function lastOf(left: readonly Leftover[]): { readonly until?: string } {
  const ends = left.flatMap(({ until }) => (until === undefined ? [] : [until])).sort();
  const last = ends.at(-1);
  return last === undefined ? {} : { until: last };
}

/** Deletes every version below `prefix`; what stays comes back with the end of its lock. */
async function emptied(bench: Bench, bucket: string, prefix: string): Promise<Leftover[]> {
  let rows = await versionsOf(bench, bucket, prefix);
  for (let i = 0; i < rows.length; i += 1000) {
    const Objects = rows.slice(i, i + 1000);
    // In one request what is free; what it refuses is gone through one by one.
    await bench.refusal(bench.send((client) => client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))));
  }
  if (rows.length > 0) rows = await versionsOf(bench, bucket, prefix);
  const left: Leftover[] = [];
  await inPool(rows, async (row) => {
    const why = await remove(bench, bucket, row);
    if (why !== undefined) left.push({ bucket, key: row.Key, version: row.VersionId, why, ...(await endOf(bench, bucket, row)) });
  });
  return left;
}

async function versionsOf(bench: Bench, bucket: string, prefix: string): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of listVersions(bench.calls, bucket, 1000, prefix, undefined)) rows.push({ Key: row.key, VersionId: row.version });
  } catch (error) {
    // A bucket that is gone has nothing left. A listing that the store gets wrong is another probe's matter; the next check sweeps.
    if (!(error instanceof HoldfastError) || error.code === 'store_unavailable') throw error;
  }
  return rows;
}

/** Undefined when the version is gone, else why it is not. */
async function remove(bench: Bench, bucket: string, row: Row): Promise<string | undefined> {
  const where = { Bucket: bucket, ...row };
  const once = (more: { readonly BypassGovernanceRetention?: true }): Promise<string | undefined> =>
    bench.refusal(bench.send((client) => client.send(new DeleteObjectCommand({ ...where, ...more }))));
  const refusal = await once({});
  if (refusal === undefined) return undefined;
  // A probe that ended early, or a check that was killed, may have left a hold.
  const LegalHold = { Status: 'OFF' } as const;
  await bench.refusal(bench.send((client) => client.send(new PutObjectLegalHoldCommand({ ...where, LegalHold }))));
  return once({ BypassGovernanceRetention: true });
}

async function endOf(bench: Bench, bucket: string, row: Row): Promise<{ readonly until?: string }> {
  try {
    const state = await bench.send((client) => client.send(new HeadObjectCommand({ Bucket: bucket, ...row })));
    const until = state.ObjectLockRetainUntilDate;
    return until === undefined ? {} : { until: until.toISOString() };
  } catch (error) {
    // A delete marker has no HEAD; and what cannot be looked at has no end that anybody knows.
    if (S3Fault.of(error).status === undefined) throw error;
    return {};
  }
}

async function emptyClaims(bench: Bench, prefix: string, before: Date | undefined): Promise<void> {
  const left = await bench.send((client) => client.send(new ListObjectsV2Command({ Bucket: bench.claims, Prefix: prefix })));
  await inPool(left.Contents ?? [], async ({ Key, LastModified }) => {
    if (Key === undefined || (before !== undefined && (LastModified === undefined || LastModified > before))) return;
    await bench.refusal(bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.claims, Key }))));
  });
}
