import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll } from '@jest/globals';
import { describeClaimStore, describeObjectStore, missing } from '@holdfast/test-kit';
import { bucketsOf, S3ClaimStore, S3ObjectStore } from '../src/index.js';
import { S3Calls } from '../src/s3-calls.js';
import { servers } from './servers.js';

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

for (const server of servers) {
  const buckets = bucketsOf(`t-${randomBytes(5).toString('hex')}`);
  const ready = missing(server.needs).length === 0 ? server.create(buckets) : Promise.resolve();

  describeObjectStore(
    server.name,
    async () => {
      await ready;
      const store = new S3ObjectStore({ ...server.connection(), bucket: buckets.vault, pageSize: 7 });
      closers.push(() => {
        store.close();
      });
      await store.prepare();
      return store;
    },
    {
      needs: server.needs,
      gaps: server.gaps,
      hide: async (_, key) => {
        const calls = new S3Calls(server.connection());
        await calls.client.send(new DeleteObjectCommand({ Bucket: buckets.vault, Key: key }));
        calls.close();
      },
    },
  );

  describeClaimStore(
    server.name,
    async () => {
      await ready;
      const store = new S3ClaimStore({ ...server.connection(), bucket: buckets.claims, pageSize: 4 });
      closers.push(() => {
        store.close();
      });
      await store.prepare();
      return store;
    },
    { needs: server.needs, rounds: 20, severalWinners: server.severalWinners },
  );
}
