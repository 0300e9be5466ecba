import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import type { ClaimStore, ObjectStore } from '@holdfast/ports';
import { S3ClaimStore, S3ObjectStore, bucketsOf, createBuckets } from '@holdfast/store-s3';
import type { S3Connection } from '@holdfast/store-s3';
import { MemoryKeyRing, describeWith, needed } from '@holdfast/test-kit';
import { LedgerWriter, LogFollower, cohortsNeeded, createArchive, openArchive, GovernanceLog, CheckedClock, DataKeys } from '@holdfast/vault';
import type { ArchiveParts } from '@holdfast/vault';
import { CLASSES, TestAlarms } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

const CHAIN = 'access/test';
const SETTINGS = {
  name: 'S3',
  timeZone: 'UTC',
  profile: 'cluster' as const,
  logOrigin: 'test/log',
  classes: CLASSES,
  defaultClass: 'standard',
  principal: 'service:test',
};

describeWith({ env: ['HOLDFAST_TEST_S3_ENDPOINT', 'HOLDFAST_TEST_S3_ACCESS_KEY', 'HOLDFAST_TEST_S3_SECRET_KEY'] }, 'the notary on S3', () => {
  const connection = (): S3Connection => ({
    endpoint: needed('HOLDFAST_TEST_S3_ENDPOINT'),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: needed('HOLDFAST_TEST_S3_ACCESS_KEY'), secretAccessKey: needed('HOLDFAST_TEST_S3_SECRET_KEY') },
  });

  it('covers what is sealed, two notaries at once, in a bounded number of requests', async () => {
    const buckets = bucketsOf(`notary-${randomUUID().slice(0, 8)}`);
    await createBuckets(connection(), buckets);
    const requests = new Map<string, number>();
    const vault = new S3ObjectStore({ ...connection(), bucket: buckets.vault });
    const wraps = new S3ObjectStore({ ...connection(), bucket: buckets.wraps });
    const claims = new S3ClaimStore({ ...connection(), bucket: buckets.claims });
    const parts: ArchiveParts = {
      vault: counted(vault, requests),
      wraps,
      claims: counted(claims, requests),
      keys: new MemoryKeyRing(cohortsNeeded(CLASSES, new Date())),
      crypto: nodeCrypto,
      clock: { now: () => new Date() },
      random: randomBytes,
      software: 'holdfast/test',
    };
    await createArchive(parts, SETTINGS);
    const writer = await open(parts);
    const ledger = new LedgerWriter(writer.archive, writer.clock, writer.governance, writer.dataKeys, CHAIN);
    const notaries = [await open(parts), await open(parts)].map((process) => new Notary({ ...process, alarms: new TestAlarms() }));
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 5; i++) await ledger.append({ subject: 'somebody', value: { round, i } });
      await Promise.all(notaries.map((notary) => notary.untilCovered()));
    }
    const [one, two] = notaries;
    expect([one?.size, one?.published]).toEqual([two?.size, two?.published]);
    const log = new LogFollower(writer.archive, writer.governance);
    await log.refresh();
    expect(log.fold.next(CHAIN)).toBe(15);
    // An idle look asks for the next claim of gov (to fold it, and to log it), of the log and of each chain.
    requests.clear();
    await one?.step();
    expect(Object.fromEntries(requests)).toEqual({ read: 4 });
    requests.clear();
    await ledger.append({ subject: 'somebody', value: {} });
    const before = new Map(requests);
    await one?.step();
    const step = Object.fromEntries([...requests].map(([op, count]) => [op, count - (before.get(op) ?? 0)]));
    // Batch, its claim and the checkpoint are written; read are claims, the manifest, the batch, and what was signed before.
    expect(step).toMatchObject({ put: 2, create: 1 });
    expect(Object.values(step).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(25);
    vault.close();
    wraps.close();
    claims.close();
  }, 120_000);
});

async function open(parts: ArchiveParts): Promise<Omit<Process, 'reader'>> {
  const archive = await openArchive(parts);
  const clock = new CheckedClock(archive);
  const governance = new GovernanceLog(archive, clock);
  await governance.refresh();
  return { archive, clock, governance, dataKeys: new DataKeys(archive, () => governance.ledgerUntil(new Date())) };
}

/** Counts the calls of each method. */
function counted<T extends ObjectStore | ClaimStore>(store: T, requests: Map<string, number>): T {
  return new Proxy(store, {
    get: (target, name) => {
      // A method of the store, as the port describes it.
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        requests.set(String(name), (requests.get(String(name)) ?? 0) + 1);
        return method.apply(target, args) as unknown;
      };
    },
  });
}
