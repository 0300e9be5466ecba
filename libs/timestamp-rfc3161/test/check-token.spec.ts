import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkToken } from '@holdfast/timestamp-rfc3161';
import fc from 'fast-check';
import { startLocalTsa } from '../../../deploy/local/local-tsa.mjs';
import type { LocalTsa, TsaOptions } from '../../../deploy/local/local-tsa.mjs';
import { forgedToken } from './forged-token.js';
import type { Forgery } from './forged-token.js';

const SLOW = 120_000;
const DAY_MS = 24 * 3600 * 1000;
const digest = new Uint8Array(createHash('sha256').update('checkpoint').digest());
const started: LocalTsa[] = [];

async function tsaOf(options: TsaOptions = {}): Promise<LocalTsa> {
  const tsa = await startLocalTsa(options);
  started.push(tsa);
  return tsa;
}

let tsa: LocalTsa;
beforeAll(async () => {
  tsa = await tsaOf({ name: 'Stamp AG' });
}, SLOW);
afterAll(() => Promise.all(started.map((each) => each.stop())), SLOW);

describe('a stored token', () => {
  const good = async (forgery: Partial<Forgery> = {}, at?: Date) =>
    checkToken(await forgedToken(tsa, { digest, ...forgery }), digest, [tsa.rootDer], at);

  it('says what it proves', async () => {
    const time = new Date('2026-05-06T07:08:09.250Z');
    const own = await tsaOf({ name: 'Stamp AG', from: new Date('2026-01-01T00:00:00Z'), to: new Date('2028-01-01T00:00:00Z') });
    expect(await checkToken(await forgedToken(own, { digest, time }), digest, [own.rootDer])).toEqual({
      ok: true,
      time,
      authority: 'CN=Stamp AG,O=Holdfast tests',
      certificateEnds: new Date('2028-01-01T00:00:00Z'),
      policy: '1.2.3.4.1',
      serial: '0xABC123',
    });
  });

  it.each<[string, TsaOptions, Partial<Forgery>]>([
    ['RSA', { key: 'rsa' }, {}],
    ['P-384 and SHA-384', { key: 'p384' }, { md: 'sha384' }],
    ['SHA-512', {}, { md: 'sha512' }],
    ['RSA-PSS', { key: 'rsa' }, { cms: ['-cades', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:32'] }],
    ['an intermediate authority', { intermediate: true }, {}],
    ['the signer named by its key identifier', {}, { cms: ['-cades', '-keyid'] }],
  ])('is good with %s', async (_, options, forgery) => {
    const own = await tsaOf(options);
    expect(await checkToken(await forgedToken(own, { digest, ...forgery }), digest, [tsa.rootDer, own.rootDer])).toMatchObject({ ok: true });
  });

  it('is good when the certificate of the authority itself is the trusted one', async () => {
    expect(await checkToken(await forgedToken(tsa, { digest }), digest, [tsa.certificateDer])).toMatchObject({ ok: true });
  });

  it.each<[string, Partial<Forgery>, string]>([
    ['another digest algorithm', { imprintAlgorithm: '2.16.840.1.101.3.4.2.3' }, 'the token stamps a digest other than SHA-256'],
    ['another version', { version: 2 }, 'the token has version 2, not 1'],
    ['a signature over SHA-1', { md: 'sha1' }, 'the token is signed over a digest that is not accepted (SHA-256, SHA-384 and SHA-512 are)'],
    ['no word of its certificate', { cms: [] }, 'the signature of the token does not name its certificate (ESSCertID)'],
    ['no signed attributes', { cms: ['-noattr'] }, 'the token has no signed attributes'],
    ['no certificate inside', { cms: ['-cades', '-nocerts'] }, 'the token does not carry the certificate of its signer'],
    ['content of another type', { contentType: '1.2.840.113549.1.7.1' }, 'what the token signs is not a time stamp'],
    ['a time known to an hour', { accuracySeconds: 3600 }, 'the token states its time less exactly than five minutes'],
    ['a critical extension', { criticalExtension: true }, 'the token has a critical extension that is not understood'],
    ['a local time', { timeText: '20260506070809' }, 'the token states no readable time'],
    ['a time with an offset', { timeText: '20260506070809+0100' }, 'the token states no readable time'],
    ['31 February', { timeText: '20260231070809Z' }, 'the token states no readable time'],
    ['no seconds', { timeText: '202605060708Z' }, 'the token states no readable time'],
  ])('is refused with %s', async (_, forgery, problem) => {
    expect(await good(forgery)).toEqual({ ok: false, problem });
  });

  it('is good with an extension that is not critical', async () => {
    expect(await good({ criticalExtension: false })).toMatchObject({ ok: true });
  });

  it('is refused over another digest, and over one of another length', async () => {
    const token = await forgedToken(tsa, { digest });
    const problem = 'the token stamps another digest';
    expect(await checkToken(token, new Uint8Array(32), [tsa.rootDer])).toEqual({ ok: false, problem });
    expect(await checkToken(token, digest.slice(0, 31), [tsa.rootDer])).toEqual({ ok: false, problem });
    expect(await checkToken(await forgedToken(tsa, { digest: digest.slice(0, 31) }), digest.slice(0, 31), [tsa.rootDer])).toEqual({
      ok: false,
      problem,
    });
  });

  it('is refused with a root of the same name and another key, with no root, and with a root that is none', async () => {
    const other = await tsaOf({ name: 'Stamp AG' });
    const token = await forgedToken(tsa, { digest });
    expect(await checkToken(token, digest, [other.rootDer])).toEqual({
      ok: false,
      problem: 'the certificate of CN=Stamp AG,O=Holdfast tests is not signed by CN=Local time-stamp root,O=Holdfast tests',
    });
    expect(await checkToken(token, digest, [])).toEqual({
      ok: false,
      problem: 'the certificate of CN=Stamp AG,O=Holdfast tests does not lead to a configured root',
    });
    expect(await checkToken(token, digest, [tsa.rootDer, new Uint8Array(10)])).toMatchObject({ ok: false });
  });

  it.each<[TsaOptions['purpose'], RegExp]>([
    ['absent', /not for time stamping/],
    ['other', /not for time stamping/],
    ['mixed', /for other purposes as well/],
    ['plain', /is not critical/],
  ])('is refused when the extended key usage is %s', async (purpose, problem) => {
    const own = await tsaOf({ ...(purpose && { purpose }) });
    const answer = await checkToken(await forgedToken(own, { digest }), digest, [own.rootDer]);
    expect(answer).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it('is refused when an authority may not issue: its certificate stands in the place of an authority', async () => {
    const own = await tsaOf({});
    // The authority signs a certificate for a second key, which it has no right to.
    await own.openssl(
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=Rogue'],
      ...['-keyout', 'rogue.key', '-out', 'rogue.csr', '-config', 'tsa.conf'],
    );
    await own.openssl(
      ...[
        'x509',
        '-req',
        '-in',
        'rogue.csr',
        '-CA',
        'tsa.pem',
        '-CAkey',
        'tsa.key',
        '-set_serial',
        '77',
        '-days',
        '30',
        '-extfile',
        'tsa.conf',
        '-extensions',
        'tsa_certificate',
        '-out',
        'rogue.pem',
      ],
    );
    writeFileSync(join(own.folder, 'rogue-above.pem'), ['tsa', 'root'].map((name) => readFileSync(join(own.folder, `${name}.pem`), 'utf8')).join(''));
    const token = await forgedToken(own, { digest, signer: 'rogue', certificates: 'rogue-above.pem' });
    expect(await checkToken(token, digest, [own.rootDer])).toEqual({
      ok: false,
      problem: 'CN=Local time-stamp authority,O=Holdfast tests is not a certificate authority',
    });
  });

  describe('through an intermediate authority', () => {
    let own: LocalTsa;
    beforeAll(async () => {
      own = await tsaOf({ intermediate: true });
    }, SLOW);

    /** The judgement when the root had issued that certificate to the intermediate, or to itself, with these extensions. */
    const judged = async (name: 'between' | 'root', extensions: string): Promise<unknown> => {
      writeFileSync(join(own.folder, 'ext.conf'), extensions);
      const signing = name === 'root' ? ['-signkey', 'root.key'] : ['-CA', 'root.pem', '-CAkey', 'root.key'];
      await own.openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        ...signing,
        '-set_serial',
        '99',
        '-days',
        '30',
        '-extfile',
        'ext.conf',
        '-out',
        `new-${name}.pem`,
      );
      const token = await forgedToken(own, { digest, certificates: name === 'between' ? 'new-between.pem' : 'between.pem' });
      const pem = (await own.openssl('x509', '-in', `new-${name}.pem`)).replace(/-----[^-]+-----|\s/g, '');
      const answer = await checkToken(token, digest, [name === 'root' ? new Uint8Array(Buffer.from(pem, 'base64')) : own.rootDer]);
      return answer.ok ? 'good' : answer.problem;
    };
    const CA = 'basicConstraints=critical,CA:TRUE';
    const between = 'CN=Local time-stamp intermediate,O=Holdfast tests';

    it.each<[string, string, string]>([
      ['may issue', CA, 'good'],
      ['has room for no further authority', `${CA},pathlen:0`, 'good'],
      ['is for time stamping among others', `${CA}\nextendedKeyUsage=timeStamping,codeSigning`, 'good'],
      ['says nothing of being one', 'keyUsage=critical,keyCertSign', `${between} is not a certificate authority`],
      ['may not sign certificates', `${CA}\nkeyUsage=critical,digitalSignature`, `${between} is not a certificate authority`],
      ['is for mail only', `${CA}\nextendedKeyUsage=emailProtection`, `${between} is a certificate authority for other purposes than time stamping`],
      [
        'is limited in a way that is not understood',
        `${CA}\nnameConstraints=critical,permitted;DNS:example.com`,
        `the certificate of ${between} has a critical extension 2.5.29.30 that is not understood`,
      ],
    ])('that %s', async (_, extensions, verdict) => {
      expect(await judged('between', extensions)).toBe(verdict);
    });

    it('that the root gave no room for', async () => {
      expect(await judged('root', `${CA},pathlen:1`)).toBe('good');
      expect(await judged('root', `${CA},pathlen:0`)).toBe(
        'CN=Local time-stamp root,O=Holdfast tests may not issue for other authorities so deep (path length)',
      );
    });
  });

  it('is refused with a weak RSA key', async () => {
    const own = await tsaOf({ key: 'rsa1024' });
    expect(await checkToken(await forgedToken(own, { digest }), digest, [own.rootDer])).toEqual({
      ok: false,
      problem: 'an RSA key of 1024 bits is too weak (2048 are needed)',
    });
  });

  it('is refused when it names another certificate of the same key', async () => {
    const own = await tsaOf({});
    const token = await forgedToken(own, { digest });
    // A second certificate: same key, same issuer, same serial number, another end. Only the hash in the signed attributes tells them apart.
    const serial = (await own.openssl('x509', '-in', 'tsa.pem', '-noout', '-serial')).trim().replace('serial=', '0x');
    await own.openssl(
      'x509',
      '-req',
      '-in',
      'tsa.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-set_serial',
      serial,
      '-days',
      '3000',
      '-extfile',
      'tsa.conf',
      '-extensions',
      'tsa_certificate',
      '-out',
      'longer.pem',
    );
    const longer = await own.openssl('x509', '-in', 'longer.pem');
    const swapped = replaceInDer(
      Buffer.from(token),
      Buffer.from(own.certificateDer),
      Buffer.from(longer.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    );
    expect(swapped).not.toEqual(Buffer.from(token));
    expect(await checkToken(swapped, digest, [own.rootDer])).toEqual({
      ok: false,
      problem: 'the signature of the token names another certificate (ESSCertID)',
    });
  });

  describe('and time', () => {
    const from = new Date('2020-01-01T00:00:00Z');
    const to = new Date('2021-01-01T00:00:00Z');
    const inside = new Date('2020-06-01T00:00:00Z');
    let old: LocalTsa;
    beforeAll(async () => {
      old = await tsaOf({ from, to, intermediate: true });
    }, SLOW);
    const check = async (time: Date, at?: Date) => checkToken(await forgedToken(old, { digest, time }), digest, [old.rootDer], at);

    it('is good after its certificate has ended, if it was made before', async () => {
      expect(await check(inside)).toMatchObject({ ok: true, time: inside, certificateEnds: to });
    });

    it('is refused when it was made after the certificate had ended, or before it began', async () => {
      const problem =
        /^the certificate of CN=Local time-stamp authority,O=Holdfast tests is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z, not at /;
      expect(await check(new Date(to.getTime() + 1000))).toEqual({ ok: false, problem: expect.stringMatching(problem) });
      expect(await check(new Date(from.getTime() - 1000))).toEqual({ ok: false, problem: expect.stringMatching(problem) });
    });

    it('is judged at a given time as well', async () => {
      expect(await check(inside, new Date(inside.getTime() + DAY_MS))).toMatchObject({ ok: true });
      expect(await check(inside, new Date(to.getTime() + DAY_MS))).toMatchObject({ ok: false });
      // Clocks differ: a little after is not after.
      expect(await check(inside, new Date(inside.getTime() - 4 * 60_000))).toMatchObject({ ok: true });
      expect(await check(inside, new Date(inside.getTime() - 6 * 60_000))).toEqual({
        ok: false,
        problem: 'the time of the token, 2020-06-01T00:00:00Z, lies after 2020-05-31T23:54:00Z',
      });
    });
  });

  it(
    'never throws for any bytes, and is never good',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          expect(await checkToken(bytes, digest, [tsa.rootDer])).toMatchObject({ ok: false });
        }),
      );
      expect(await checkToken(randomBytes(100_000), digest, [tsa.rootDer])).toEqual({ ok: false, problem: 'the token is larger than 64 KiB' });
      // Deeply nested: the parser must not run out of stack.
      expect(await checkToken(new Uint8Array(60_000).fill(0x30), digest, [tsa.rootDer])).toMatchObject({ ok: false });
      expect(
        await checkToken(
          new Uint8Array(60_000).map((_, index) => (index % 2 ? 0x80 : 0x30)),
          digest,
          [tsa.rootDer],
        ),
      ).toMatchObject({ ok: false });
    },
    SLOW,
  );

  it('shows the name of an authority without its control characters', async () => {
    const own = await tsaOf({ name: 'Trust\u202eme, Inc' });
    expect(await checkToken(await forgedToken(own, { digest }), digest, [own.rootDer])).toMatchObject({
      ok: true,
      authority: 'CN=Trust\\e2\\80\\aeme\\, Inc,O=Holdfast tests',
    });
  });
});

/** Replaces a value inside nested DER, lengths above it included. */
function replaceInDer(der: Buffer, before: Buffer, after: Buffer): Uint8Array {
  if (der.equals(before)) return after;
  const at = der.indexOf(before);
  if (at < 0) return der;
  const header = der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f);
  const parts: Uint8Array[] = [];
  for (let offset = header; offset < der.length;) {
    const size = sizeOf(der, offset);
    parts.push(replaceInDer(der.subarray(offset, offset + size), before, after));
    offset += size;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([der.subarray(0, 1), lengthOf(body.length), body]);
}

function sizeOf(der: Buffer, offset: number): number {
  const first = der[offset + 1]!;
  if (first < 0x80) return 2 + first;
  const bytes = first & 0x7f;
  return 2 + bytes + der.readUIntBE(offset + 2, bytes);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.from([length]);
  return length < 256 ? Uint8Array.from([0x81, length]) : Uint8Array.from([0x82, length >> 8, length & 255]);
}
