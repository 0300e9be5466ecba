import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KmsSealer } from '../src/kms-sealer.js';
import { FakeKms } from './fake-kms.js';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const FILE = 'kek/standard/2031-01.jwks.json';
const BYTES = new TextEncoder().encode('{"keys":[]}');
let kms: FakeKms;
let sealer: KmsSealer;

beforeAll(async () => {
  kms = await FakeKms.start();
});
afterAll(() => kms.stop());
beforeEach(() => {
  kms.failure = undefined;
  kms.createKey('ring');
  kms.createKey('other');
  sealer = new KmsSealer({ keyId: 'ring', region: 'eu-central-1', endpoint: kms.endpoint, credentials });
});

describe('a file sealed by KMS', () => {
  it('opens to the same bytes, under the same name and with the same key only', async () => {
    await sealer.check();
    const sealed = await sealer.seal(FILE, BYTES);
    expect(new TextDecoder().decode(sealed)).not.toContain('keys');
    expect([...(await sealer.unseal(FILE, sealed))]).toEqual([...BYTES]);
    await expect(sealer.unseal('kek/standard/2031-02.jwks.json', sealed)).rejects.toMatchObject({ code: 'key_malformed' });
    const stranger = new KmsSealer({ keyId: 'other', region: 'eu-central-1', endpoint: kms.endpoint, credentials });
    await expect(stranger.unseal(FILE, sealed)).rejects.toMatchObject({ code: 'key_malformed' });
    stranger.close();
  });

  it('that was changed, or is none, is refused', async () => {
    const sealed = JSON.parse(new TextDecoder().decode(await sealer.seal(FILE, BYTES))) as { ciphertext: string };
    const changed = Buffer.from(sealed.ciphertext, 'base64');
    changed[30] = (changed[30] ?? 0) ^ 1;
    for (const value of [{ ...sealed, ciphertext: changed.toString('base64') }, { ...sealed, format: 'other' }, { format: 1 }, 'text', null])
      await expect(sealer.unseal(FILE, new TextEncoder().encode(JSON.stringify(value)))).rejects.toMatchObject({ code: 'key_malformed' });
    await expect(sealer.unseal(FILE, new TextEncoder().encode('{'))).rejects.toMatchObject({ code: 'key_malformed' });
    await expect(sealer.seal(FILE, new Uint8Array(4097))).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('cannot be opened with a key that is not there or disabled, or while KMS is away', async () => {
    const sealed = await sealer.seal(FILE, BYTES);
    kms.disable('ring');
    await expect(sealer.check()).rejects.toMatchObject({ code: 'bad_configuration' });
    await expect(sealer.unseal(FILE, sealed)).rejects.toMatchObject({ code: 'bad_configuration' });
    const none = new KmsSealer({ keyId: 'none', region: 'eu-central-1', endpoint: kms.endpoint, credentials });
    await expect(none.check()).rejects.toMatchObject({ code: 'bad_configuration' });
    kms.failure = 'KMSInternalException';
    await expect(sealer.unseal(FILE, sealed)).rejects.toMatchObject({ code: 'store_unavailable' });
  }, 60_000);
});
