import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWith } from '@holdfast/test-kit';
import { clusterArchive } from '../acceptance/archive-under-test.mjs';
import { fillSource, judgeEverything, sealAndIndex } from '../acceptance/main-path.mjs';
import { NEEDS, SEED, freshName } from './run.js';

const RECORDS = 3_000;

describeWith(NEEDS, 'from Kafka through S3 to Elasticsearch', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it(`seals ${RECORDS} records once each and finds exactly what a scan of all of them finds (seed ${SEED})`, async () => {
    const archive = await clusterArchive(process.env, { name: freshName('main'), folder, partitions: 8 });
    const expected = await fillSource(archive, { records: RECORDS, seed: SEED });
    await sealAndIndex(archive, RECORDS);
    const judged = await judgeEverything(archive, expected);
    expect(judged.records).toBe(RECORDS);
    expect(Object.keys(judged.hits)).toHaveLength(10);
  }, 240_000);
});
