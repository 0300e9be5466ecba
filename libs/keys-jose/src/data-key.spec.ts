import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newEcPair, openFromEscrow, wrapForEscrow, wrapHeader, wrapWithKek } from '@holdfast/test-kit';
import { unwrapEscrow, wrapDataKey } from './data-key.js';

const CONTEXT = { archive: 'ab'.repeat(32), chain: 'gov', dataKey: '0d'.repeat(16), cohort: { className: 'ledger', period: '2026' } };
const { publicJwk, privateJwk } = newEcPair();
const dataKey = randomBytes(32);
const header = wrapHeader('ECDH-ES+A256KW', publicJwk.kid, CONTEXT);
const wrap = (): Promise<string> => wrapDataKey(dataKey, 'ECDH-ES+A256KW', publicJwk, CONTEXT);

async function refusal(jwe: string, context = CONTEXT, key: unknown = privateJwk): Promise<unknown> {
  const result: unknown = await unwrapEscrow(jwe, context, key).catch((error: unknown) => (error as { code?: unknown }).code);
  return result;
}

describe('unwrapEscrow', () => {
  it('opens its own wraps and those of another implementation, and is opened by it', async () => {
    expect(Buffer.from(await unwrapEscrow(await wrap(), CONTEXT, privateJwk)).equals(dataKey)).toBe(true);
    expect(Buffer.from(await unwrapEscrow(wrapForEscrow(header, dataKey, publicJwk), CONTEXT, privateJwk)).equals(dataKey)).toBe(true);
    expect(openFromEscrow(await wrap(), privateJwk).equals(dataKey)).toBe(true);
  });

  it('uses a fresh ephemeral key for every wrap', async () => {
    const epk = (jwe: string): string =>
      Buffer.from(jwe.split('.')[0] ?? '', 'base64url')
        .toString()
        .split('"epk"')[1] ?? '';
    expect(epk(await wrap())).not.toBe(epk(await wrap()));
  });

  it('refuses other names, another key, and a key that is not whole', async () => {
    const jwe = await wrap();
    expect(await refusal(jwe, { ...CONTEXT, archive: 'cd'.repeat(32) })).toBe('key_malformed');
    expect(await refusal(jwe, { ...CONTEXT, chain: 'cover' })).toBe('key_malformed');
    expect(await refusal(jwe, { ...CONTEXT, dataKey: '0e'.repeat(16) })).toBe('key_malformed');
    expect(await refusal(jwe, { ...CONTEXT, cohort: { className: 'ledger', period: '2027' } })).toBe('key_malformed');
    expect(await refusal(jwe, CONTEXT, newEcPair().privateJwk)).toBe('key_missing');
    expect(await refusal(jwe, CONTEXT, publicJwk)).toBe('key_malformed');
    expect(await refusal(jwe, CONTEXT, 'not a key')).toBe('key_malformed');
  });

  it('refuses a KEK wrap and every header member that does not belong', async () => {
    expect(await refusal(wrapWithKek(wrapHeader('A256KW', publicJwk.kid, CONTEXT), dataKey, randomBytes(32)))).toBe('key_malformed');
    for (const extra of [{ zip: 'DEF' }, { apu: 'AA' }, { crit: ['x'] }, { jwk: publicJwk }, { alg: 'ECDH-ES' }, { enc: 'A128GCM' }]) {
      expect(await refusal(wrapForEscrow({ ...header, ...extra }, dataKey, publicJwk))).toBe('key_malformed');
    }
  });

  it('refuses an ephemeral key that is off the curve, missing, or of another kind', async () => {
    const parts = (await wrap()).split('.').slice(1);
    const { kty, crv, x, y } = newEcPair().publicJwk;
    const off = { kty, crv, x, y: Buffer.alloc(32, 9).toString('base64url') };
    for (const epk of [off, undefined, null, {}, { kty, crv, x }, { kty, crv: 'P-521', x, y }, { kty, crv, x, y, d: x }, { kty: 'oct', k: x }]) {
      const forged = Buffer.from(JSON.stringify({ ...header, epk })).toString('base64url');
      const jwe = [forged, ...parts].join('.');
      await expect(unwrapEscrow(jwe, CONTEXT, privateJwk)).rejects.toMatchObject({ code: 'key_malformed' });
      if (epk === off) await expect(unwrapEscrow(jwe, CONTEXT, privateJwk)).rejects.toThrow('its ephemeral key is not on P-256');
    }
  });

  it('finds every changed character', async () => {
    const jwe = await wrap();
    await fc.assert(
      fc.asyncProperty(fc.nat(jwe.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const changed = Buffer.from(jwe, 'latin1');
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(['key_malformed', 'key_missing']).toContain(await refusal(changed.toString('latin1')));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses to wrap anything but 32 bytes', async () => {
    for (const length of [0, 31, 33]) {
      await expect(wrapDataKey(randomBytes(length), 'ECDH-ES+A256KW', publicJwk, CONTEXT)).rejects.toThrow('a data key has 32 bytes');
    }
  });

  it('refuses to wrap for names that are not names', async () => {
    for (const change of [
      { archive: 'x' },
      { dataKey: '' },
      { chain: '' },
      { chain: 'x'.repeat(513) },
      { chain: '\ud800' },
      { cohort: { className: '', period: '' } },
    ]) {
      await expect(wrapDataKey(dataKey, 'ECDH-ES+A256KW', publicJwk, { ...CONTEXT, ...change })).rejects.toMatchObject({ code: 'key_malformed' });
    }
  });
});
