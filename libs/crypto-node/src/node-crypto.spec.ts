import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { describeCrypto } from '@holdfast/test-kit';
import { nodeCrypto as crypto, randomBytes } from './node-crypto.js';

describeCrypto('node:crypto', crypto);

describe('ES256', () => {
  it('goes on when it has met more keys than it remembers', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const jwk = { kty: 'EC', crv: 'P-256', x, y, kid: 'A'.repeat(43) } as const;
    const data = Buffer.from('signed');
    const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    for (let i = 0; i < 1_005; i++) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const other = pair.publicKey.export({ format: 'jwk' });
      crypto.verifyEs256({ ...jwk, x: other.x ?? '', y: other.y ?? '' }, data, signature);
    }
    expect(crypto.verifyEs256(jwk, data, signature)).toBe(true);
  });
});

it('random bytes are as many as asked for, and never the same', () => {
  expect(randomBytes(0)).toHaveLength(0);
  expect(new Set(Array.from({ length: 100 }, () => Buffer.from(randomBytes(16)).toString('hex'))).size).toBe(100);
});
