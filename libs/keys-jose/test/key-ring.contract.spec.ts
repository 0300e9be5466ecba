import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CohortName } from '@holdfast/ports';
import { KEY_RING_COHORTS, describeKeyRing } from '@holdfast/test-kit';
import type { CohortSecrets } from '@holdfast/test-kit';
import { JwksKeyRing, initKeyRing } from '@holdfast/keys-jose';

describeKeyRing('JWK sets in a folder', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'holdfast-keys-')), 'keys');
  await initKeyRing(folder, { cohorts: KEY_RING_COHORTS, escrowPrivate: true });
  const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(folder, path), 'utf8')) as T;
  const secrets = async ({ className, period }: CohortName): Promise<CohortSecrets> => {
    const { keys } = await read<{ keys: [{ kid: string; k: string }] }>(`kek/${className}/${period}.jwks.json`);
    const publicJwk = await read<CohortSecrets['escrow']['publicJwk']>(`escrow/${className}/${period}.jwk.json`);
    const privateJwk = await read<CohortSecrets['escrow']['privateJwk']>(`escrow-private/${className}/${period}.jwk.json`);
    const { kty, crv, x, y, kid } = publicJwk;
    return { kekId: keys[0].kid, kek: Buffer.from(keys[0].k, 'base64url'), escrow: { publicJwk: { kty, crv, x, y, kid }, privateJwk } };
  };
  return { ring: await JwksKeyRing.open(folder), secrets };
});
