import { afterEach, describe, expect, it } from '@jest/globals';
import type { SealWorker } from '@holdfast/archiving';
import { IndexFollower } from '@holdfast/indexing';
import type { ClearEvent } from '@holdfast/governance';
import { HoldfastError, messageChain } from '@holdfast/record';
import { toHex } from '@holdfast/seal';
import { MemoryRecordIndex, unavailable, until } from '@holdfast/test-kit';
import { readHead, rebuildClaims, repairClaim } from '@holdfast/vault';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import type { Process, WorkerOptions } from '../harness/memory-archive.js';
import { MortalProcess } from '../harness/mortal-process.js';

const AT = { topic: TOPIC, partition: 0 };
const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

async function start(
  archive: MemoryArchive,
  options: WorkerOptions & { readonly process?: Process } = {},
): Promise<{ readonly worker: SealWorker; readonly alarms: TestAlarms }> {
  const alarms = new TestAlarms();
  const worker = archive.worker(options.process ?? (await archive.open()), alarms, { group: `g${running.length}`, ...options });
  running.push({ stop: () => worker.stop(100) });
  await worker.start();
  return { worker, alarms };
}

/** An archive whose ten records are sealed by a worker that is gone. */
async function sealed(): Promise<MemoryArchive> {
  const archive = await MemoryArchive.create();
  archive.append(10);
  await archive.finish('before');
  return archive;
}

const stands = (alarms: TestAlarms, code: string): boolean => [...alarms.standing.keys()].some((name) => name.startsWith(`${code} `));
const raised = (alarms: TestAlarms, code: string): Promise<void> =>
  until(() => stands(alarms, code), 10_000, `the alarm ${code} among ${JSON.stringify([...alarms.standing])}`);
const cleared = (alarms: TestAlarms): Promise<void> => until(() => alarms.standing.size === 0, 10_000, 'no alarm standing');

async function decide(
  archive: MemoryArchive,
  event: (state: { readonly id: string; readonly time: string; readonly principal: string }) => ClearEvent,
): Promise<void> {
  const process = await archive.open();
  await process.governance.append(() => [
    event({ id: toHex(process.archive.random(16)), time: archive.clock.now().toISOString(), principal: 'os:tester' }),
  ]);
}

async function lastManifest(archive: MemoryArchive): Promise<{ readonly key: string; readonly version: string }> {
  let last: { readonly key: string; readonly version: string } | undefined;
  for await (const version of archive.vault.list(`m/${CHAIN}/`)) last = version;
  if (last === undefined) throw new Error('no manifest');
  return last;
}

