import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { SegmentBuilder, decodeRecord, proofHolds, toHex, utf8 } from '@holdfast/seal';
import type { Manifest } from '@holdfast/seal';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import { smallArchive } from '../test/small-archive.js';
import type { Small } from '../test/small-archive.js';
import { ChainWriter } from './chain-writer.js';
import { readHead } from './head.js';
import { SegmentReader } from './segment-reader.js';

const CHAIN = 'msg/a/b/0/0';

/** A segment with records at even offsets, in two cohorts. */
async function sealed(small: Small, records: number): Promise<Manifest> {
  const { archive, clock, governance, dataKeys } = small;
  const writer = new ChainWriter(archive, clock, CHAIN, await readHead(archive, CHAIN, governance.keys));
  const now = await clock.now();
  const builder = new SegmentBuilder(crypto, { archive: archive.id, chain: CHAIN, seq: writer.head.seqs }, writer.nextOffset);
  for (let i = 0; i < records; i++) {
    const month = String((now.getUTCMonth() + 4 + (i % 2)) % 12 || 12).padStart(2, '0');
    const cohort = { className: 'standard', classNumber: 1, period: `${now.getUTCFullYear() + 1}-${month}` };
    small.parts.keys.add(cohort);
    const key = await dataKeys.current(CHAIN, cohort);
    builder.add(
      { offset: writer.nextOffset + BigInt(2 * i), timestamp: 1n, timestampType: 'create', key: utf8('k'), value: utf8(`v${i}`), headers: [] },
      cohort,
      () => ({
        dataKeyId: key.id,
        dataKey: key.key,
        wraps: key.wraps,
        random: archive.random(32),
      }),
    );
  }
  const rules = governance.rules();
  const committed = await writer.commit(await writer.stage(writer.head.seqs, builder.finish(), rules, now), rules, { source: { cluster: 'c' } });
  return committed!.manifest;
}

describe('a segment reader', () => {
  it('walks everything, and opens one record with its proof by two ranged reads', async () => {
    const small = await smallArchive();
    const manifest = await sealed(small, 2);
    const reader = new SegmentReader(small.archive, small.dataKeys);
    const offsets: bigint[] = [];
    await reader.walk(manifest, () => (_plain, _start, _end, head) => offsets.push(head.offset));
    expect([...offsets].sort()).toEqual([0n, 2n]);
    const reads: string[] = [];
    small.parts.vault.faults = {
      before: (op, key) => {
        reads.push(`${op} ${key.slice(0, 1)}`);
      },
    };
    const opened = await reader.open(manifest, 0n);
    expect(reads).toEqual(['get o', 'get o']);
    expect(decodeRecord(opened!.record.bytes).record.value).toEqual(utf8('v0'));
    expect(proofHolds(crypto, opened!.record, opened!.object.root)).toBe(true);
    expect(await reader.open(manifest, 1n)).toBeUndefined();
    expect(await reader.open(manifest, 99n)).toBeUndefined();
  });

  it('gives out nothing of a segment that was changed', async () => {
    const small = await smallArchive();
    const manifest = await sealed(small, 2);
    const reader = new SegmentReader(small.archive, small.dataKeys);
    const { key = '', version = '' } = manifest.objects[0]!;
    small.parts.vault.tamper(key, version, (body) => body.map((byte, i) => (i === 20 ? byte ^ 1 : byte)));
    await expect(reader.walk(manifest, () => () => undefined)).rejects.toMatchObject({ code: 'content_damaged' });
    await expect(reader.open(manifest, 0n)).rejects.toMatchObject({ code: 'content_damaged' });
    small.parts.vault.destroy(key, version);
    await expect(reader.walk(manifest, () => () => undefined)).rejects.toMatchObject({ code: 'object_missing' });
    const { key: _key, version: _version, ...nowhere } = manifest.objects[0]!;
    await expect(reader.bytes(nowhere)).rejects.toMatchObject({ code: 'format_malformed' });
  });

  it('finds a manifest whose objects do not cover its offsets', async () => {
    const small = await smallArchive();
    const manifest = await sealed(small, 2);
    const reader = new SegmentReader(small.archive, small.dataKeys);
    await expect(reader.walk({ ...manifest, next: '4' }, () => () => undefined)).rejects.toMatchObject({ code: 'content_damaged' });
    await expect(reader.walk({ ...manifest, objects: manifest.objects.slice(1) }, () => () => undefined)).rejects.toMatchObject({
      code: 'content_damaged',
    });
  });

  it('reads a range of content that lies in a manifest', async () => {
    const { archive, governance, dataKeys } = await smallArchive();
    const { last } = await readHead(archive, 'gov', governance.keys);
    const [object] = last!.manifest.objects;
    const reader = new SegmentReader(archive, dataKeys);
    const whole = await reader.bytes(object!);
    expect(toHex(await reader.bytes(object!, { start: 4, end: 7 }))).toBe(toHex(whole.subarray(4, 8)));
  });
});

