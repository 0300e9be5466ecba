import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { encodeAddCheckpoint, formatVkey } from '@holdfast/tlog';
import { CosigningWitness, WitnessFolder } from '../src/index.js';
import { clock } from './running-witness.js';
import { TestLog } from './test-log.js';

const child = join(import.meta.dirname, 'kill-child.mjs');

/** Makes a key, then co-signs a first checkpoint, or goes on from 5 to 9; killed before its n-th step, for every n. */
it.each([
  ['on its first run', 0],
  ['when it goes on', 5],
])(
  'a witness that is killed %s before any step towards the disk has answered nothing that it forgets',
  async (_, old) => {
    const base = await mkdtemp(join(tmpdir(), 'holdfast-witness-'));
    const log = new TestLog('example.com/log', 5);
    const request = async (size: number, history: number): Promise<Uint8Array> =>
      encodeAddCheckpoint({ old, proof: await log.proof(old, size, history), checkpoint: await log.at(size, history) });
    await writeFile(join(base, 'request'), await request(9, 0));
    let kills = 0;
    for (let n = 1; ; n++) {
      const path = join(base, String(n));
      const open = async (): Promise<{ folder: WitnessFolder; witness: CosigningWitness }> => {
        const folder = await WitnessFolder.open(path, { crypto, name: 'witness.example/w' });
        return { folder, witness: new CosigningWitness({ crypto, clock, folder, logs: [log.key], report: () => undefined }) };
      };
      if (old > 0) {
        const { folder, witness } = await open();
        expect((await witness.addCheckpoint(encodeAddCheckpoint({ old: 0, proof: [], checkpoint: await log.at(old) }))).status).toBe(200);
        folder.close();
      }
      const run = spawnSync(
        process.execPath,
        [
          '--conditions=@holdfast/source',
          '--disable-warning=ExperimentalWarning',
          child,
          path,
          String(n),
          formatVkey(log.key),
          join(base, 'request'),
        ],
        { encoding: 'utf8' },
      );
      if (run.signal !== 'SIGKILL') {
        expect([run.stderr, run.stdout]).toEqual(['', '200']);
        const { folder, witness } = await open();
        expect(folder.all).toMatchObject([{ size: 9, root: log.root(9) }]);
        expect((await witness.addCheckpoint(await request(9, 1))).status).toBe(409);
        folder.close();
        break;
      }
      kills += 1;
      expect(run.stdout).toBe('');
      // The next start holds the old checkpoint or the new one, whole, and leaves nothing lying about.
      const { folder, witness } = await open();
      const size = folder.all[0]?.size ?? 0;
      expect([old, 9]).toContain(size);
      // Another root of that size: co-signed when the first is not remembered, and then nobody has ever seen it.
      expect((await witness.addCheckpoint(await request(9, 1))).status).toBe(size === 9 ? 409 : 200);
      folder.close();
      expect((await readdir(path, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
    expect(kills).toBe(old > 0 ? 5 : 10);
    await rm(base, { recursive: true });
  },
  120_000,
);
