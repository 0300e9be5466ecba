import { mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { openSigned } from '@holdfast/test-kit';
import { initKeyRing } from './init-key-ring.js';
import { JwksKeyRing } from './jwks-key-ring.js';
import { readPrivateKeyFile } from './key-folder.js';
import { activateManifestKey, addManifestKey, retireManifestKey } from './manifest-key-rotation.js';

let root: string;
let ring: JwksKeyRing;
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'holdfast-rotate-')), 'keys');
  await initKeyRing(root, { cohorts: [], escrowPrivate: true });
  ring = await JwksKeyRing.open(root);
});

describe('rotation of the manifest key', () => {
  it('adds, activates and retires, and a running ring follows', async () => {
    const old = await ring.manifestKey();
    const added = await addManifestKey(root);
    // On standby: known to everybody, so that its introduction can be sealed under the old key.
    expect((await ring.manifestKey()).kid).toBe(old.kid);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual([old.kid, added.kid]);
    await activateManifestKey(root, added.kid);
    expect(await ring.manifestKey()).toEqual(added);
    expect(openSigned(await ring.sign(Buffer.from('x'), 't'), added)?.header).toContain(added.kid);
    await retireManifestKey(root, old.kid);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual([old.kid, added.kid]);
    expect((await stat(join(root, 'manifest.jwks.json'))).mode & 0o777).toBe(0o600);
    expect((await readdir(root)).filter((name) => name.includes('next'))).toEqual([]);
  });

  it('refuses to retire the only key that signs, to wake a retired one, and keys it does not hold', async () => {
    const old = await ring.manifestKey();
    await expect(retireManifestKey(root, old.kid)).rejects.toThrow('is the only one that signs');
    const added = await addManifestKey(root);
    await expect(retireManifestKey(root, old.kid)).rejects.toThrow('is the only one that signs');
    await activateManifestKey(root, added.kid);
    await retireManifestKey(root, old.kid);
    await expect(activateManifestKey(root, old.kid)).rejects.toThrow('is retired and never signs again');
    await expect(activateManifestKey(root, 'nobody')).rejects.toMatchObject({ code: 'key_missing' });
    await expect(retireManifestKey(root, 'nobody')).rejects.toMatchObject({ code: 'key_missing' });
    expect((await readdir(root)).filter((name) => name.includes('next'))).toEqual([]);
  });

  it('loses no key when two rotations meet', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => addManifestKey(root)));
    const added = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.kid] : []));
    expect(added.length).toBeGreaterThan(0);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual(expect.arrayContaining(added));
    expect(await ring.manifestKeys()).toHaveLength(1 + added.length);
  });

  it('says what to do about one that died', async () => {
    await writeFile(join(root, 'manifest.jwks.json.next'), '{');
    const before = await readFile(join(root, 'manifest.jwks.json'), 'utf8');
    await expect(addManifestKey(root)).rejects.toThrow('If none is running, remove the file.');
    expect(await readFile(join(root, 'manifest.jwks.json'), 'utf8')).toBe(before);
  });
});

describe('readPrivateKeyFile', () => {
  it('reads a key, and quotes nothing of a broken one', async () => {
    const [recovery] = await ring.recoveryKeys();
    const path = join(root, 'recovery-private', `${recovery?.kid ?? ''}.jwk.json`);
    expect(await readPrivateKeyFile(path)).toMatchObject({ kid: recovery?.kid });
    await writeFile(path, '{"d":"geheim');
    await expect(readPrivateKeyFile(path)).rejects.toThrow('is not JSON');
    await expect(readPrivateKeyFile(path)).rejects.not.toThrow('geheim');
    await expect(readPrivateKeyFile(join(root, 'none'))).rejects.toMatchObject({ code: 'key_missing' });
    await expect(readPrivateKeyFile(root)).rejects.toMatchObject({ code: 'key_malformed' });
  });
});
