import { randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SEAL_LIMITS, SealWorker } from '@holdfast/archiving';
import { nodeCrypto as crypto, randomBytes } from '@holdfast/crypto-node';
import type { ObjectVersion } from '@holdfast/ports';
import { utf8 } from '@holdfast/seal';
import { S3ClaimStore, S3ObjectStore, bucketsOf, createBuckets } from '@holdfast/store-s3';
import type { ArchiveBuckets, S3Connection } from '@holdfast/store-s3';
import { MemoryKeyRing, MemoryLog, MemoryObjectStore, MemoryRecordSource, collect, describeWith, needed, until } from '@holdfast/test-kit';
import { cohortsNeeded, compareVaults, copyVault, createArchive, readCommitted } from '@holdfast/vault';
import type { ArchiveParts } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { Outside } from '../harness/anchored.js';
import { CLASSES, SOURCE, TOPIC, TestAlarms, processOf } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

// Whoever has the credentials of the bucket's owner, on real servers: each of his requests is refused by the server, or is a
// finding afterwards. Threats 8, 9, 10 and 17 of docs/threat-model.md.

const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const PATIENCE_MS = 180_000;
const LONG_MS = 300_000;

const SERVERS = [
  { name: 'radosgw', prefix: 'HOLDFAST_TEST_S3' },
  // Refused as a store by store-check for what it lets an owner do; what it lets happen is found all the same.
  { name: 'versitygw', prefix: 'HOLDFAST_TEST_S3_SECOND' },
];

