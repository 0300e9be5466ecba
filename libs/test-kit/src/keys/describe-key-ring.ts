import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CohortName, KeyRing, WrapContext } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { wrapHeader } from './memory-key-ring.js';
import type { CohortSecrets } from './memory-key-ring.js';
import { openFromEscrow, openSigned, openWithKek, wrapForEscrow, wrapWithKek } from './plain-jose.js';

/** The cohorts a ring under test has to hold, and one it must not hold. */
export const KEY_RING_COHORTS: readonly CohortName[] = [
  { className: 'standard', period: '2033-11' },
  { className: 'ledger', period: '2026' },
  { className: 'standard', period: '2033-02' },
];
const ABSENT: CohortName = { className: 'standard', period: '2033-03' };

export interface KeyRingUnderTest {
  readonly ring: KeyRing;
  /** The secrets of a cohort, read past the ring: the suite opens and forges wraps with them. */
  readonly secrets: (cohort: CohortName) => Promise<CohortSecrets>;
}

/** What every key ring promises (`KeyRing`), checked with an independent implementation of the formats. */
export function describeKeyRing(name: string, make: () => Promise<KeyRingUnderTest>): void {
  describe(`key ring ${name}`, () => {
    const [first, , third] = KEY_RING_COHORTS as [CohortName, CohortName, CohortName];
    const dataKey = randomBytes(32);
    let ring: KeyRing;
    let secrets: CohortSecrets;
    let otherSecrets: CohortSecrets;
    let context: WrapContext;
    let kek: string;
    let escrow: string;

    beforeAll(async () => {
      const made = await make();
      ring = made.ring;
      secrets = await made.secrets(first);
      otherSecrets = await made.secrets(third);
      context = { archive: 'a1'.repeat(32), chain: 'msg/im/消息/0/1', dataKey: 'd2'.repeat(16), cohort: first };
      ({ kek, escrow } = await ring.wrap(dataKey, context));
    });

    const header = (kid = secrets.kekId): Record<string, unknown> => wrapHeader('A256KW', kid, context);

    /** Runs `work`, which must be refused, and looks for key material in everything the error would print. */
    async function refusal(work: Promise<unknown>): Promise<string> {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(HoldfastError);
      const printed = inspect(error, { depth: 20, showHidden: true });
      for (const secret of [dataKey, secrets.kek, otherSecrets.kek, Buffer.from(secrets.escrow.privateJwk.d ?? '', 'base64url')]) {
        for (const spelling of ['hex', 'base64', 'base64url'] as const) expect(printed).not.toContain(secret.toString(spelling).slice(0, 24));
      }
      return error instanceof HoldfastError ? error.code : '';
    }

    it('names its public keys', async () => {
      expect(await ring.manifestKey()).toMatchObject({ kty: 'EC', crv: 'P-256' });
      expect(await ring.logKey()).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
      expect(Buffer.from((await ring.logKey()).x, 'base64url')).toHaveLength(32);
      const recovery = await ring.recoveryKeys();
      expect(recovery.length).toBeGreaterThan(0);
      for (const key of [await ring.manifestKey(), await ring.logKey(), ...recovery]) expect(Object.keys(key)).not.toContain('d');
    });

    it('lists its cohorts in ascending order', async () => {
      const names = (await ring.cohorts()).map(({ cohort }) => `${cohort.className}/${cohort.period}`);
      expect(names).toEqual(['ledger/2026', 'standard/2033-02', 'standard/2033-11']);
      const last = (await ring.cohorts())[2];
      expect(last?.kek).toBe(secrets.kekId);
      expect(last?.escrow).toMatchObject(secrets.escrow.publicJwk);
      expect(Object.keys(last?.escrow ?? {})).not.toContain('d');
    });

    it('signs so that another implementation verifies it, with exactly the header alg, kid, typ', async () => {
      const key = await ring.manifestKey();
      const payloads = [new Uint8Array(), new TextEncoder().encode('{"合":1}'), randomBytes(65_536)];
      const signed = await Promise.all(payloads.map((payload) => ring.sign(payload, 'holdfast-manifest+json')));
      for (const [at, jws] of signed.entries()) {
        const opened = openSigned(jws, key);
        expect(opened?.header).toBe(JSON.stringify({ alg: 'ES256', kid: key.kid, typ: 'holdfast-manifest+json' }));
        expect(opened?.payload.equals(payloads[at] ?? randomBytes(1))).toBe(true);
      }
    });

    it('signs checkpoints with the log key, so that another implementation verifies them', async () => {
      const { kty, crv, x } = await ring.logKey();
      const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
      const text = Buffer.from('example.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n');
      const signature = await ring.signCheckpoint(text);
      expect(signature).toHaveLength(64);
      expect(verify(null, text, key, signature)).toBe(true);
      expect(verify(null, text.subarray(1), key, signature)).toBe(false);
    });

    it('wraps so that another implementation opens both wraps, with the names in the protected header', async () => {
      expect(openWithKek(kek, secrets.kek).equals(dataKey)).toBe(true);
      expect(openFromEscrow(escrow, secrets.escrow.privateJwk).equals(dataKey)).toBe(true);
      const read = (jwe: string): unknown => JSON.parse(Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString());
      expect(read(kek)).toEqual(header());
      expect(read(escrow)).toMatchObject(wrapHeader('ECDH-ES+A256KW', secrets.escrow.publicJwk.kid, context));
      expect(Object.keys(read(escrow) as object)).toEqual(['alg', 'enc', 'kid', 'hf', 'epk']);
      const again = await ring.wrap(dataKey, context);
      expect(again.kek).not.toBe(kek);
      expect(again.escrow).not.toBe(escrow);
    });

    it('opens its own wraps and those of another implementation', async () => {
      expect(Buffer.from(await ring.unwrap(kek, context)).equals(dataKey)).toBe(true);
      const other = wrapWithKek(header(), dataKey, secrets.kek);
      expect(Buffer.from(await ring.unwrap(other, context)).equals(dataKey)).toBe(true);
    });

    it('refuses a wrap of another archive, chain, data key or cohort', async () => {
      for (const change of [
        { archive: 'a2'.repeat(32) },
        { chain: 'msg/im/消息/0/2' },
        { dataKey: 'd3'.repeat(16) },
        { cohort: third },
        { cohort: { className: 'ledger', period: '2026' } },
      ]) {
        expect(await refusal(ring.unwrap(kek, { ...context, ...change }))).toBe('key_malformed');
        // The same from the other side: the wrap is genuine, but it is not the one that is asked for.
        const { kek: genuine } = await ring.wrap(dataKey, { ...context, ...change });
        expect(await refusal(ring.unwrap(genuine, context))).toBe('key_malformed');
      }
    });

    it('refuses an escrow wrap where a KEK wrap belongs', async () => {
      expect(await refusal(ring.unwrap(escrow, context))).toBe('key_malformed');
      const disguised = wrapForEscrow(header(), dataKey, secrets.escrow.publicJwk);
      expect(await refusal(ring.unwrap(disguised, context))).toBe('key_malformed');
    });

    it('refuses the KEK of another cohort, named or used', async () => {
      const named = wrapWithKek(header(otherSecrets.kekId), dataKey, otherSecrets.kek);
      expect(['key_missing', 'key_malformed']).toContain(await refusal(ring.unwrap(named, context)));
      const used = wrapWithKek(header(), dataKey, otherSecrets.kek);
      expect(await refusal(ring.unwrap(used, context))).toBe('key_malformed');
    });

    it('says key_missing for a cohort it does not hold', async () => {
      expect(await refusal(ring.wrap(dataKey, { ...context, cohort: ABSENT }))).toBe('key_missing');
      const genuine = wrapWithKek(wrapHeader('A256KW', secrets.kekId, { ...context, cohort: ABSENT }), dataKey, secrets.kek);
      expect(await refusal(ring.unwrap(genuine, { ...context, cohort: ABSENT }))).toBe('key_missing');
    });

    it('finds every changed character of a wrap', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(kek.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
          const changed = Buffer.from(kek, 'latin1');
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          expect(['key_malformed', 'key_missing']).toContain(await refusal(ring.unwrap(changed.toString('latin1'), context)));
        }),
        { numRuns: 300 },
      );
    });

    it('opens a wrap in one spelling only', async () => {
      // Base64url leaves unused bits in the last character of a part; a lax decoder takes several spellings for one.
      const parts = kek.split('.');
      for (let part = 0; part < 5; part++) {
        const own = parts[part] ?? '';
        for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=') {
          if (own.endsWith(last)) continue;
          const respelled = parts.map((text, at) => (at === part ? own.slice(0, -1) + last : text)).join('.');
          expect(await refusal(ring.unwrap(respelled, context))).toBe('key_malformed');
        }
      }
    });

    it('finds parts taken from another wrap', async () => {
      const other = (await ring.wrap(randomBytes(32), context)).kek.split('.');
      for (let part = 1; part < 5; part++) {
        const mixed = kek.split('.').map((own, at) => (at === part ? other[at] : own));
        expect(await refusal(ring.unwrap(mixed.join('.'), context))).toBe('key_malformed');
      }
    });

    it('refuses algorithms it would not have used', async () => {
      const algorithms = ['dir', 'RSA1_5', 'RSA-OAEP', 'PBES2-HS256+A128KW', 'PBES2-HS512+A256KW', 'A128KW', 'A256GCMKW', 'ECDH-ES', 'none'];
      for (const alg of algorithms) {
        const forged = wrapWithKek({ ...header(), alg, p2c: 2 ** 31 - 1, p2s: 'AAAA' }, dataKey, secrets.kek);
        expect(await refusal(ring.unwrap(forged, context))).toBe('key_malformed');
      }
      for (const alg of algorithms) {
        expect(await refusal(ring.unwrap(wrapWithKek({ ...header(), alg }, dataKey, secrets.kek), context))).toBe('key_malformed');
      }
      for (const enc of ['A128GCM', 'A256CBC-HS512', 'none', '']) {
        expect(await refusal(ring.unwrap(wrapWithKek({ ...header(), enc }, dataKey, secrets.kek), context))).toBe('key_malformed');
      }
      const direct = kek.replace(/\.[^.]*\./, '..');
      expect(await refusal(ring.unwrap(direct, context))).toBe('key_malformed');
    });

    it('refuses every header member that does not belong, also when the KEK made the wrap', async () => {
      const jwk = { kty: 'oct', k: 'AAAA' };
      const members = { zip: 'DEF', jwk, jku: 'https://example.org/keys', x5u: 'https://example.org/x', x5c: ['AA'], crit: ['b64'], b64: false };
      for (const [member, value] of Object.entries({ ...members, epk: jwk, apu: 'AA', cty: 'JWT', typ: 'JOSE', constructor: 1 })) {
        const forged = wrapWithKek({ ...header(), [member]: value }, dataKey, secrets.kek);
        expect(await refusal(ring.unwrap(forged, context))).toBe('key_malformed');
      }
      const polluted = JSON.stringify(header()).replace('{', '{"__proto__":{"zip":"DEF"},');
      expect(await refusal(ring.unwrap(wrapWithKek(polluted, dataKey, secrets.kek), context))).toBe('key_malformed');
    });

    it('refuses a header with another spelling, order or repeated members', async () => {
      const text = JSON.stringify(header());
      for (const spelled of [
        ` ${text}`,
        `${text}\n`,
        text.replace('"alg":', '"alg":"dir","alg":'),
        text.replace('{"archive"', '{"archive":"x","archive"'),
        JSON.stringify(Object.fromEntries(Object.entries(header()).reverse())),
        text.replace('A256KW', '\\u00412' + '56KW'),
        'null',
        '[]',
        '"x"',
        '{',
      ]) {
        expect(await refusal(ring.unwrap(wrapWithKek(spelled, dataKey, secrets.kek), context))).toBe('key_malformed');
      }
    });

    it('refuses a wrap that would inflate', async () => {
      const bomb = deflateRawSync(Buffer.alloc(8 << 20), { level: 9 });
      const forged = wrapWithKek({ ...header(), zip: 'DEF' }, bomb, secrets.kek);
      expect(await refusal(ring.unwrap(forged, context))).toBe('key_malformed');
    });

    it('refuses a huge header and a huge wrap', async () => {
      const padded = wrapWithKek({ ...header(), pad: 'x'.repeat(1 << 20) }, dataKey, secrets.kek);
      expect(await refusal(ring.unwrap(padded, context))).toBe('key_malformed');
      expect(await refusal(ring.unwrap('A'.repeat(16 << 20), context))).toBe('key_malformed');
      expect(await refusal(ring.unwrap('.'.repeat(1 << 20), context))).toBe('key_malformed');
    });

    it('refuses anything that is not 32 bytes, wrapping and unwrapping', async () => {
      for (const length of [0, 16, 31, 33, 64]) {
        expect(await refusal(ring.wrap(randomBytes(length), context))).toBe('key_malformed');
        expect(await refusal(ring.unwrap(wrapWithKek(header(), randomBytes(length), secrets.kek), context))).toBe('key_malformed');
      }
    });

    it('refuses a shortened tag', async () => {
      const parts = kek.split('.');
      for (const bytes of [1, 4, 12, 15]) {
        const tag = Buffer.from(parts[4] ?? '', 'base64url')
          .subarray(0, bytes)
          .toString('base64url');
        expect(await refusal(ring.unwrap([...parts.slice(0, 4), tag].join('.'), context))).toBe('key_malformed');
      }
    });

    it('survives any text', async () => {
      const text = fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.array(fc.base64String(), { maxLength: 7 }).map((parts) => parts.join('.')),
      );
      await fc.assert(
        fc.asyncProperty(text, async (jwe) => {
          expect(await refusal(ring.unwrap(jwe, context))).toBe('key_malformed');
        }),
        { numRuns: 50 },
      );
    });
  });
}
