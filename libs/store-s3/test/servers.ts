import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { needed, type Needs, type ObjectStoreGap } from '@holdfast/test-kit';
import { createBuckets, type ArchiveBuckets, type S3Connection } from '../src/index.js';
import { S3Calls } from '../src/s3-calls.js';

/** The real servers of the suites: the first is right about locks, the second about checksums and dates. */
export interface TestServer {
  readonly name: string;
  readonly needs: Needs;
  readonly gaps: readonly ObjectStoreGap[];
  readonly severalWinners: boolean;
  readonly connection: () => S3Connection;
  readonly create: (buckets: ArchiveBuckets) => Promise<void>;
}

export const first = server('radosgw', 'HOLDFAST_TEST_S3', [], false);
export const second = server('versitygw', 'HOLDFAST_TEST_S3_SECOND', ['older_versions_locks', 'concurrent_puts'], true);
export const servers = [first, second];

function server(name: string, prefix: string, gaps: readonly ObjectStoreGap[], severalWinners: boolean): TestServer {
  const connection = (): S3Connection => ({
    endpoint: needed(`${prefix}_ENDPOINT`),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: needed(`${prefix}_ACCESS_KEY`), secretAccessKey: needed(`${prefix}_SECRET_KEY`) },
  });
  return {
    name,
    needs: { env: [`${prefix}_ENDPOINT`, `${prefix}_ACCESS_KEY`, `${prefix}_SECRET_KEY`] },
    gaps,
    severalWinners,
    connection,
    create: async (buckets) => {
      await createBuckets(connection(), buckets);
      const calls = new S3Calls(connection());
      for (const bucket of [buckets.vault, buckets.wraps])
        await calls.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: allowAll(bucket) }));
      calls.close();
    },
  };
}

/** Some servers let even the owner bypass GOVERNANCE only when a policy says so. */
function allowAll(bucket: string): string {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource }] });
}
