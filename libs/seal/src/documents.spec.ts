import { describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { newEcPair, signCompact } from '@holdfast/test-kit';
import fc from 'fast-check';
import { entryOf, sealRecords } from '../test/sealed-object.js';
import { utf8 } from './bytes.js';
import { CLAIM_TYP, MANIFEST_TYP, claimSchema, encodeDocument, genesisSchema, manifestSchema, parseDocument } from './documents.js';
import type { Manifest } from './documents.js';
import { MAX_JWS, parseJson, parseJws, verifyJws } from './jws.js';

const malformed = expect.objectContaining({ code: 'format_malformed' });
const pair = newEcPair();
const HASH = 'ab'.repeat(32);
const object = {
  ...entryOf(sealRecords(0n, [{ offset: 0n, timestamp: 1n, timestampType: 'create', key: null, value: null, headers: [] }]).objects[0]!),
  key: 'o/k',
  version: 'v',
};
const manifest: Manifest = {
  format: 'holdfast.manifest/1',
  suite: 1,
  archive: HASH,
  chain: 'msg/a/b/0/0',
  seq: 0,
  prev: HASH,
  first: '0',
  next: '1',
  records: 1,
  holes: { count: 0, sum: '0', losses: [] },
  root: HASH,
  objects: [object],
  governance: { next: 1, hash: HASH },
  time: '2026-01-01T00:00:00.000Z',
  clock: '2026-01-01T00:00:00.000Z',
  software: 'holdfast/test',
};
const read = (value: unknown): Manifest => parseDocument(manifestSchema, utf8(JSON.stringify(value)));

/** JSON with the numbers that every reader has: whole ones up to 2^53 − 1. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.nat(Number.MAX_SAFE_INTEGER),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('value'), { maxKeys: 4 }),
  ),
}));

describe('JSON', () => {
  it('has one spelling: what is read is what is written', () => {
    fc.assert(
      fc.property(value, (some) => {
        const text = JSON.stringify(some);
        expect(JSON.stringify(parseJson(utf8(text)))).toBe(text);
      }),
    );
  });

  it.each([
    '',
    ' {}',
    '{} ',
    '{"a":1,"a":2}',
    '{"a": 1}',
    '[1,2 ]',
    '1.0',
    '1e3',
    '-0',
    '"\\u0041"',
    '"\\/"',
    '{"a":1,}',
    '{"b":1}{',
    'NaN',
    '01',
    '\ufeff{}',
    '1e400',
    '{"2":1,"1":2}',
  ])('refuses %j', (text) => {
    expect(() => parseJson(utf8(text))).toThrow(malformed);
  });

  it('refuses nesting that exhausts the stack, bytes that are no text, and random ones', () => {
    expect(() => parseJson(utf8('['.repeat(200_000) + ']'.repeat(200_000)))).toThrow(malformed);
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(malformed);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(utf8(JSON.stringify(parseJson(bytes)))).toEqual(bytes);
        } catch (error) {
          expect(error).toEqual(malformed);
        }
      }),
    );
  });
});

describe('a JWS', () => {
  const sign = (header: Record<string, unknown>, payload: Uint8Array = utf8('{}')): string => signCompact(header, payload, pair.privateJwk);
  const good = sign({ alg: 'ES256', kid: pair.publicJwk.kid, typ: MANIFEST_TYP });

  it('is taken apart and verified', () => {
    const jws = parseJws(utf8(good));
    expect(jws).toMatchObject({ kid: pair.publicJwk.kid, typ: MANIFEST_TYP, payload: utf8('{}') });
    expect(verifyJws(crypto, jws, MANIFEST_TYP, pair.publicJwk)).toBe(true);
    expect(verifyJws(crypto, jws, CLAIM_TYP, pair.publicJwk)).toBe(false);
    expect(verifyJws(crypto, jws, MANIFEST_TYP, newEcPair().publicJwk)).toBe(false);
    expect(verifyJws(crypto, jws, MANIFEST_TYP, { ...newEcPair().publicJwk, kid: pair.publicJwk.kid })).toBe(false);
    // Not a point of the curve.
    expect(verifyJws(crypto, jws, MANIFEST_TYP, { ...pair.publicJwk, x: 'A'.repeat(43) })).toBe(false);
  });

  it('shows every changed character', () => {
    for (let at = 0; at < good.length; at++) {
      const changed = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
      let holds = false;
      try {
        holds = verifyJws(crypto, parseJws(utf8(changed)), MANIFEST_TYP, pair.publicJwk);
      } catch (error) {
        expect(error).toEqual(malformed);
      }
      expect(holds).toBe(false);
    }
  });

  it.each([
    [{ alg: 'none', kid: 'k', typ: 't' }],
    [{ alg: 'HS256', kid: 'k', typ: 't' }],
    [{ alg: 'ES256', kid: 'k' }],
    [{ alg: 'ES256', typ: 't', kid: 'k' }],
    [{ alg: 'ES256', kid: 'k', typ: 't', jwk: {} }],
    [{ alg: 'ES256', kid: 'k', typ: 't', crit: ['b64'], b64: false }],
    [{ alg: 'ES256', kid: 1, typ: 't' }],
    [{ alg: 'ES256', kid: 'k', typ: null }],
  ])('with the header %j is refused', (header) => {
    expect(() => parseJws(utf8(sign(header)))).toThrow(malformed);
  });

  it.each([
    '',
    '.',
    '..',
    'a.b',
    `${good}.`,
    ` ${good}`,
    `${good}\n`,
    good.replace('.', '=.'),
    `bnVsbA.e30.${'A'.repeat(86)}`,
    `Iig.e30.${'A'.repeat(86)}`,
  ])('spelled %j is refused', (text) => {
    expect(() => parseJws(utf8(text))).toThrow(malformed);
  });

  it('with a short signature, or longer than a manifest may be, is refused', () => {
    const [header = '', payload = ''] = good.split('.');
    expect(() => parseJws(utf8(`${header}.${payload}.${'A'.repeat(84)}`))).toThrow(malformed);
    expect(() => parseJws(new Uint8Array(MAX_JWS + 1).fill(0x41))).toThrow(malformed);
  });
});

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(parseDocument(manifestSchema, encodeDocument(manifest))).toEqual(manifest);
    const source = { cluster: 'c', leaderEpoch: 3, uncompared: { low: '1', high: '2' } };
    const closing = { reason: 'r', successor: 'msg/a/b/0/1' };
    expect(read({ ...manifest, source, closing })).toEqual({ ...manifest, source, closing });
  });

  it.each([
    ['another format', { format: 'holdfast.manifest/2' }],
    ['another suite', { suite: 2 }],
    ['a member that is not known', { extra: 1 }],
    ['a member of the prototype', JSON.parse('{"__proto__":1}') as object],
    ['a hash in capitals', { prev: HASH.toUpperCase() }],
    ['a negative number', { seq: -1 }],
    ['a fraction', { seq: 0.5 }],
    ['a number that is not exact', { seq: 2 ** 53 }],
    ['a decimal with a zero in front', { next: '01' }],
    ['a decimal with a sign', { next: '-1' }],
    ['a decimal that is no number', { next: '../../x' }],
    ['an empty decimal', { next: '' }],
    ['a decimal that is too large', { next: '9223372036854775808' }],
    ['a 30th of February', { time: '2026-02-30T00:00:00.000Z' }],
    ['an hour 24', { time: '2026-02-20T24:00:00.000Z' }],
    ['a month 13', { clock: '2026-13-20T00:00:00.000Z' }],
    ['a time of another zone', { time: '2026-01-01T00:00:00.000+00:00' }],
    ['no chain', { chain: '' }],
    ['an object without a place', { objects: [{ ...object, key: undefined }] }],
    ['an object with two places', { objects: [{ ...object, inline: 'AA' }] }],
    ['a clear object with a key', { objects: [{ ...object, enc: 'none' }] }],
    ['an encrypted object without commitment', { objects: [{ ...object, commitment: undefined }] }],
    ['an object without records', { objects: [{ ...object, records: 0 }] }],
    ['a lock date that is none', { objects: [{ ...object, retainUntil: '2033-02-31T00:00:00Z' }] }],
    ['a lock date with fractions', { objects: [{ ...object, retainUntil: '2033-05-31T23:59:59.000Z' }] }],
    ['a period that is none', { objects: [{ ...object, cohort: { ...object.cohort, period: '2033-13' } }] }],
    ['too many losses', { holes: { count: 0, sum: '0', losses: Array.from({ length: 101 }, () => ({ from: '0', to: '1', reason: '' })) } }],
  ])('with %s is refused', (_what, change) => {
    expect(() => read({ ...manifest, ...change })).toThrow(malformed);
  });

  it('with a member missing is refused, whichever it is', () => {
    for (const name of Object.keys(manifest))
      expect(() => read(Object.fromEntries(Object.entries(manifest).filter(([other]) => other !== name)))).toThrow(malformed);
  });

  it('that is no object is refused, and so is every other document', () => {
    for (const value of [null, 1, 'x', [], [manifest], {}]) {
      for (const schema of [manifestSchema, genesisSchema, claimSchema])
        expect(() => parseDocument<unknown>(schema, utf8(JSON.stringify(value)))).toThrow(malformed);
    }
  });
});
