import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { nodeCrypto } from '@holdfast/crypto-node';
import { verifyArchive } from '@holdfast/verify';
import { withEvidence } from './evidence.js';

it('a report says what its level left out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-evidence-'));
  try {
    await (await openEmbedded(folder, EMBEDDED_DEFAULTS)).close();
    const skipped = (level: number): Promise<readonly string[]> =>
      withEvidence({ data: folder, environment: {} }, async (evidence) => {
        const report = await verifyArchive(evidence, { crypto: nodeCrypto, level });
        expect(report).toMatchObject({ ok: true, level });
        return report.skipped;
      });
    expect(await skipped(6)).toEqual([]);
    expect(await skipped(5)).toEqual([expect.stringContaining('below 6')]);
    expect(await skipped(4)).toEqual([expect.stringContaining('below 6'), expect.stringContaining('below 5')]);
    expect(await skipped(3)).toEqual([expect.stringContaining('below 4'), expect.stringContaining('below 5')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