describe('a chain writer', () => {
  it('refuses to leave a gap, to go back behind gov, and to go on behind the end of its chain', async () => {
    const small = await smallArchive();
    await sealed(small, 2);
    const { archive, clock, governance } = small;
    const head = await readHead(archive, CHAIN, governance.keys);
    const empty = (first: bigint): ReturnType<SegmentBuilder['finish']> =>
      new SegmentBuilder(crypto, { archive: archive.id, chain: CHAIN, seq: head.seqs }, first).finish();
    const rules = governance.rules();
    const now = await clock.now();
    const writer = new ChainWriter(archive, clock, CHAIN, head);
    await expect(writer.commit(await writer.stage(1, empty(9n), rules, now), rules)).rejects.toMatchObject({ code: 'chain_broken' });
    const old = { ...rules, head: { next: 0, hash: archive.idHex } };
    await expect(writer.commit(await writer.stage(1, empty(writer.nextOffset), rules, now), old)).rejects.toMatchObject({ code: 'chain_broken' });
    const closing = { reason: 'r', successor: 'msg/a/b/0/1' };
    await writer.commit(await writer.stage(1, empty(writer.nextOffset), rules, now), rules, { closing });
    await expect(writer.commit(await writer.stage(2, empty(writer.nextOffset), rules, now), rules)).rejects.toMatchObject({ code: 'chain_broken' });
  });

  it('stores no manifest that nobody could read', async () => {
    const small = await smallArchive();
    const { archive, clock, governance } = small;
    const writer = new ChainWriter(archive, clock, CHAIN, await readHead(archive, CHAIN, governance.keys));
    const builder = new SegmentBuilder(crypto, { archive: archive.id, chain: CHAIN, seq: 0 }, 0n);
    for (let i = 0n; i < 100n; i++) builder.addLoss({ from: i, to: i + 1n, reason: 'r'.repeat(1000) });
    const rules = governance.rules();
    await expect(writer.commit(await writer.stage(0, builder.finish(), rules, await clock.now()), rules)).rejects.toMatchObject({
      code: 'bad_request',
    });
    expect((await readHead(archive, CHAIN, governance.keys)).seqs).toBe(0);
    for await (const { key } of small.parts.vault.list(`m/${CHAIN}/`)) throw new Error(`stored ${key}`);
  });

  it('keeps order time from falling when its clock does', async () => {
    const small = await smallArchive();
    const manifest = await sealed(small, 1);
    const { archive, clock, governance } = small;
    const writer = new ChainWriter(archive, clock, CHAIN, await readHead(archive, CHAIN, governance.keys));
    const builder = new SegmentBuilder(crypto, { archive: archive.id, chain: CHAIN, seq: 1 }, writer.nextOffset);
    const rules = governance.rules();
    const behind = new Date(Date.parse(manifest.clock) - 5_000);
    const committed = await writer.commit(await writer.stage(1, builder.finish(), rules, behind), rules);
    expect(committed!.manifest).toMatchObject({ time: manifest.time, clock: behind.toISOString() });
  });
});

describe('the signing key', () => {
  it('must be one that gov has introduced, under the head that the segment obeys', async () => {
    const small = await smallArchive();
    await sealed(small, 1);
    const { archive, clock, governance } = small;
    const old = governance.rules();
    const fresh = newEcPair();
    const sign = (payload: Uint8Array, typ: string): Promise<string> =>
      Promise.resolve(signCompact({ alg: 'ES256', kid: fresh.publicJwk.kid, typ }, payload, fresh.privateJwk));
    const rotated = { ...archive, keys: Object.assign(Object.create(archive.keys) as typeof archive.keys, { sign }) };
    const commit = async (rules: typeof old): Promise<unknown> => {
      const writer = new ChainWriter(rotated, clock, CHAIN, await readHead(archive, CHAIN, governance.keys));
      const builder = new SegmentBuilder(crypto, { archive: archive.id, chain: CHAIN, seq: 1 }, writer.nextOffset);
      return writer.commit(await writer.stage(1, builder.finish(), rules, await clock.now()), rules);
    };
    await expect(commit(old)).rejects.toMatchObject({ code: 'key_missing' });
    const event = { id: 'ab'.repeat(16), time: new Date().toISOString(), principal: 'os:tester' };
    await governance.append(() => [{ type: 'key.introduced', ...event, use: 'manifest', jwk: fresh.publicJwk }]);
    // A segment that was opened before.
    await expect(commit({ ...governance.rules(), head: old.head })).rejects.toMatchObject({ code: 'stopped' });
    expect((await readHead(archive, CHAIN, governance.keys)).seqs).toBe(1);
    expect(await commit(governance.rules())).toMatchObject({ manifest: { seq: 1 } });
  });
});