describe('a partition stops with an alarm, and goes on by itself when its cause is mended:', () => {
  it('CLAIMS_ROLLED_BACK, ended by rebuilding the claims', async () => {
    const archive = await sealed();
    await archive.claims.remove(`${CHAIN}/0000000000000001`);
    await archive.claims.remove(`${CHAIN}/0000000000000002`);
    archive.append(5);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'CLAIMS_ROLLED_BACK');
    const manifests = JSON.stringify(await lastManifest(archive));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Nobody writes.
    expect(JSON.stringify(await lastManifest(archive))).toBe(manifests);
    const process = await archive.open();
    expect(await rebuildClaims(process.archive, process.governance)).toMatchObject({ made: 2, undecided: [] });
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('CLAIMS_ROLLED_BACK also when a claim is missing in the middle and a manifest behind it', async () => {
    const archive = await sealed();
    archive.append(20);
    await archive.finish('more');
    // Claim 2 and manifest 3 are gone, everything later is there: looking must end, not go round.
    await archive.claims.remove(`${CHAIN}/0000000000000002`);
    for await (const { key, version } of archive.vault.list(`m/${CHAIN}/0000000000000003/`)) archive.vault.destroy(key, version);
    const process = await archive.open();
    await expect(readHead(process.archive, CHAIN, process.governance.keys)).rejects.toMatchObject({ code: 'claims_rolled_back' });
  });

  it('CLAIM_UNREADABLE, ended by a repair that a recovery key signs', async () => {
    const archive = await sealed();
    const { key, version } = await lastManifest(archive);
    archive.vault.tamper(key, version, (body) => body.fill(0x20, 10, 20));
    archive.append(5);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'CLAIM_UNREADABLE');
    archive.vault.destroy(key, version);
    const process = await archive.open();
    await repairClaim(process.archive, process.governance, {
      chain: CHAIN,
      reason: 'a broken disk',
      principal: 'os:tester',
      signStatement: (payload) => Promise.resolve(archive.keys.signRecovery(payload, 'holdfast-statement')),
    });
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('CONTENT_DAMAGED, ended by restoring the object', async () => {
    const archive = await sealed();
    const process = await archive.open();
    const head = await readHead(process.archive, CHAIN, process.governance.keys);
    const { key = '', version = '' } = head.last?.manifest.objects[0] ?? {};
    const flip = (body: Uint8Array): Uint8Array => body.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    archive.vault.tamper(key, version, flip);
    archive.append(5);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'CONTENT_DAMAGED');
    archive.vault.tamper(key, version, flip);
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('SOURCE_LOST, ended by accepting the gap; the loss stays on record', async () => {
    const archive = await sealed();
    archive.append(10);
    archive.log.trim(AT, 14n);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'SOURCE_LOST');
    await decide(archive, (event) => ({ type: 'source.gap.accepted', ...event, chain: CHAIN, from: '10', to: '14', reason: 'retention ran out' }));
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    const report = await archive.verify();
    expect(report.findings).toEqual([]);
    expect(report.notes.map(({ code }) => code)).toEqual(expect.arrayContaining(['ACCEPTED_LOSS', 'UNCOMPARED']));
    expect(report.partitions).toMatchObject([{ chain: CHAIN, next: '20', records: 16 }]);
  });

  it('SOURCE_LOST, ended by accepting it in two parts', async () => {
    const archive = await sealed();
    archive.append(10);
    archive.log.trim(AT, 16n);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'SOURCE_LOST');
    await decide(archive, (event) => ({ type: 'source.gap.accepted', ...event, chain: CHAIN, from: '10', to: '13', reason: 'one' }));
    await decide(archive, (event) => ({ type: 'source.gap.accepted', ...event, chain: CHAIN, from: '13', to: '16', reason: 'two' }));
    await archive.untilSealed(worker, alarms);
    expect((await archive.verify()).findings).toEqual([]);
  });

  it('SOURCE_LOST, and nothing that the source still holds is counted as lost, however much was accepted', async () => {
    const archive = await sealed();
    archive.append(10);
    archive.log.trim(AT, 12n);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'SOURCE_LOST');
    await decide(archive, (event) => ({ type: 'source.gap.accepted', ...event, chain: CHAIN, from: '10', to: '18', reason: 'too much' }));
    await archive.untilSealed(worker, alarms);
    // A worker that starts in the middle of what was accepted seals what is there.
    await worker.stop();
    archive.append(5);
    await archive.finish('another');
    const report = await archive.verify();
    expect(report.findings).toEqual([]);
    expect(report.partitions).toMatchObject([{ chain: CHAIN, next: '25', records: 23 }]);
  });

  it('SOURCE_RECREATED, ended by a new epoch; the old chain is closed', async () => {
    const archive = await sealed();
    archive.log.recreate(TOPIC, 1);
    archive.append(3, { text: 'anew' });
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'SOURCE_RECREATED');
    const successor = messageChain({ source: SOURCE, ...AT, epoch: 1 });
    await decide(archive, (event) => ({ type: 'source.epoch.opened', ...event, chain: CHAIN, successor, cluster: archive.log.id, reason: 'moved' }));
    await until(() => worker.status()[0]?.chain === successor && archive.isSealed(worker), 10_000, 'the new epoch');
    await cleared(alarms);
    const report = await archive.verify();
    expect(report.findings).toEqual([]);
    expect(report.partitions.map(({ chain, records }) => ({ chain, records }))).toEqual([
      { chain: CHAIN, records: 10 },
      { chain: successor, records: 3 },
    ]);
    const process = await archive.open();
    expect((await readHead(process.archive, CHAIN, process.governance.keys)).last?.manifest.closing).toEqual({ reason: 'moved', successor });
  });

  it('SOURCE_RECREATED while it runs, when the log shrinks', async () => {
    const archive = await MemoryArchive.create();
    archive.append(10);
    const { worker, alarms } = await start(archive);
    await archive.untilSealed(worker, alarms);
    archive.log.recreate(TOPIC, 1);
    await raised(alarms, 'SOURCE_RECREATED');
  });

  it('SOURCE_DAMAGED: nothing behind the damaged record is taken', async () => {
    const archive = await MemoryArchive.create();
    archive.append(10);
    archive.log.damage(AT, 6n);
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'SOURCE_DAMAGED');
    await until(() => worker.status()[0]?.sealed === 6n, 5_000, 'everything before it');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(worker.status()).toMatchObject([{ sealed: 6n, stopped: 'source_damaged' }]);
  }, 20_000);

  it('SOURCE_UNAVAILABLE, and it waits', async () => {
    const archive = await MemoryArchive.create();
    archive.append(10);
    let down = true;
    const { worker, alarms } = await start(archive, {
      fault: (step) => {
        if (down && step === 'read') throw new HoldfastError('source_unavailable', 'no broker answers (injected)');
      },
    });
    await raised(alarms, 'SOURCE_UNAVAILABLE');
    down = false;
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('CLOCK_SKEW, ended when the clock is set right', async () => {
    const archive = await sealed();
    archive.append(5);
    let off = 120_000;
    const process = await archive.open({ clock: { now: () => new Date(Date.now() + off) } });
    const { worker, alarms } = await start(archive, { process });
    await raised(alarms, 'CLOCK_SKEW');
    off = 0;
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('KEY_MISSING, ended when the key is mounted', async () => {
    const archive = await sealed();
    archive.append(5);
    let mounted = false;
    const process = await new MortalProcess((call) => (call.startsWith('keys') && !mounted ? 'failed before' : undefined)).open(archive);
    const { worker, alarms } = await start(archive, { process });
    await raised(alarms, 'KEY_MISSING');
    mounted = true;
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(await archive.problems()).toEqual([]);
  });

  it('PARTITION_STOPPED for what nobody foresaw: it stays down, and the others go on', async () => {
    const archive = await MemoryArchive.create({ partitions: 2 });
    archive.append(10);
    archive.append(10, { partition: 1 });
    archive.vault.faults = {
      before: (op, key) => {
        if (op === 'put' && key.startsWith(`o/msg/${SOURCE}/${TOPIC}/0/`)) throw new TypeError('nobody foresaw this (injected)');
      },
    };
    const { worker, alarms } = await start(archive);
    await raised(alarms, 'PARTITION_STOPPED');
    await until(() => worker.status().some(({ partition, sealed: next }) => partition === 1 && next === 10n), 5_000, 'the other partition');
    archive.vault.faults = {};
    await worker.stop();
    await archive.finish('after');
    expect(await archive.problems()).toEqual([]);
  });

  it.each([
    ['STORE_UNAVAILABLE', 'store_unavailable'],
    ['DISK_FULL', 'disk_full'],
  ] as const)('%s: it waits, holds what it has, and catches up', async (alarm, code) => {
    const archive = await MemoryArchive.create({ partitions: 2 });
    archive.append(30);
    archive.append(30, { partition: 1 });
    let down = false;
    let calls = 0;
    const fail = (op: string): void => {
      // It goes away in the middle, for puts and for reads.
      if (op === 'put' && ++calls === 3) down = true;
      if (down) throw new HoldfastError(code, 'the store cannot be used (injected)');
    };
    archive.vault.faults = { before: fail };
    const { worker, alarms } = await start(archive, { limits: { segmentsInFlight: 2 } });
    await raised(alarms, alarm);
    archive.append(30);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    down = false;
    archive.vault.faults = {};
    await archive.untilSealed(worker, alarms);
    await cleared(alarms);
    expect(worker.bytesHeld).toBe(0);
    expect(await archive.problems()).toEqual([]);
  });

  it('STORE_UNAVAILABLE when only the claims cannot be reached: nothing is answered before they can', async () => {
    const archive = await MemoryArchive.create();
    archive.append(10);
    const { worker, alarms } = await start(archive);
    await archive.untilSealed(worker, alarms);
    let down = true;
    archive.claims.faults = {
      before: () => {
        if (down) throw unavailable();
      },
    };
    archive.append(10);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(worker.status()).toMatchObject([{ sealed: 10n }]);
    down = false;
    await archive.untilSealed(worker, alarms);
    expect(await archive.problems()).toEqual([]);
  });
});

describe('the index role', () => {
  const follow = (
    archive: MemoryArchive,
    process: Process,
    index = new MemoryRecordIndex({ store: archive.indexStore }),
  ): { follower: IndexFollower; alarms: TestAlarms } => {
    const alarms = new TestAlarms();
    const follower = new IndexFollower({ ...process, index, alarms, pollMs: 10 });
    running.push(follower);
    follower.start();
    return { follower, alarms };
  };

  it('waits for an engine that is down and catches up: INDEX_UNAVAILABLE', async () => {
    const archive = await sealed();
    archive.indexStore.down = true;
    const { follower, alarms } = follow(archive, await archive.open());
    await raised(alarms, 'INDEX_UNAVAILABLE');
    archive.indexStore.down = false;
    await until(() => (follower.position?.chains[CHAIN] ?? 0) === 3, 10_000, 'the index');
    await cleared(alarms);
    await follower.stop();
    expect(await archive.problems()).toEqual([]);
  });

  it('shares an archive with another process of its role without an alarm, and takes over when that one is gone', async () => {
    const archive = await sealed();
    const gate = Promise.withResolvers<undefined>();
    const slow = new MemoryRecordIndex({ store: archive.indexStore, faults: { before: (op) => (op === 'refresh' ? gate.promise : undefined) } });
    const two = [follow(archive, await archive.open()), follow(archive, await archive.open(), slow)];
    const { worker, alarms } = await start(archive);
    const end = (): bigint => archive.log.watermarks(AT).high;
    const searchable = (): number => archive.indexStore.current?.entries.size ?? 0;
    for (let round = 0; round < 5; round++) {
      archive.append(8);
      await archive.untilSealed(worker, alarms);
      await until(() => searchable() === Number(end()), 60_000, 'the index');
    }
    // The second comes with a position that the first has left behind long ago.
    gate.resolve(undefined);
    await until(() => two.every(({ follower }) => follower.position?.chains[CHAIN] === two[0]?.follower.position?.chains[CHAIN]), 60_000, 'both');
    expect(two.map((one) => one.alarms.raised)).toEqual([[], []]);
    await two[0]?.follower.stop();
    archive.append(8);
    await archive.untilSealed(worker, alarms);
    await until(() => searchable() === Number(end()), 60_000, 'the index');
    expect(two[1]?.alarms.raised).toEqual([]);
    expect(await archive.problems()).toEqual([]);
  });

  it('does not touch an index of another tokenizer: INDEX_REBUILD_NEEDED', async () => {
    const archive = await sealed();
    const old = new MemoryRecordIndex({ store: archive.indexStore, tokenizer: 'an old one' });
    await old.open();
    const { alarms } = follow(archive, await archive.open());
    await raised(alarms, 'INDEX_REBUILD_NEEDED');
  });

  it('goes on with the other chains when one is damaged: CONTENT_DAMAGED', async () => {
    const archive = await MemoryArchive.create({ partitions: 3 });
    for (const partition of [0, 1, 2]) archive.append(10, { partition });
    await archive.finish('before');
    const damaged = `msg/${SOURCE}/${TOPIC}/1/0`;
    const place: { key: string; version: string }[] = [];
    for await (const { key, version } of archive.vault.list(`o/${damaged}/0000000000000001/`)) place.push({ key, version });
    const flip = (body: Uint8Array): Uint8Array => body.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    for (const { key, version } of place) archive.vault.tamper(key, version, flip);
    const { follower, alarms } = follow(archive, await archive.open());
    await raised(alarms, 'CONTENT_DAMAGED');
    await until(
      () => [0, 2].every((partition) => (follower.position?.chains[`msg/${SOURCE}/${TOPIC}/${partition}/0`] ?? 0) >= 3),
      5_000,
      'the other chains',
    );
    archive.append(4);
    await archive.finish('more');
    await until(() => (follower.position?.chains[CHAIN] ?? 0) >= 4, 5_000, 'what comes later');
    expect(follower.position?.chains[damaged]).toBe(1);
    for (const { key, version } of place) archive.vault.tamper(key, version, flip);
    await until(() => (follower.position?.chains[damaged] ?? 0) >= 3, 15_000, 'the mended chain');
    await cleared(alarms);
    await follower.stop();
    expect(await archive.problems()).toEqual([]);
  }, 40_000);

  it('does not take a claim that is gone for the end of its chain: CLAIMS_ROLLED_BACK', async () => {
    const archive = await sealed();
    archive.append(8);
    await archive.finish('more');
    await archive.claims.remove(`${CHAIN}/0000000000000002`);
    const { follower, alarms } = follow(archive, await archive.open());
    await raised(alarms, 'CLAIMS_ROLLED_BACK');
    expect(follower.position?.chains[CHAIN]).toBe(2);
    const process = await archive.open();
    await rebuildClaims(process.archive, process.governance);
    await until(() => (follower.position?.chains[CHAIN] ?? 0) >= 5, 15_000, 'the rest of the chain');
    await cleared(alarms);
    await follower.stop();
    expect(await archive.problems()).toEqual([]);
  }, 40_000);

  it('repeats and never skips, whatever step of it fails', async () => {
    const archive = await MemoryArchive.create();
    archive.append(30);
    await archive.finish('before');
    const process = await archive.open();
    for (const moment of ['before', 'after'] as const) {
      for (let n = 1; n <= 6; n++) {
        archive.indexStore.current = undefined;
        let step = 0;
        const fail = (): void => {
          if (++step === n) throw new HoldfastError('index_unavailable', 'injected');
        };
        await archive.index(process, new TestAlarms(), { [moment]: fail }).catch(() => undefined);
        await archive.index(process, new TestAlarms());
        expect(await archive.problems()).toEqual([]);
      }
    }
  }, 30_000);
});
