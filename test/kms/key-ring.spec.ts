import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JwksKeyRing, activateKey, addKey, initKeyRing, sealKeyFolder, unsealKeyFolder } from '@holdfast/keys-jose';
import { KmsSealer } from '@holdfast/keys-kms';
import type { CohortName } from '@holdfast/ports';
import { KEY_RING_COHORTS, describeKeyRing } from '@holdfast/test-kit';
import type { CohortSecrets } from '@holdfast/test-kit';
import { FakeKms } from '../../libs/keys-kms/test/fake-kms.js';

let kms: FakeKms;
let sealer: KmsSealer;
beforeAll(async () => {
  kms = await FakeKms.start();
  kms.createKey('ring');
  sealer = new KmsSealer({ keyId: 'ring', region: 'eu-central-1', endpoint: kms.endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
});
afterAll(async () => {
  sealer.close();
  await kms.stop();
});

async function folder(): Promise<string> {
  const made = join(await mkdtemp(join(tmpdir(), 'holdfast-kms-')), 'keys');
  await initKeyRing(made, { cohorts: KEY_RING_COHORTS, escrowPrivate: true });
  return made;
}

const unseal = (file: string, sealed: Uint8Array): Promise<Uint8Array> => sealer.unseal(file, sealed);

describeKeyRing('JWK sets that AWS KMS has sealed', async () => {
  const root = await folder();
  const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(root, path), 'utf8')) as T;
  const keks = new Map<string, { readonly kid: string; readonly k: string }>();
  for (const { className, period } of KEY_RING_COHORTS) {
    const { keys } = await read<{ keys: [{ kid: string; k: string }] }>(`kek/${className}/${period}.jwks.json`);
    keks.set(`${className}/${period}`, keys[0]);
  }
  await sealKeyFolder(root, sealer);
  const secrets = async ({ className, period }: CohortName): Promise<CohortSecrets> => {
    const { kty, crv, x, y, kid } = await read<CohortSecrets['escrow']['publicJwk']>(`escrow/${className}/${period}.jwk.json`);
    const privateJwk = await read<CohortSecrets['escrow']['privateJwk']>(`escrow-private/${className}/${period}.jwk.json`);
    const kek = keks.get(`${className}/${period}`);
    return { kekId: kek?.kid ?? '', kek: Buffer.from(kek?.k ?? '', 'base64url'), escrow: { publicJwk: { kty, crv, x, y, kid }, privateJwk } };
  };
  return { ring: await JwksKeyRing.open(root, { unseal }), secrets };
});

describe('a key ring in the keeping of KMS', () => {
  it('has no secret of a server on disk, and asks KMS once for each file', async () => {
    const root = await folder();
    const signing = JSON.parse(await readFile(join(root, 'manifest.jwks.json'), 'utf8')) as { readonly keys: readonly [{ readonly d: string }] };
    const sealed = await sealKeyFolder(root, sealer);
    expect(sealed).toContain('manifest.jwks.json');
    for (const name of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!name.isFile() || name.parentPath.includes('-private')) continue;
      expect(await readFile(join(name.parentPath, name.name), 'utf8')).not.toContain(signing.keys[0].d);
      if (name.parentPath.includes('kek')) expect(name.name).toMatch(/\.kms$/);
    }
    const before = kms.calls.length;
    const ring = await JwksKeyRing.open(root, { unseal });
    for (let n = 0; n < 5; n++) await ring.sign(Buffer.from('x'), 't');
    expect(kms.calls.length - before).toBe(2);
    expect((await ring.cohorts()).length).toBe(KEY_RING_COHORTS.length);
    await expect(JwksKeyRing.open(root)).rejects.toMatchObject({ code: 'key_malformed' });
    // Nothing is made beside what is sealed.
    await initKeyRing(root, { cohorts: KEY_RING_COHORTS, escrowPrivate: true });
    expect(await readdir(root)).not.toContain('manifest.jwks.json');
  });

  it('is taken out of it to be rotated, and put back; a running ring follows', async () => {
    const root = await folder();
    await sealKeyFolder(root, sealer);
    const ring = await JwksKeyRing.open(root, { unseal });
    await unsealKeyFolder(root, sealer);
    const next = await addKey(root, 'manifest');
    await activateKey(root, 'manifest', next.kid);
    await sealKeyFolder(root, sealer);
    expect((await ring.manifestKey()).kid).toBe(next.kid);
  });

  it('refuses a KEK in the place of another, and a clear file beside a sealed one', async () => {
    const root = await folder();
    const [one, other] = KEY_RING_COHORTS;
    if (one === undefined || other === undefined) throw new Error('two cohorts are needed');
    await sealKeyFolder(root, sealer);
    const file = ({ className, period }: CohortName): string => join(root, 'kek', className, `${period}.jwks.json.kms`);
    await rename(file(one), file(other));
    const ring = await JwksKeyRing.open(root, { unseal });
    const context = { archive: 'ab'.repeat(32), chain: 'gov', dataKey: 'cd'.repeat(16), cohort: other };
    await expect(ring.wrap(new Uint8Array(32), context)).rejects.toMatchObject({ code: 'key_malformed' });
  });
});
