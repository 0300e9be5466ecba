import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbedded } from '@holdfast/assembly';
import { openDay } from '@holdfast/indexing';
import { checkDayProof, dayProof, messageChainOf, parseShares, utf8 } from '@holdfast/seal';
import { describeWith, needed } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import type { VerifyReport } from '@holdfast/verify';
import { NEEDS_PYTHON } from '../harness/python.js';

const MAIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
const LATER = fileURLToPath(new URL('days-later.mjs', import.meta.url));
const PATIENCE_MS = 240_000;
const RECORDS = 600;

const READER = fileURLToPath(new URL('../vectors/reader/holdfast_reader.py', import.meta.url));

let data: string;

const DAY_MS = 86_400_000;
/** Shortly before midnight it begins behind it, so that no run of this test meets one. */
const AHEAD_MS = DAY_MS - (Date.now() % DAY_MS) < PATIENCE_MS ? PATIENCE_MS : 0;

/** Runs `holdfast` so many days from now. */
function holdfast(days: number, ...args: readonly string[]): Promise<string> {
  const flags = ['--disable-warning=ExperimentalWarning', '--import', LATER];
  const env = { ...process.env, HOLDFAST_TEST_AHEAD_MS: String(AHEAD_MS + days * DAY_MS) };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags, MAIN, ...args, '--data', data, '--json'], { env, maxBuffer: 1 << 26 }, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new Error(`holdfast ${args.join(' ')}: ${err}${out}`, { cause: error }));
    });
  });
}

beforeAll(async () => {
  data = join(await mkdtemp(join(tmpdir(), 'holdfast-days-')), 'archive');
});
afterAll(() => rm(join(data, '..'), { recursive: true, force: true }));

describe('an archive in a folder, filled on two days', () => {
  it(
    'has the directories of the first day after the second, and proves by them where a conversation is and where it is not',
    async () => {
      await holdfast(0, 'generate', '--records', String(RECORDS), '--seed', '5');
      await holdfast(0, 'ingest', '--until-idle');
      await holdfast(1, 'generate', '--records', String(RECORDS), '--seed', '6');
      await holdfast(1, 'ingest', '--until-idle');
      const report = JSON.parse(await holdfast(1, 'verify')) as VerifyReport;
      expect(report.findings).toEqual([]);
      expect(report.notes.filter(({ code }) => code !== 'NOT_ANCHORED')).toEqual([]);
      // Nothing is sealed twice, and nothing only to close a day.
      await holdfast(1, 'ingest', '--until-idle');
      expect((JSON.parse(await holdfast(1, 'verify')) as VerifyReport).segments).toBe(report.segments);

      const opened = await openEmbedded(data);
      try {
        const { archive, governance, reader, dataKeys } = opened;
        let records = 0;
        let present = 0;
        for (const chain of [...governance.state.chains.keys()].filter((name) => messageChainOf(name) !== undefined)) {
          const committed = await readCommitted(archive, chain, 0, governance.keys);
          if (committed === undefined) throw new Error(`${chain} is empty`);
          const day = await openDay(archive, reader, dataKeys, committed.manifest);
          if (day?.labelKey === undefined) throw new Error(`${chain} has no directory`);
          const { closed, labelKey, directory } = day;
          records += closed.records;
          const nobody = utf8('nobody');
          expect(checkDayProof(archive.crypto, closed, dayProof(archive.crypto, labelKey, directory, nobody), nobody)).toEqual([]);
          for (const { shares } of directory.conversations) present += parseShares(shares).reduce((sum, { count }) => sum + count, 0);
        }
        expect(records).toBe(RECORDS);
        expect(present).toBe(RECORDS);
      } finally {
        await opened.close();
      }
    },
    PATIENCE_MS,
  );

  describeWith(NEEDS_PYTHON, 'read by the second reader', () => {
    it(
      'is judged so by the second reader too, with keys and without',
      () => {
        for (const options of [[], ['--no-keys']]) {
          const { stdout } = spawnSync(needed('HOLDFAST_PYTHON'), [READER, 'verify', data, ...options], {
            encoding: 'utf8',
            maxBuffer: 1 << 26,
            env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
          });
          const { findings, chains } = JSON.parse(stdout) as {
            readonly findings: readonly unknown[];
            readonly chains: Readonly<Record<string, unknown>>;
          };
          expect(findings).toEqual([]);
          expect(Object.keys(chains).filter((chain) => messageChainOf(chain) !== undefined).length).toBeGreaterThan(0);
        }
      },
      PATIENCE_MS,
    );
  });
});
