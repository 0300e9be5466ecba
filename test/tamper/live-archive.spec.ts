import { expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex } from '@holdfast/seal';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import { LedgerWriter } from '@holdfast/vault';
import { verifyArchive } from '@holdfast/verify';
import type { Evidence, VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { MemoryArchive, TestAlarms } from '../harness/memory-archive.js';

/** A verifier that is slow: between any two of its looks the archive goes on. */
function slowly(archive: MemoryArchive, meanwhile: () => Promise<void>): Promise<VerifyReport> {
  const evidence = evidenceOf({
    ...archive.parts(),
    async *strays() {
      yield* [];
    },
  });
  let looks = 0;
  const look = async (): Promise<void> => {
    if (++looks % 3 === 0) await meanwhile();
  };
  const slow: Evidence = {
    ...evidence,
    async *list(prefix) {
      for await (const version of evidence.list(prefix)) {
        await look();
        yield version;
      }
    },
    get: async (...args) => look().then(() => evidence.get(...args)),
    claim: async (key) => look().then(() => evidence.claim(key)),
  };
  return verifyArchive(slow, { crypto });
}

it('an archive that goes on while it is verified has no findings', async () => {
  const archive = await MemoryArchive.create({ partitions: 2 });
  for (const partition of [0, 1]) archive.append(12, { partition });
  await archive.finish('before');
  const process = await archive.open();
  const fresh = newEcPair();
  const base = (): { id: string; time: string; principal: string } => ({
    id: toHex(process.archive.random(16)),
    time: new Date().toISOString(),
    principal: 'os:tester',
  });
  const worker = archive.worker(process, new TestAlarms(), { group: 'live' });
  await worker.start();
  let turn = 0;
  const report = await slowly(archive, async () => {
    turn++;
    if (turn > 60) return;
    archive.append(3, { partition: turn % 2 });
    if (turn % 10 === 1)
      await new LedgerWriter(process.archive, process.clock, process.governance, process.dataKeys, `access/reader-${turn}`).append({
        subject: 's',
        value: { turn },
      });
    if (turn === 25) {
      // A new key signs from now on.
      await process.governance.append(() => [{ type: 'key.introduced', ...base(), use: 'manifest', jwk: fresh.publicJwk }]);
      archive.keys.sign = (payload, typ) => Promise.resolve(signCompact({ alg: 'ES256', kid: fresh.publicJwk.kid, typ }, payload, fresh.privateJwk));
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  });
  await worker.stop();
  expect(turn).toBeGreaterThan(25);
  expect(report.findings).toEqual([]);
  expect((await archive.verify()).findings).toEqual([]);
}, 60_000);
