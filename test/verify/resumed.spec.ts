import { beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import { HoldfastError } from '@holdfast/record';
import { manifestPrefix, paddedSeq } from '@holdfast/seal';
import { SeededRandom } from '@holdfast/test-kit';
import { verifyArchive } from '@holdfast/verify';
import type { VerifyOptions, VerifyProgress, VerifyReport } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { ArchiveOfDays, CHAIN, DAYS } from '../days/archive-of-days.js';
import { TestAlarms } from '../harness/memory-archive.js';

const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
const LOCK = { mode: 'COMPLIANCE' as const, retainUntil: new Date('2060-01-01T00:00:00Z') };

let days: ArchiveOfDays;

const verify = (options: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verifyArchive(
    evidenceOf({
      ...days.archive.parts(),
      async *strays() {
        yield* [];
      },
    }),
    { crypto, ...options },
  );

async function notarise(): Promise<void> {
  days.clock.advance(60_000);
  await new Notary({ ...(await days.archive.open()), alarms: new TestAlarms() }).untilCovered();
}

/** Every state that a run could have left behind, as it comes back from a file. */
async function statesOf(options: Partial<VerifyOptions> = {}): Promise<{ readonly states: VerifyProgress[]; readonly report: VerifyReport }> {
  const states: VerifyProgress[] = [];
  const report = await verify({
    ...options,
    onBoundary: (progress) => {
      states.push(JSON.parse(JSON.stringify(progress())) as VerifyProgress);
      return Promise.resolve();
    },
  });
  return { states, report };
}

async function remove(chain: string, seq: number): Promise<void> {
  const found: { readonly key: string; readonly version: string }[] = [];
  for await (const { key, version } of days.archive.vault.list(`${manifestPrefix(chain)}${paddedSeq(seq)}/`)) found.push({ key, version });
  for (const { key, version } of found) days.archive.vault.destroy(key, version);
}

/** Days of a chain, closed and open, in the log and behind its end. */
async function build(): Promise<void> {
  days = await ArchiveOfDays.create();
  for (let day = 0; day < 3; day++) {
    await days.seal(12);
    days.nextDay();
  }
  await days.keep();
  await notarise();
  await days.seal(9);
}

describe('a verification that was interrupted', () => {
  beforeAll(build, 120_000);

  it('tells what an uninterrupted one tells, wherever it goes on', async () => {
    // What is found must neither be lost nor told twice: an odd name, a second version, a delete marker, and a false day.
    await days.archive.vault.put(`${manifestPrefix(CHAIN)}odd`, Uint8Array.of(1), LOCK);
    const { report: clean } = await statesOf();
    expect(clean.findings.map(({ code }) => code)).toEqual(['ORPHAN']);
    const whole = await verify();
    const { states, report } = await statesOf();
    expect(report).toEqual(whole);
    expect(states.some(({ current }) => current?.chain === CHAIN)).toBe(true);
    expect(states.some(({ chains, current }) => chains.some(({ chain }) => chain === DAYS) && current === undefined)).toBe(true);
    for (const resume of states) expect([resume.current, await verify({ resume })]).toEqual([resume.current, whole]);
  }, 300_000);

  it('goes on again and again, stopped at random moments', async () => {
    const random = new SeededRandom(SEED);
    const whole = await verify();
    let resume: VerifyProgress | undefined;
    let stops = 0;
    for (;;) {
      const abort = new AbortController();
      let left = random.int(2, 5);
      const run = verify({
        ...(resume !== undefined && { resume }),
        signal: abort.signal,
        onBoundary: (progress) => {
          resume = progress();
          if (--left === 0) abort.abort();
          return Promise.resolve();
        },
      });
      try {
        expect(await run).toEqual(whole);
        break;
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'stopped') throw error;
        stops++;
      }
    }
    expect(stops).toBeGreaterThan(2);
  }, 300_000);

  it('is not gone on with for another question, another archive, or a manifest that is gone', async () => {
    const { states } = await statesOf();
    const [resume] = states.filter(({ current }) => (current?.next ?? 0) > 3);
    if (resume?.current === undefined) throw new Error('no state in the middle of a chain');
    await expect(verify({ resume, level: 4 })).rejects.toMatchObject({ code: 'bad_configuration' });
    await expect(verify({ resume, asked: 'with a policy' })).rejects.toMatchObject({ code: 'bad_configuration' });
    await expect(verify({ resume: { ...resume, archive: 'ab'.repeat(32) } })).rejects.toMatchObject({ code: 'bad_configuration' });
    const governance = { ...resume.governance, hash: 'ab'.repeat(32) };
    await expect(verify({ resume: { ...resume, governance } })).rejects.toMatchObject({ code: 'chain_broken' });
    await remove(CHAIN, resume.current.next - 1);
    await expect(verify({ resume })).rejects.toMatchObject({ code: 'chain_broken' });
    await build();
  }, 300_000);

  it('goes on when archive and log have grown, and sees that the log still says the same', async () => {
    const { states } = await statesOf();
    const done = states.at(-1);
    const middle = states.find(({ current }) => current?.chain === CHAIN && current.next > 5);
    if (done === undefined || middle === undefined) throw new Error('no states');
    await days.seal(6);
    await notarise();
    for (const resume of [middle, done]) {
      const report = await verify({ resume });
      expect(report).toMatchObject({ findings: [], log: { tail: { segments: 0 } } });
    }
    expect((await verify({ resume: done })).skipped).toContainEqual(expect.stringContaining('judged to where they ended then'));
    // The end of a chain that was walked is cut off before the next run, with its claims; the log remembers.
    const report = await verify();
    const end = report.partitions.find(({ chain }) => chain === CHAIN)?.segments ?? 0;
    await remove(CHAIN, end - 1);
    await days.archive.claims.remove(`${CHAIN}/${paddedSeq(end - 1)}`);
    expect((await verify({ resume: done })).findings).toContainEqual(expect.objectContaining({ code: 'MANIFEST_MISSING' }));
    await build();
  }, 300_000);
});
