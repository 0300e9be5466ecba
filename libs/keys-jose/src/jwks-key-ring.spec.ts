import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { newEcPair, openSigned } from '@holdfast/test-kit';
import { initKeyRing } from './init-key-ring.js';
import { JwksKeyRing } from './jwks-key-ring.js';
import { es256Signer, signWithKey } from './signing.js';

const COHORT = { className: 'standard', period: '2030-01' };
const CONTEXT = { archive: 'ab'.repeat(32), chain: 'gov', dataKey: '0d'.repeat(16), cohort: COHORT };
const KEK = 'kek/standard/2030-01.jwks.json';
const ESCROW = 'escrow/standard/2030-01.jwk.json';
const ESCROW_PRIVATE = 'escrow-private/standard/2030-01.jwk.json';

interface Jwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  d: string;
  k: string;
  kid: string;
  retired?: boolean;
}

let root: string;
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'holdfast-ring-')), 'keys');
  await initKeyRing(root, { cohorts: [COHORT], escrowPrivate: true });
});

const read = async (file: string): Promise<{ keys: [Jwk] } & Jwk> => JSON.parse(await readFile(join(root, file), 'utf8')) as { keys: [Jwk] } & Jwk;
const write = (file: string, content: unknown): Promise<void> => writeFile(join(root, file), JSON.stringify(content), { mode: 0o600 });

