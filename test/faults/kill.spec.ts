import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { parseMessageChain } from '@holdfast/record';
import { documentsOf } from '@holdfast/indexing';
import { decodeRecord, encodeRecord, toHex } from '@holdfast/seal';
import { SeededRandom } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import { holdfast, startHoldfast } from '../harness/holdfast-process.js';

const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
const KILLS = Number(process.env['HOLDFAST_TEST_KILLS'] ?? 5);
const RECORDS = 4_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('holdfast ingest, killed without warning', () => {
  it(`seals and indexes every record once, seed ${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    expect((await holdfast('generate', '--data', folder, '--records', String(RECORDS), '--conversations', '40')).code).toBe(0);
    const moments: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const ms = random.int(0, 500);
      // Every other time counted from the first claim of this run, so that sealing and indexing are hit and not only the start.
      const killed = await killAfter(ms, kill % 2 === 0);
      moments.push(killed ? `killed ${ms} ms after ${kill % 2 === 0 ? 'the first claim' : 'the start'}` : 'had ended');
      // More records to seal: otherwise later kills would find nothing under way.
      await holdfast('generate', '--data', folder, '--records', String(RECORDS / 4), '--seed', String(kill + 2), '--conversations', '40');
    }
    const last = await holdfast('ingest', '--until-idle', '--data', folder, '--json');
    expect({ code: last.code, err: last.err, moments }).toMatchObject({ code: 0 });
    const verified = await holdfast('verify', '--data', folder, '--json');
    const report = JSON.parse(verified.out) as { readonly findings: unknown; readonly records: number };
    expect(report.findings).toEqual([]);
    expect(verified.code).toBe(0);
    const opened = await openEmbedded(folder);
    try {
      expect(await differences(opened)).toEqual([]);
    } finally {
      await opened.close();
    }
  }, 600_000);

  it('goes on where a first start was killed that made the archive', async () => {
    const random = new SeededRandom(SEED + 1);
    const young = await mkdtemp(join(tmpdir(), 'holdfast-young-'));
    try {
      for (let kill = 0; kill < 3; kill++) {
        const child = startHoldfast(['generate', '--data', young, '--records', '50']);
        await new Promise((resolve) => setTimeout(resolve, random.int(250, 900)));
        child.kill('SIGKILL');
        await new Promise((resolve) => child.once('close', resolve));
      }
      const made = await holdfast('generate', '--data', young, '--records', '50');
      expect(made).toMatchObject({ code: 0 });
      expect(await holdfast('ingest', '--until-idle', '--data', young)).toMatchObject({ code: 0 });
      const verified = await holdfast('verify', '--data', young, '--json');
      expect((JSON.parse(verified.out) as { readonly findings: unknown }).findings).toEqual([]);
    } finally {
      await rm(young, { recursive: true, force: true });
    }
  }, 120_000);

  async function killAfter(ms: number, firstClaim: boolean): Promise<boolean> {
    const claims = await countClaims();
    const child = startHoldfast(['ingest', '--until-idle', '--data', folder]);
    const ended = new Promise<boolean>((resolve) => child.once('close', (_code, signal) => resolve(signal === 'SIGKILL')));
    while (firstClaim && child.exitCode === null && (await countClaims()) === claims) await new Promise((resolve) => setTimeout(resolve, 2));
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, ms))]);
    child.kill('SIGKILL');
    return ended;
  }

  async function countClaims(): Promise<number> {
    return (await readdir(join(folder, 'claims'), { recursive: true })).length;
  }

  /** What source, vault and index do not agree on. */
  async function differences(opened: OpenedArchive): Promise<string[]> {
    const found: string[] = [];
    const sealed = new Map<string, string>();
    const documents = new Set<string>();
    for (const chain of opened.governance.state.chains.keys()) {
      const at = parseMessageChain(chain);
      if (at === undefined) continue;
      for (let seq = 0; ; seq++) {
        const committed = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
        if (committed === undefined) break;
        await opened.reader.walk(committed.manifest, (object) => (plain, start, end, head) => {
          const place = `${at.partition}/${head.offset}`;
          if (sealed.has(place)) found.push(`${place} is sealed twice`);
          const { record } = decodeRecord(Uint8Array.from(plain.subarray(start, end)));
          sealed.set(place, toHex(encodeRecord(record, 0n)));
          const cohort = { className: object.cohort.class, period: object.cohort.period };
          for (const { id } of documentsOf(record, { at, chain, seq, cohort })) documents.add(id);
        });
      }
    }
    const source = opened.source();
    let records = 0;
    for (const { topic, partitions } of await source.topics()) {
      const open = new Set(Array.from({ length: partitions }, (_, partition) => partition));
      const done = Promise.withResolvers<undefined>();
      const high = await Promise.all([...open].map(async (partition) => (await source.watermarks({ topic, partition })).high));
      for (const partition of [...open]) if (high[partition] === 0n) open.delete(partition);
      await source.subscribe({
        assigned: () => Promise.resolve({ next: 0n }),
        uncompared: () => Promise.resolve(),
        batch: (at, batch) => {
          for (const record of batch.records) {
            records++;
            if (sealed.get(`${at.partition}/${record.offset}`) !== toHex(encodeRecord(record, 0n)))
              found.push(`${at.partition}/${record.offset} is not sealed as it is`);
            if (record.offset + 1n === high[at.partition]) open.delete(at.partition);
          }
          if (open.size === 0) done.resolve(undefined);
          return Promise.resolve();
        },
        revoked: () => Promise.resolve(),
        failed: (_at, error) => done.reject(error),
        recovered: () => undefined,
      });
      await done.promise;
    }
    await source.close();
    if (records !== sealed.size) found.push(`${sealed.size} are sealed of ${records}`);
    const index = opened.index();
    await index.open();
    const indexed = new Set<string>();
    for (const chain of opened.governance.state.chains.keys()) for await (const { id } of index.all(chain)) indexed.add(id);
    await index.close();
    if (indexed.size !== documents.size || [...documents].some((id) => !indexed.has(id)))
      found.push(`${indexed.size} are indexed of ${documents.size}`);
    return found;
  }
});