for (const { name, prefix } of SERVERS) {
  const env = ['ENDPOINT', 'ACCESS_KEY', 'SECRET_KEY'].map((part) => `${prefix}_${part}`);
  describeWith({ env }, `the owner of the buckets of an archive on ${name}`, () => {
    const clock = { now: () => new Date() };
    const buckets: ArchiveBuckets = bucketsOf(`owner-${randomUUID().slice(0, 8)}`);
    let owner: S3Client;
    let parts: ArchiveParts;
    let process: Process;
    let outside: Outside;
    let close: () => void = () => undefined;

    const connection = (): S3Connection => ({
      endpoint: needed(`${prefix}_ENDPOINT`),
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: needed(`${prefix}_ACCESS_KEY`), secretAccessKey: needed(`${prefix}_SECRET_KEY`) },
    });

    const findings = async (): Promise<string[]> => {
      const evidence = evidenceOf({
        ...parts,
        async *strays() {
          yield* [];
        },
      });
      const report = await verifyArchive(evidence, { crypto, anchors: outside.holding() });
      return report.findings.map(({ code, place }) => `${code} ${place}`);
    };

    /** True when the server did it. */
    async function lets(attack: () => Promise<unknown>): Promise<boolean> {
      try {
        await attack();
        return true;
      } catch (error) {
        const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
        // Refused, and not out of order.
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        return false;
      }
    }

    /** The content of segment `seq`, by the version that its manifest names. */
    async function content(seq: number): Promise<{ readonly Bucket: string; readonly Key: string; readonly VersionId: string }> {
      const committed = await readCommitted(process.archive, CHAIN, seq, process.governance.keys);
      const [object] = committed?.manifest.objects ?? [];
      if (object?.key === undefined || object.version === undefined) throw new Error(`segment ${seq} has no content`);
      return { Bucket: buckets.vault, Key: object.key, VersionId: object.version };
    }

    beforeAll(async () => {
      await createBuckets(connection(), buckets);
      owner = new S3Client({ ...connection(), requestChecksumCalculation: 'WHEN_REQUIRED', maxAttempts: 1 });
      for (const bucket of [buckets.vault, buckets.wraps]) {
        const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
        const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource }] });
        await owner.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
      }
      const vault = new S3ObjectStore({ ...connection(), bucket: buckets.vault });
      const wraps = new S3ObjectStore({ ...connection(), bucket: buckets.wraps });
      const claims = new S3ClaimStore({ ...connection(), bucket: buckets.claims });
      close = () => {
        for (const store of [vault, wraps, claims]) store.close();
        owner.destroy();
      };
      const keys = new MemoryKeyRing(cohortsNeeded(CLASSES, clock.now()));
      parts = { vault, wraps, claims, keys, crypto, clock, random: randomBytes, software: 'holdfast/test' };
      await createArchive(parts, {
        name: 'Owned',
        timeZone: 'UTC',
        profile: 'cluster',
        logOrigin: 'test/log',
        classes: CLASSES,
        defaultClass: 'standard',
        principal: 'service:test',
      });
      process = await processOf(parts);
      const log = new MemoryLog();
      log.create(TOPIC, 1);
      for (let i = 0; i < 24; i++) log.append(TOPIC, 0, { key: utf8('k'), value: utf8(`record ${i}`), headers: [], timestamp: 1_790_000_000_000n });
      const worker = new SealWorker({
        ...process,
        source: new MemoryRecordSource(log, [TOPIC], { group: 'g' }),
        sourceName: SOURCE,
        limits: { ...SEAL_LIMITS, segmentRecords: 4, segmentAgeMs: 10 },
        alarms: new TestAlarms(),
      });
      await worker.start();
      await until(() => worker.status().some(({ sealed }) => sealed >= 24n), PATIENCE_MS, 'sealing');
      await worker.stop();
      outside = new Outside(process.archive, clock);
      await outside.notarise(process);
      expect(await findings()).toEqual([]);
    }, LONG_MS);
    afterAll(() => {
      close();
    });

    it(
      '8: shortens, weakens, or deletes in spite of the lock: refused, or found',
      async () => {
        const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 120_000);
        const attacks: [string, (at: Awaited<ReturnType<typeof content>>) => Promise<unknown>][] = [
          ['shorter', (at) => owner.send(new PutObjectRetentionCommand({ ...at, Retention: { Mode: 'COMPLIANCE', RetainUntilDate: soon } }))],
          [
            'shorter with bypass',
            (at) =>
              owner.send(
                new PutObjectRetentionCommand({ ...at, BypassGovernanceRetention: true, Retention: { Mode: 'COMPLIANCE', RetainUntilDate: soon } }),
              ),
          ],
          [
            'other mode',
            (at) =>
              owner.send(
                new PutObjectRetentionCommand({ ...at, BypassGovernanceRetention: true, Retention: { Mode: 'GOVERNANCE', RetainUntilDate: soon } }),
              ),
          ],
          ['no lock', (at) => owner.send(new PutObjectRetentionCommand({ ...at, BypassGovernanceRetention: true, Retention: {} }))],
          ['deleted with bypass', (at) => owner.send(new DeleteObjectCommand({ ...at, BypassGovernanceRetention: true }))],
        ];
        const kept: string[] = [];
        for (const [i, [what, attack]] of attacks.entries()) {
          const at = await content(i);
          const done = await lets(() => attack(at));
          const found = await findings();
          const named = found.some((line) => /^(?:LOCK_SHORT|LOCK_MISSING|OBJECT_MISSING) /.test(line) && line.endsWith(at.Key));
          // A server may also answer 200 and do nothing: then there is nothing to find.
          const { lock } = done && !named ? await parts.vault.head(at.Key, at.VersionId) : { lock: undefined };
          const untouched = lock?.mode === 'COMPLIANCE' && lock.retainUntil > soon;
          expect([what, done, named || untouched]).toEqual([what, done, done]);
          if (!done || untouched) kept.push(what);
        }
        if (name === 'radosgw') {
          expect(kept).toEqual(attacks.map(([what]) => what));
          expect(await findings()).toEqual([]);
        }
      },
      LONG_MS,
    );

    it(
      '9: takes a legal hold off behind the archive: allowed by every server, and found by the second copy',
      async () => {
        const at = await content(5);
        await parts.vault.setLegalHold(at.Key, at.VersionId, true);
        const copy = { vault: new MemoryObjectStore(), wraps: new MemoryObjectStore() };
        const { vault, wraps } = parts;
        await copyVault({ vault, wraps }, copy, { crypto, clock });
        expect(await lets(() => owner.send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: 'OFF' } })))).toBe(true);
        // Which side lost it is not for the comparison to say: it is asked from both.
        const fromArchive = await compareVaults({ vault, wraps }, copy, { crypto, clock });
        expect(fromArchive.notes.filter(({ code }) => code === 'HOLD_EXTRA').map(({ place }) => place)).toEqual([`vault/${at.Key}`]);
        const fromCopy = await compareVaults(copy, { vault, wraps }, { crypto, clock });
        expect(fromCopy.findings.filter(({ code }) => code === 'HOLD_MISSING').map(({ place }) => place)).toEqual([`vault/${at.Key}`]);
      },
      LONG_MS,
    );

    it(
      '10: hides by a newer version and by a delete marker: readers see the sealed one, and both are found',
      async () => {
        const at = await content(5);
        const { Bucket, Key, VersionId } = at;
        const before = await parts.vault.get(Key, VersionId);
        await owner.send(new PutObjectCommand({ Bucket, Key, Body: utf8('something else') }));
        expect(await findings()).toContain(`SHADOW_VERSION ${Key}`);
        await owner.send(new DeleteObjectCommand({ Bucket, Key }));
        expect(await findings()).toContain(`DELETE_MARKER ${Key}`);
        expect(Buffer.compare(await parts.vault.get(Key, VersionId), before)).toBe(0);
        const shown = await process.reader.open((await readCommitted(process.archive, CHAIN, 5, process.governance.keys))!.manifest, 20n);
        expect(shown).toBeDefined();
        // Under a newer version some servers forget the lock of the older one.
        const done = await lets(() => owner.send(new DeleteObjectCommand({ ...at, BypassGovernanceRetention: true })));
        expect([done, (await findings()).includes(`OBJECT_MISSING ${Key}`)]).toEqual([done, done]);
        if (name === 'radosgw') expect(done).toBe(false);
      },
      LONG_MS,
    );

    it(
      '17: bytes change on their way to the store: refused, and nothing is stored',
      async () => {
        const through = await flippingProxy(needed(`${prefix}_ENDPOINT`));
        const store = new S3ObjectStore({ ...connection(), endpoint: through.endpoint, bucket: buckets.vault, attempts: 2, firstDelayMs: 5 });
        const lock = { mode: 'GOVERNANCE' as const, retainUntil: new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000) };
        const key = `store-check/${randomUUID()}`;
        await expect(store.put(key, Buffer.alloc(100_000, 'x'), lock)).rejects.toThrow();
        expect(through.flipped()).toBeGreaterThan(0);
        expect(await collect<ObjectVersion>(parts.vault.list(key))).toEqual([]);
        // A wrong checksum alone is enough: it does not take the signature over the body.
        const wrong = { Bucket: buckets.vault, Key: key, Body: utf8('body'), ContentMD5: Buffer.alloc(16, 7).toString('base64') };
        expect(await lets(() => owner.send(new PutObjectCommand(wrong)))).toBe(false);
        expect(await collect<ObjectVersion>(parts.vault.list(key))).toEqual([]);
        store.close();
        through.close();
      },
      LONG_MS,
    );
  });
}

/** A proxy that flips one bit in the body of each PUT. */
async function flippingProxy(target: string): Promise<{ readonly endpoint: string; flipped(): number; close(): void }> {
  const { hostname, port } = new URL(target);
  let flips = 0;
  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming;
    const forward = request({ hostname, port, method, path: url, headers, agent: false }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    forward.on('error', () => answer.destroy());
    let first = method === 'PUT';
    incoming.on('data', (chunk: Buffer) => {
      const body = Buffer.from(chunk);
      if (first) {
        body.writeUInt8(body.readUInt8(0) ^ 1, 0);
        flips++;
      }
      first = false;
      forward.write(body);
    });
    incoming.on('end', () => forward.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on TCP.
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    flipped: () => flips,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
