import { beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import { manifestPrefix, paddedSeq } from '@holdfast/seal';
import { parseChainRanges, verifyArchive } from '@holdfast/verify';
import type { VerifyOptions, VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { ArchiveOfDays, CHAIN, DAYS } from '../days/archive-of-days.js';
import { TestAlarms } from '../harness/memory-archive.js';

let days: ArchiveOfDays;

const verify = (chains: string, options: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verifyArchive(
    evidenceOf({
      ...days.archive.parts(),
      async *strays() {
        yield* [];
      },
    }),
    { crypto, chains: parseChainRanges(chains), allNames: false, ...options },
  );

async function remove(seq: number): Promise<() => Promise<void>> {
  const found: { readonly key: string; readonly version: string; readonly bytes: Uint8Array }[] = [];
  for await (const { key, version } of days.archive.vault.list(`${manifestPrefix(CHAIN)}${paddedSeq(seq)}/`))
    found.push({ key, version, bytes: await days.archive.vault.get(key, version) });
  for (const { key, version } of found) days.archive.vault.destroy(key, version);
  return async () => {
    for (const { key, bytes } of found)
      await days.archive.vault.put(key, bytes, { mode: 'COMPLIANCE', retainUntil: new Date('2060-01-01T00:00:00Z') });
  };
}

describe('parts of an archive', () => {
  let segments = 0;

  beforeAll(async () => {
    days = await ArchiveOfDays.create();
    await days.seal(20);
    days.nextDay();
    await days.seal(12);
    await days.keep();
    segments = (await verify(CHAIN)).partitions[0]?.segments ?? 0;
  }, 120_000);

  it('are chains, patterns of chains, and segments of them', async () => {
    expect(segments).toBeGreaterThan(5);
    expect((await verify('msg/**')).partitions.map(({ chain }) => chain)).toEqual([CHAIN]);
    expect((await verify('days/**')).partitions).toEqual([]);
    expect((await verify('msg/*/*/0/*')).partitions).toHaveLength(1);
    expect((await verify(`${CHAIN}:2-4,${DAYS}`)).partitions).toMatchObject([{ chain: CHAIN, segments: 2 }]);
    expect((await verify(`${CHAIN}:2-`)).partitions).toMatchObject([{ chain: CHAIN, segments: segments - 2 }]);
  });

  it('are refused when they are none', async () => {
    await expect(verify('msg/elsewhere/**')).rejects.toMatchObject({ code: 'bad_request' });
    for (const text of ['', 'a b', 'x:4-2', 'x:1', 'gov:1-2']) expect(() => parseChainRanges(text)).toThrow();
  });

  it('say what was not looked at, and build upon a manifest that is named as assumed', async () => {
    const report = await verify(`${CHAIN}:3-5`);
    expect(report).toMatchObject({ ok: true, assumed: [{ chain: CHAIN, seq: 2 }] });
    expect(report.skipped.join(' ')).toMatch(/Only these chains were walked.*were not looked at.*segments 3 to 4 were walked/s);
  });

  it('find what lies in them and not what lies elsewhere', async () => {
    const back = await remove(4);
    expect((await verify(`${CHAIN}:0-3`)).findings).toEqual([]);
    expect((await verify(`${CHAIN}:2-6`)).findings).toContainEqual(expect.objectContaining({ code: 'MANIFEST_MISSING', place: `${CHAIN} 4` }));
    expect((await verify(`${CHAIN}:5-6`)).findings).toContainEqual(expect.objectContaining({ code: 'MANIFEST_MISSING', place: `${CHAIN} 4` }));
    await back();
  });

  it('are proven by the log where it has them, at both ends', async () => {
    days.clock.advance(60_000);
    await new Notary({ ...(await days.archive.open()), alarms: new TestAlarms() }).untilCovered();
    for (const range of ['0-3', '3-5', `3-${segments}`, '3-'])
      expect(await verify(`${CHAIN}:${range}`)).toMatchObject({ ok: true, assumed: [], log: { tail: { segments: 0 } } });
    // A range in the middle is compared manifest by manifest: another history of it has another digest in the log.
    const other = await remove(segments - 1);
    expect((await verify(`${CHAIN}:3-`)).findings).toContainEqual(
      expect.objectContaining({ code: 'MANIFEST_MISSING', message: expect.stringContaining('the log has') }),
    );
    await other();
  });
});
