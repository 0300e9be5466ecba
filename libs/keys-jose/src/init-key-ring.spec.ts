import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { initKeyRing, makeEscrowKeys } from './init-key-ring.js';
import { JwksKeyRing } from './jwks-key-ring.js';

const COHORTS = ['2030-01', '2030-02', '2030-03'].map((period) => ({ className: 'standard', period }));
const EVERYTHING = { cohorts: COHORTS, escrowPrivate: true };

let root: string;
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'holdfast-init-')), 'keys');
});

/** Every key file by path, with its bytes. */
async function snapshot(folder = root): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries = files.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return new Map(await Promise.all(entries.sort().map(async (path) => [path, await readFile(path, 'utf8')] as const)));
}

describe('initKeyRing', () => {
  it('makes a complete ring that nobody else may read', async () => {
    const report = await initKeyRing(root, EVERYTHING);
    expect(report.withoutEscrow).toEqual([]);
    expect(report.made).toHaveLength(3 + 1 + 3 * COHORTS.length);
    for (const path of (await snapshot()).keys()) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, 'escrow-private', 'standard'))).mode & 0o777).toBe(0o700);
    expect(await (await JwksKeyRing.open(root)).cohorts()).toHaveLength(3);
  });

  it('changes nothing when it runs again, and adds only what is new', async () => {
    await initKeyRing(root, EVERYTHING);
    const before = await snapshot();
    expect((await initKeyRing(root, EVERYTHING)).made).toEqual([]);
    expect(await snapshot()).toEqual(before);
    const more = await initKeyRing(root, { cohorts: [...COHORTS, { className: 'standard', period: '2030-04' }], escrowPrivate: true });
    expect([...more.made].sort()).toEqual(
      ['escrow-private/standard/2030-04.jwk.json', 'escrow/standard/2030-04.jwk.json', 'kek/standard/2030-04.jwks.json'].map((path) => join(path)),
    );
    for (const [path, text] of before) expect((await snapshot()).get(path)).toBe(text);
  });

  it('gives the same keys to processes that start together', async () => {
    const reports = await Promise.all([1, 2, 3, 4].map(() => initKeyRing(root, EVERYTHING)));
    const made = reports.flatMap((report) => report.made).filter((file) => !file.startsWith('recovery'));
    expect(new Set(made).size).toBe(made.length);
    for (const [path, text] of await snapshot()) {
      const escrow = path.replace(join('/', 'escrow-private', '/'), join('/', 'escrow', '/'));
      if (escrow === path) continue;
      // The public half that the ring wraps for belongs to the private half that survived.
      expect((JSON.parse(text) as { x: string }).x).toBe((JSON.parse(await readFile(escrow, 'utf8')) as { x: string }).x);
    }
    for (const key of await (await JwksKeyRing.open(root)).recoveryKeys()) {
      expect((await stat(join(root, 'recovery-private', `${key.kid}.jwk.json`))).isFile()).toBe(true);
    }
  });

  it('goes on after a crash between the private and the public half', async () => {
    await initKeyRing(root, EVERYTHING);
    const before = await snapshot();
    // What a crash leaves: everything up to the private halves is durable, their public halves never appeared.
    await rm(join(root, 'escrow'), { recursive: true });
    await rm(join(root, 'recovery.jwks.json'));
    await initKeyRing(root, EVERYTHING);
    expect(await snapshot()).toEqual(before);
  });

  it('removes what a dead process left half made, and only that', async () => {
    await initKeyRing(root, EVERYTHING);
    const stale = join(root, 'kek', 'standard', '.2030-09.jwks.json.0123456789abcdef.tmp');
    const fresh = join(root, 'kek', 'standard', '.2030-09.jwks.json.0123456789abcdee.tmp');
    await writeFile(stale, '{"keys":[');
    await writeFile(fresh, '{"keys":[');
    await utimes(stale, 1, 1);
    await initKeyRing(root, EVERYTHING);
    await expect(stat(stale)).rejects.toThrow('ENOENT');
    expect((await stat(fresh)).isFile()).toBe(true);
    expect(await (await JwksKeyRing.open(root)).cohorts()).toHaveLength(3);
  });

  it('never makes a second escrow key for a cohort whose public key was imported', async () => {
    const offline = join(root, '..', 'offline');
    await makeEscrowKeys(offline, COHORTS, 2);
    expect((await initKeyRing(root, { cohorts: COHORTS, escrowPrivate: false })).withoutEscrow).toEqual(COHORTS);
    await expect((await JwksKeyRing.open(root)).recoveryKeys()).rejects.toMatchObject({ code: 'key_missing' });
    expect(await (await JwksKeyRing.open(root)).cohorts()).toEqual([]);
    for (const name of ['escrow', 'recovery.jwks.json']) await rename(join(offline, name), join(root, name));
    const imported = await snapshot(join(root, 'escrow'));
    const report = await initKeyRing(root, EVERYTHING);
    expect(report).toEqual({ made: [], withoutEscrow: [] });
    expect(await snapshot(join(root, 'escrow'))).toEqual(imported);
    const ring = await JwksKeyRing.open(root);
    expect(await ring.recoveryKeys()).toHaveLength(2);
    expect(await ring.cohorts()).toHaveLength(3);
  });

  it('makes the id of a KEK from nothing that is secret', async () => {
    await initKeyRing(root, EVERYTHING);
    const read = async (): Promise<string> => await readFile(join(root, 'kek/standard/2030-01.jwks.json'), 'utf8');
    const one = JSON.parse(await read()) as { keys: [{ kid: string; k: string }] };
    expect(Buffer.from(one.keys[0].kid, 'base64url')).toHaveLength(16);
    expect(Buffer.from(one.keys[0].k, 'base64url')).toHaveLength(32);
  });

  it('refuses names that would leave the folder', async () => {
    for (const cohort of [
      { className: '..', period: '2030-01' },
      { className: 'a/b', period: '2030-01' },
      { className: 'Standard', period: '2030-01' },
      { className: 'standard', period: '2030-13' },
      { className: 'standard', period: '../x' },
    ]) {
      await expect(initKeyRing(root, { cohorts: [cohort], escrowPrivate: true })).rejects.toMatchObject({ code: 'key_malformed' });
    }
  });

  it('refuses a folder that others may enter', async () => {
    await mkdir(root, { mode: 0o755 });
    await chmod(root, 0o755);
    await expect(initKeyRing(root, EVERYTHING)).rejects.toThrow('can be entered by other users (mode 755): run "chmod 700" on it');
  });
});
