import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  type BucketLocationConstraint,
} from '@aws-sdk/client-s3';
import { HoldfastError } from '@holdfast/record';
import { S3Calls } from './s3-calls.js';
import { S3Fault, toHoldfastError } from './s3-fault.js';
import type { S3Connection } from './s3-options.js';

/** The three buckets of an archive. */
export interface ArchiveBuckets {
  /** Versioned, Object Lock. */
  readonly vault: string;
  /** Versioned, Object Lock. */
  readonly wraps: string;
  /** Not versioned. */
  readonly claims: string;
}

/** Fixed names: `<prefix>-vault`, `<prefix>-wraps`, `<prefix>-claims`. */
export function bucketsOf(prefix: string): ArchiveBuckets {
  return { vault: `${prefix}-vault`, wraps: `${prefix}-wraps`, claims: `${prefix}-claims` };
}

/** @throws HoldfastError `bad_configuration` with what to do about the first bucket that cannot be used, `store_unavailable` */
export async function checkBuckets(connection: S3Connection, buckets: ArchiveBuckets): Promise<void> {
  const calls = new S3Calls(connection);
  try {
    await checkVaultBucket(calls, buckets.vault);
    await checkVaultBucket(calls, buckets.wraps);
    await checkClaimsBucket(calls, buckets.claims);
  } finally {
    calls.close();
  }
}

/** Creates what is missing of the three; an existing bucket stays as it is (`checkBuckets` says whether it will do). */
export async function createBuckets(connection: S3Connection, buckets: ArchiveBuckets): Promise<void> {
  const calls = new S3Calls(connection);
  try {
    await create(calls, connection, buckets.vault, true);
    await create(calls, connection, buckets.wraps, true);
    await create(calls, connection, buckets.claims, false);
  } finally {
    calls.close();
  }
}

/** Creates those buckets that are missing. @returns the names of the created ones */
export async function createMissing(
  calls: S3Calls,
  connection: S3Connection,
  wanted: readonly { readonly bucket: string; readonly locked: boolean }[],
): Promise<readonly string[]> {
  const made: string[] = [];
  for (const { bucket, locked } of wanted) {
    if (await isThere(calls, bucket)) continue;
    await create(calls, connection, bucket, locked);
    made.push(bucket);
  }
  return made;
}

export async function checkVaultBucket(calls: S3Calls, bucket: string): Promise<void> {
  await checkThere(calls, bucket);
  if ((await versioningOf(calls, bucket)) !== 'Enabled') throw notLocked(bucket);
  try {
    const output = await calls.retried((client) => client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket })));
    if (output.ObjectLockConfiguration?.ObjectLockEnabled !== 'Enabled') throw notLocked(bucket);
  } catch (error) {
    const { status } = S3Fault.of(error);
    // AWS says 404 ObjectLockConfigurationNotFoundError, others 400 or 409 of their own.
    throw error instanceof HoldfastError || status === 403 || status === undefined || status >= 500
      ? toHoldfastError(error, 'read the Object Lock configuration', bucket)
      : notLocked(bucket);
  }
}

export async function checkClaimsBucket(calls: S3Calls, bucket: string): Promise<void> {
  await checkThere(calls, bucket);
  const versioning = await versioningOf(calls, bucket);
  if (versioning !== undefined) {
    throw new HoldfastError(
      'bad_configuration',
      `the claims bucket ${bucket} is or was versioned (${versioning}): conditional create is not safe there, use a new bucket without versioning`,
    );
  }
}

async function isThere(calls: S3Calls, bucket: string): Promise<boolean> {
  try {
    await calls.retried((client) => client.send(new HeadBucketCommand({ Bucket: bucket })));
    return true;
  } catch (error) {
    // Any other answer: `checkThere` says it better.
    if (S3Fault.of(error).status === 404) return false;
    return true;
  }
}

async function checkThere(calls: S3Calls, bucket: string): Promise<void> {
  try {
    await calls.retried((client) => client.send(new HeadBucketCommand({ Bucket: bucket })));
  } catch (error) {
    const fault = S3Fault.of(error);
    if (fault.status === 403) {
      throw new HoldfastError(
        'bad_configuration',
        `the object store lets these credentials not see the bucket ${bucket}: check access key, secret and policy`,
        {
          cause: fault,
        },
      );
    }
    throw toHoldfastError(fault.status === 404 ? new S3Fault(404, 'NoSuchBucket') : fault, 'look at the bucket', bucket);
  }
}

async function versioningOf(calls: S3Calls, bucket: string): Promise<string | undefined> {
  try {
    const { Status } = await calls.retried((client) => client.send(new GetBucketVersioningCommand({ Bucket: bucket })));
    return Status;
  } catch (error) {
    throw toHoldfastError(error, 'read the versioning', bucket);
  }
}

function notLocked(bucket: string): HoldfastError {
  return new HoldfastError(
    'bad_configuration',
    `the bucket ${bucket} has no Object Lock: create it anew with Object Lock enabled (it cannot be trusted to keep anything without)`,
  );
}

async function create(calls: S3Calls, connection: S3Connection, bucket: string, locked: boolean): Promise<void> {
  try {
    await createBucket(calls, connection, bucket, locked);
  } catch (error) {
    const fault = S3Fault.of(error);
    if (fault.reason === 'BucketAlreadyOwnedByYou') return;
    // Also "it exists": whether it is ours shows when it is looked at.
    if (fault.status === 409) await checkThere(calls, bucket);
    else throw toHoldfastError(fault, 'create the bucket', bucket);
  }
}

/** @throws S3Fault also for a bucket that is there */
export async function createBucket(calls: S3Calls, connection: S3Connection, bucket: string, locked: boolean): Promise<void> {
  // AWS wants its region named except for the first one; other servers have names of their own for places.
  const elsewhere = connection.endpoint === undefined && connection.region !== 'us-east-1';
  const constraint = elsewhere ? { CreateBucketConfiguration: { LocationConstraint: regionOf(connection.region) } } : {};
  await calls.retried((client) =>
    client.send(new CreateBucketCommand({ Bucket: bucket, ...(locked ? { ObjectLockEnabledForBucket: true } : {}), ...constraint })),
  );
}

/** The SDK types the known regions; a region newer than the SDK is as good. */
function regionOf(region: string): BucketLocationConstraint {
  return region as BucketLocationConstraint;
}
