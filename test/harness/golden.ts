import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GOLDEN = fileURLToPath(new URL('../vectors/golden-v1', import.meta.url));

/** A copy of the golden archive that may be opened: version control keeps no file modes, and key files must be private. */
export async function goldenCopy(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-golden-'));
  await cp(GOLDEN, folder, { recursive: true });
  await chmod(join(folder, 'keys'), 0o700);
  for (const entry of await readdir(join(folder, 'keys'), { recursive: true, withFileTypes: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
