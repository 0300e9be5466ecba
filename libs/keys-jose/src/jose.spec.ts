import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openWithKek, wrapWithKek } from '@holdfast/test-kit';
import { decryptCompact, encryptCompact, parseJoseKey } from './jose.js';

const kek = randomBytes(32);
const key = await parseJoseKey({ kty: 'oct', kid: 'k', k: kek.toString('base64url') });
const header = { alg: 'A256KW', enc: 'A256GCM', kid: 'k' };

describe('jose', () => {
  it('opens only by algorithms that are named', async () => {
    const jwe = wrapWithKek(header, randomBytes(32), kek);
    expect(await decryptCompact(key, jwe, ['A256KW', 'A256GCM'])).toHaveLength(32);
    expect(await decryptCompact(key, jwe, ['A128KW', 'A256GCM'])).toBeUndefined();
    expect(await decryptCompact(key, jwe, ['A256KW', 'A128GCM'])).toBeUndefined();
  });

  it('writes the header member for member', async () => {
    const jwe = await encryptCompact(key, header, randomBytes(7));
    expect(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString()).toBe(JSON.stringify(header));
    expect(openWithKek(jwe, kek)).toHaveLength(7);
  });
});
