import { mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { openSigned } from '@holdfast/test-kit';
import { initKeyRing } from './init-key-ring.js';
import { JwksKeyRing } from './jwks-key-ring.js';
import { readPrivateKeyFile } from './key-folder.js';
import { activateKey, addKey, keysOf, retireKey } from './key-rotation.js';

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
    const added = await addKey(root, 'manifest');
    // On standby: known to everybody, so that its introduction can be sealed under the old key.
    expect((await ring.manifestKey()).kid).toBe(old.kid);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual([old.kid, added.kid]);
    await activateKey(root, 'manifest', added.kid);
    expect(await ring.manifestKey()).toEqual(added.jwk);
    expect(openSigned(await ring.sign(Buffer.from('x'), 't'), await ring.manifestKey())?.header).toContain(added.kid);
    await retireKey(root, 'manifest', old.kid);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual([old.kid, added.kid]);
    expect((await stat(join(root, 'manifest.jwks.json'))).mode & 0o777).toBe(0o600);
    expect((await readdir(root)).filter((name) => name.includes('next'))).toEqual([]);
  });

  it('refuses to retire the only key that signs, to wake a retired one, and keys it does not hold', async () => {
    const old = await ring.manifestKey();
    await expect(retireKey(root, 'manifest', old.kid)).rejects.toThrow('is the only one that signs');
    const added = await addKey(root, 'manifest');
    await expect(retireKey(root, 'manifest', old.kid)).rejects.toThrow('is the only one that signs');
    await activateKey(root, 'manifest', added.kid);
    await retireKey(root, 'manifest', old.kid);
    await expect(activateKey(root, 'manifest', old.kid)).rejects.toThrow('is retired and never signs again');
    await expect(activateKey(root, 'manifest', 'nobody')).rejects.toMatchObject({ code: 'key_missing' });
    await expect(retireKey(root, 'manifest', 'nobody')).rejects.toMatchObject({ code: 'key_missing' });
    expect((await readdir(root)).filter((name) => name.includes('next'))).toEqual([]);
  });

  it('loses no key when two rotations meet', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => addKey(root, 'manifest')));
    const added = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.kid] : []));
    expect(added.length).toBeGreaterThan(0);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual(expect.arrayContaining(added));
    expect(await ring.manifestKeys()).toHaveLength(1 + added.length);
  });

  it('says what to do about one that died', async () => {
    await writeFile(join(root, 'manifest.jwks.json.next'), '{');
    const before = await readFile(join(root, 'manifest.jwks.json'), 'utf8');
    await expect(addKey(root, 'manifest')).rejects.toThrow('If none is running, remove the file.');
    expect(await readFile(join(root, 'manifest.jwks.json'), 'utf8')).toBe(before);
  });
});

describe('rotation of the other keys', () => {
  it('changes who signs the log, and a KEK of a cohort, and what was wrapped before still opens', async () => {
    const cohort = { className: 'standard', period: '2030-01' };
    await initKeyRing(root, { cohorts: [cohort], escrowPrivate: true });
    const log = await ring.logKey();
    const nextLog = await addKey(root, 'log');
    await activateKey(root, 'log', nextLog.kid);
    expect(await ring.logKey()).toEqual(nextLog.jwk);
    await retireKey(root, 'log', log.kid);
    expect((await keysOf(root, 'log')).map(({ kid, state }) => [kid, state])).toEqual([
      [log.kid, 'retired'],
      [nextLog.kid, 'in use'],
    ]);
    const context = { archive: 'ab'.repeat(32), chain: 'msg/a/b/0/0', dataKey: 'cd'.repeat(16), cohort };
    const dataKey = Buffer.alloc(32, 7);
    const before = await ring.wrap(dataKey, context);
    const kek = await addKey(root, cohort);
    expect(kek).toEqual({ kid: kek.kid, state: 'standby' });
    expect((await ring.cohorts())[0]?.kek).not.toBe(kek.kid);
    await activateKey(root, cohort, kek.kid);
    expect((await ring.cohorts())[0]?.kek).toBe(kek.kid);
    const after = await ring.wrap(dataKey, context);
    for (const { kek: wrap } of [before, after]) expect(await ring.unwrap(wrap, context)).toEqual(new Uint8Array(dataKey));
    expect(JSON.parse(Buffer.from(after.kek.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid: kek.kid });
  });

  it('of a cohort that the ring does not hold is refused', async () => {
    await expect(addKey(root, { className: 'standard', period: '2099-01' })).rejects.toMatchObject({ code: 'key_missing' });
    await expect(keysOf(root, { className: 'standard', period: '2099-01' })).rejects.toMatchObject({ code: 'key_missing' });
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
