import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { collect } from '@holdfast/test-kit';
import { DirectoryClaimStore, DirectoryObjectStore } from '../src/index.js';

const root = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
afterAll(() => rm(root, { recursive: true }));
const child = join(import.meta.dirname, 'kill-child.mjs');

/** Runs one operation in a process that is killed before its n-th step, for every n, and looks at what is left each time. */
async function killEverywhere(what: string, look: (base: string) => Promise<void>): Promise<number> {
  for (let n = 1; ; n++) {
    const base = join(root, `${what}-${String(n)}`);
    const run = spawnSync(process.execPath, ['--conditions=@holdfast/source', child, base, String(n), what], { encoding: 'utf8' });
    if (run.signal !== 'SIGKILL') {
      expect(run.stderr.replaceAll(/.*(ExperimentalWarning|--trace-warnings).*\n/g, '')).toBe('');
      expect(run.stdout).toBe(`survived ${String(n - 1)}`);
      return n - 1;
    }
    await look(base);
  }
}

describe('a process that is killed before any step towards the disk', () => {
  it.each(['put', 'hold'])(
    '%s: leaves a whole object or none, and the next start cleans up',
    async (what) => {
      const kills = await killEverywhere(what, async (base) => {
        const store = await DirectoryObjectStore.open({ folder: join(base, 'vault'), scratch: join(base, 'run') });
        expect(await collect(store.strays())).toEqual([]);
        for (const row of await collect(store.list(''))) {
          expect([...(await store.get(row.key, row.version))].every((byte) => byte === 'x'.charCodeAt(0))).toBe(true);
          expect(row.size).toBe(300_000);
          await store.head(row.key, row.version);
        }
        expect((await readdir(join(base, 'run'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
        store.close();
      });
      expect(kills).toBeGreaterThan(5);
    },
    60_000,
  );

  it('claim: leaves a whole claim or none', async () => {
    const kills = await killEverywhere('claim', async (base) => {
      const claims = await DirectoryClaimStore.open({ folder: join(base, 'claims'), scratch: join(base, 'run') });
      const body = await claims.read('chain/0');
      if (body !== undefined) expect(body.byteLength).toBe(4096);
      expect(await readdir(join(base, 'run'))).toEqual([]);
    });
    expect(kills).toBeGreaterThan(5);
  }, 60_000);
});