describe('JwksKeyRing', () => {
  it('refuses secret files that others may read and public files that others may change', async () => {
    const ring = await JwksKeyRing.open(root);
    await chmod(join(root, 'manifest.jwks.json'), 0o640);
    await expect(JwksKeyRing.open(root)).rejects.toThrow('can be read by other users (mode 640): run "chmod 600" on it');
    await chmod(join(root, KEK), 0o604);
    await expect(ring.wrap(randomBytes(32), CONTEXT)).rejects.toThrow('can be read by other users');
    await chmod(join(root, KEK), 0o600);
    await chmod(join(root, ESCROW), 0o644);
    await ring.wrap(randomBytes(32), CONTEXT);
    await chmod(join(root, ESCROW), 0o664);
    await expect(ring.wrap(randomBytes(32), CONTEXT)).rejects.toThrow('can be changed by other users');
    await chmod(root, 0o750);
    await expect(JwksKeyRing.open(root)).rejects.toThrow('can be entered by other users (mode 750)');
  });

  it('leaves the permissions of mounted secrets to whoever mounts them', async () => {
    await chmod(root, 0o755);
    for (const file of ['manifest.jwks.json', 'log.jwks.json', KEK]) await chmod(join(root, file), 0o444);
    const ring = await JwksKeyRing.open(root, { mounted: true });
    const { kek } = await ring.wrap(randomBytes(32), CONTEXT);
    expect(await ring.unwrap(kek, CONTEXT)).toHaveLength(32);
  });

  it('says how to make a ring where there is none', async () => {
    await expect(JwksKeyRing.open(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'key_missing' });
    await expect(JwksKeyRing.open(join(root, 'nowhere'))).rejects.toThrow('holdfast keys init');
    await rm(join(root, 'log.jwks.json'));
    await expect(JwksKeyRing.open(root)).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('signs with the newest key that is not retired, at once, and still lists the old one', async () => {
    const ring = await JwksKeyRing.open(root);
    const old = await ring.manifestKey();
    const { keys } = await read('manifest.jwks.json');
    const offline = join(root, '..', 'other');
    await initKeyRing(offline, { cohorts: [], escrowPrivate: false });
    const added = (JSON.parse(await readFile(join(offline, 'manifest.jwks.json'), 'utf8')) as { keys: [Jwk] }).keys[0];
    await write('manifest.jwks.json', { keys: [...keys, added] });
    expect((await ring.manifestKey()).kid).toBe(added.kid);
    expect(openSigned(await ring.sign(Buffer.from('x'), 't'), await ring.manifestKey())?.header).toContain(added.kid);
    expect((await ring.manifestKeys()).map(({ kid }) => kid)).toEqual([old.kid, added.kid]);
    await write('manifest.jwks.json', { keys: [...keys, { ...added, retired: true }] });
    expect((await ring.manifestKey()).kid).toBe(old.kid);
    await write('manifest.jwks.json', { keys: [{ ...keys[0], retired: true }] });
    await expect(ring.sign(Buffer.from('x'), 't')).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('opens wraps of a KEK that was replaced, and of none that was destroyed', async () => {
    const ring = await JwksKeyRing.open(root);
    const dataKey = randomBytes(32);
    const { kek } = await ring.wrap(dataKey, CONTEXT);
    const { keys } = await read(KEK);
    const next = { kty: 'oct', kid: randomBytes(16).toString('base64url'), k: randomBytes(32).toString('base64url') };
    await write(KEK, { keys: [...keys, next] });
    expect(Buffer.from(await ring.unwrap(kek, CONTEXT)).equals(dataKey)).toBe(true);
    const { kek: renewed } = await ring.wrap(dataKey, CONTEXT);
    await write(KEK, { keys: [next] });
    await expect(ring.unwrap(kek, CONTEXT)).rejects.toMatchObject({ code: 'key_missing' });
    expect(Buffer.from(await ring.unwrap(renewed, CONTEXT)).equals(dataKey)).toBe(true);
    await rm(join(root, KEK));
    await expect(ring.unwrap(renewed, CONTEXT)).rejects.toMatchObject({ code: 'key_missing' });
    expect(await ring.cohorts()).toEqual([]);
  });

  it('signs checkpoints with the log key', async () => {
    const ring = await JwksKeyRing.open(root);
    const { kty, crv, x } = await ring.logKey();
    const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
    const message = Buffer.from('example.org/log\n1\n\n');
    expect(verify(null, message, key, await ring.signCheckpoint(message))).toBe(true);
  });

  it('refuses a private key where a public one belongs', async () => {
    await write(ESCROW, await read(ESCROW_PRIVATE));
    const ring = await JwksKeyRing.open(root);
    await expect(ring.wrap(randomBytes(32), CONTEXT)).rejects.toThrow('holds a private key where only public keys belong');
  });

  it.each<[string, (jwk: Jwk) => unknown]>([
    ['another curve', (jwk) => ({ ...jwk, crv: 'P-384' })],
    ['another type', (jwk) => ({ ...jwk, kty: 'RSA' })],
    ['a kid that is not its thumbprint', (jwk) => ({ ...jwk, kid: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })],
    ['no private half', ({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid })],
    ['another private half', (jwk) => ({ ...jwk, d: randomBytes(32).fill(7).toString('base64url') })],
    ['a private half of zero', (jwk) => ({ ...jwk, d: Buffer.alloc(32).toString('base64url') })],
    ['a short coordinate', (jwk) => ({ ...jwk, x: jwk.x.slice(1) })],
    ['a point off the curve', (jwk) => ({ ...jwk, y: Buffer.alloc(32, 1).toString('base64url') })],
    ['a list', () => []],
    ['null', () => null],
  ])('refuses a signing key with %s', async (_, change) => {
    const { keys } = await read('manifest.jwks.json');
    await write('manifest.jwks.json', { keys: [change(keys[0])] });
    const error: unknown = await JwksKeyRing.open(root).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'key_malformed' });
    expect(inspect(error, { depth: 9 })).not.toContain(keys[0].d);
  });

  it('refuses files that are not JWK sets, and quotes nothing of them', async () => {
    const secret = (await read(KEK)).keys[0].k;
    for (const text of [
      `{"keys":[{"k":"${secret}"`,
      `"${secret}"`,
      '{}',
      '{"keys":[]}',
      '{"keys":{}}',
      '',
      `{"keys":[{"kty":"oct","k":"${secret}"}]}`,
    ]) {
      await writeFile(join(root, KEK), text);
      const error: unknown = await (await JwksKeyRing.open(root)).unwrap('x', CONTEXT).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'key_malformed' });
      const wrapping: unknown = await (await JwksKeyRing.open(root)).wrap(randomBytes(32), CONTEXT).catch((reason: unknown) => reason);
      expect(wrapping).toMatchObject({ code: 'key_malformed' });
      expect(inspect([error, wrapping], { depth: 9, showHidden: true })).not.toContain(secret.slice(0, 12));
    }
  });
});

describe('signWithKey', () => {
  it('signs with a recovery key that is handed in', async () => {
    const ring = await JwksKeyRing.open(root);
    const [key] = await ring.recoveryKeys();
    const privateJwk: unknown = JSON.parse(await readFile(join(root, 'recovery-private', `${key?.kid ?? ''}.jwk.json`), 'utf8'));
    const jws = await signWithKey(privateJwk, Buffer.from('{}'), 'holdfast-statement+json');
    expect(openSigned(jws, key ?? {})?.header).toBe(`{"alg":"ES256","kid":"${key?.kid ?? ''}","typ":"holdfast-statement+json"}`);
    await expect(signWithKey({ kty: 'EC' }, Buffer.from('{}'), 't')).rejects.toMatchObject({ code: 'key_malformed' });
  });
});

describe('es256Signer', () => {
  it('lets no signature leave that does not verify with the public half', async () => {
    const { publicJwk } = newEcPair();
    const signer = await es256Signer({ ...publicJwk, d: newEcPair().privateJwk.d ?? '' });
    await expect(signer.sign(Buffer.from('x'), 't')).rejects.toThrow('made a signature that does not verify; nothing was signed');
  });
});
