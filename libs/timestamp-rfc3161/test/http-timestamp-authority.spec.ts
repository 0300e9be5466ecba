import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { codeOf, TestClock } from '@holdfast/test-kit';
import { certificatesFromPem, checkToken, HttpTimestampAuthority } from '@holdfast/timestamp-rfc3161';
import type { TimestampAuthorityOptions } from '@holdfast/timestamp-rfc3161';
import { fromBER } from 'asn1js';
import { TimeStampReq } from 'pkijs';
import { startLocalTsa } from '../../../deploy/local/local-tsa.mjs';
import type { LocalTsa, TsaOptions } from '../../../deploy/local/local-tsa.mjs';
import { forgedToken, grantedAnswer } from './forged-token.js';

const SLOW = 120_000;
const digest = new Uint8Array(createHash('sha256').update('checkpoint').digest());
const clock = { now: () => new Date() };

let tsa: LocalTsa;
beforeAll(async () => {
  tsa = await startLocalTsa({ name: 'Stamp AG' });
}, SLOW);
afterAll(() => tsa.stop(), SLOW);

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Step = (query: Uint8Array, response: ServerResponse, request: IncomingMessage) => unknown;

/** A server that takes one step for each request, and the last one for all that follow. */
async function serving(...steps: [Step, ...Step[]]): Promise<{ url: string; queries: Uint8Array[] }> {
  const queries: Uint8Array[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const query = Buffer.concat(parts);
      const step = steps[Math.min(queries.length, steps.length - 1)]!;
      queries.push(query);
      Promise.resolve(step(query, response, request)).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, queries };
}

const status =
  (code: number): Step =>
  (_, response) =>
    response.writeHead(code, { location: 'http://127.0.0.1:1/' }).end();
const body =
  (bytes: Uint8Array): Step =>
  (_, response) =>
    response.end(bytes);
const honest: Step = async (query, response) => response.end(await tsa.reply(query));
const authorityAt = (url: string, more: Partial<TimestampAuthorityOptions> = {}): HttpTimestampAuthority =>
  new HttpTimestampAuthority({ name: 'stamps', url, roots: [tsa.rootDer], clock, pausesMs: [1, 1], ...more });

async function failureOf(promise: Promise<unknown>): Promise<[code: string, message: string]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return [error.code, error.message];
}

describe('a time stamp over HTTP', () => {
  it.each<[string, TsaOptions]>([
    ['P-256', {}],
    ['P-384, SHA-384', { key: 'p384', md: 'sha384' }],
    ['RSA, SHA-512, ESSCertID with SHA-1', { key: 'rsa', md: 'sha512', essMd: 'sha1' }],
    ['ESSCertIDv2 with SHA-512', { essMd: 'sha512' }],
    ['an intermediate authority', { intermediate: true }],
  ])('is good, to us and to openssl, from an authority with %s', async (_, options) => {
    const own = await startLocalTsa({ name: 'Stamp AG', ...options });
    try {
      const token = await authorityAt(own.url, { roots: [own.rootDer] }).stamp(digest);
      expect(await checkToken(token, digest, [own.rootDer], new Date())).toMatchObject({
        ok: true,
        authority: 'CN=Stamp AG,O=Holdfast tests',
        policy: '1.2.3.4.1',
        serial: '0x02',
      });
      writeFileSync(join(own.folder, 'token.der'), token);
      const hex = Buffer.from(digest).toString('hex');
      const answer = await own.openssl('ts', '-verify', '-digest', hex, '-in', 'token.der', '-token_in', '-CAfile', 'root.pem');
      expect(answer).toContain('Verification: OK');
    } finally {
      await own.stop();
    }
  });

  it('is asked with a new nonce each time, for SHA-256, with the certificate', async () => {
    const { url, queries } = await serving(honest);
    const authority = authorityAt(url);
    const tokens = await Promise.all([1, 2, 3].map(() => authority.stamp(digest)));
    expect(new Set(tokens.map((token) => Buffer.from(token).toString('hex'))).size).toBe(3);
    const asked = queries.map((query) => new TimeStampReq({ schema: fromBER(query).result }));
    expect(new Set(asked.map(({ nonce }) => nonce!.toBigInt())).size).toBe(3);
    for (const { certReq, messageImprint, version } of asked) {
      expect([version, certReq, messageImprint.hashAlgorithm.algorithmId]).toEqual([1, true, '2.16.840.1.101.3.4.2.1']);
      expect(new Uint8Array(messageImprint.hashedMessage.valueBlock.valueHexView)).toEqual(digest);
    }
  });

  it('carries the policy and the credentials that were configured', async () => {
    let seen: IncomingMessage['headers'] = {};
    const { url } = await serving((query, response, request) => {
      seen = request.headers;
      return honest(query, response, request);
    });
    const token = await authorityAt(url, { policy: '1.2.3.4.2', authorization: 'Basic c2VjcmV0' }).stamp(digest);
    expect(await checkToken(token, digest, [tsa.rootDer])).toMatchObject({ policy: '1.2.3.4.2' });
    expect(seen).toMatchObject({ authorization: 'Basic c2VjcmV0', 'content-type': 'application/timestamp-query' });
  });

  it('is refused by the authority under a policy that it does not know', async () => {
    const { url, queries } = await serving(honest);
    expect(await failureOf(authorityAt(url, { policy: '1.2.3.4.9' }).stamp(digest))).toEqual([
      'timestamp_refused',
      'time-stamp authority stamps does not grant the request: rejected, policy not supported',
    ]);
    expect(queries).toHaveLength(1);
  });

  it('comes after faults that pass', async () => {
    const busy = Uint8Array.from(Buffer.from('300a30080201020303010002', 'hex')); // rejection, bit 14: no time source
    const { url, queries } = await serving(status(500), body(busy), honest);
    expect(await checkToken(await authorityAt(url).stamp(digest), digest, [tsa.rootDer])).toMatchObject({ ok: true });
    expect(queries).toHaveLength(3);
  });

  it('is given up after the last try', async () => {
    const { url, queries } = await serving(status(503));
    expect(await failureOf(authorityAt(url).stamp(digest))).toEqual(['timestamp_unavailable', 'time-stamp authority stamps answers with HTTP 503']);
    expect(queries).toHaveLength(3);
  });

  it.each<[string, number]>([
    ['a redirect', 307],
    ['an address that is not there', 404],
    ['missing credentials', 401],
  ])('is not tried again after %s', async (_, code) => {
    const { url, queries } = await serving(status(code));
    expect(await failureOf(authorityAt(url).stamp(digest))).toEqual([
      'timestamp_refused',
      `time-stamp authority stamps refuses with HTTP ${code}; check its address and credentials`,
    ]);
    expect(queries).toHaveLength(1);
  });

  it('has a time limit, for the head and for the body of an answer', async () => {
    const silent = await serving(() => undefined);
    const stuck = await serving((_, response) => response.writeHead(200).write('0'));
    for (const { url } of [silent, stuck])
      expect(await failureOf(authorityAt(url, { timeoutMs: 100, pausesMs: [] }).stamp(digest))).toEqual([
        'timestamp_unavailable',
        'time-stamp authority stamps cannot be reached: no answer within 0.1 s',
      ]);
  });

  it('says why a connection fails', async () => {
    const { url } = await serving(honest);
    const server = servers.pop()!;
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(authorityAt(url).stamp(digest))).toEqual([
      'timestamp_unavailable',
      'time-stamp authority stamps cannot be reached: ECONNREFUSED',
    ]);
  });

  it('is stopped on request, while it waits for an answer and while it pauses', async () => {
    const waiting = new AbortController();
    const { url } = await serving(() => waiting.abort());
    expect(await codeOf(authorityAt(url).stamp(digest, waiting.signal))).toBe('stopped');
    const pausing = new AbortController();
    const busy = await serving((_, response) => {
      response.writeHead(503).end();
      setTimeout(() => pausing.abort(), 20);
    });
    expect(await codeOf(authorityAt(busy.url, { pausesMs: [600_000] }).stamp(digest, pausing.signal))).toBe('stopped');
    expect(await codeOf(authorityAt(url).stamp(digest, AbortSignal.abort()))).toBe('stopped');
  });

  it('never reads an answer of more than 64 KiB', async () => {
    const chunk = new Uint8Array(64 * 1024);
    const endless = await serving((_, response) => {
      const more = (): unknown => response.writable && response.write(chunk, (error) => (error ? undefined : more()));
      more();
    });
    expect(await failureOf(authorityAt(endless.url).stamp(digest))).toEqual([
      'timestamp_refused',
      'time-stamp authority stamps answers with more than 64 KiB',
    ]);
  });
});

describe('an answer is not accepted', () => {
  const refusalOf = async (step: Step, more: Partial<TimestampAuthorityOptions> = {}): Promise<string> => {
    const { url, queries } = await serving(step);
    const [code, message] = await failureOf(authorityAt(url, more).stamp(digest));
    expect([code, queries.length]).toEqual(['timestamp_refused', 1]);
    return message.replace('the answer of time-stamp authority stamps is not accepted: ', '');
  };
  const forged = async (forgery: object): Promise<Step> => body(grantedAnswer(await forgedToken(tsa, { digest, ...forgery })));

  it('when it is garbage, empty, truncated, or granted without a token', async () => {
    const noDer = 'the answer is not one DER value (garbage, truncated, or followed by other bytes)';
    expect(await refusalOf(body(Buffer.from('<html>sign in</html>')))).toBe(noDer);
    expect(await refusalOf(body(new Uint8Array()))).toBe(noDer);
    expect(await refusalOf(async (query, response) => response.end((await tsa.reply(query)).subarray(0, -1)))).toBe(noDer);
    expect(await refusalOf(body(Buffer.from('30053003020100', 'hex')))).toBe('the answer says granted and carries no token');
    expect(await refusalOf(body(Buffer.from('020100', 'hex')))).toBe('the answer is not a time-stamp response');
  });

  it('when it belongs to another query: recorded earlier, or over another digest', async () => {
    const other = async (file: string): Promise<Step> => body(await tsa.reply(readFileSync(join(tsa.folder, file))));
    const hex = Buffer.from(digest).toString('hex');
    await tsa.openssl('ts', '-query', '-digest', hex, '-sha256', '-cert', '-out', 'earlier.tsq');
    await tsa.openssl('ts', '-query', '-digest', hex, '-sha256', '-cert', '-no_nonce', '-out', 'without.tsq');
    await tsa.openssl('ts', '-query', '-digest', '00'.repeat(32), '-sha256', '-cert', '-out', 'digest.tsq');
    expect(await refusalOf(await other('earlier.tsq'))).toBe('the token answers another request (nonce)');
    expect(await refusalOf(await other('without.tsq'))).toBe('the token answers another request (nonce)');
    expect(await refusalOf(await other('digest.tsq'))).toBe('the token stamps another digest');
  });

  it('when the token carries no certificate', async () => {
    await tsa.openssl('ts', '-query', '-digest', Buffer.from(digest).toString('hex'), '-sha256', '-out', 'bare.tsq');
    expect(await refusalOf(body(await tsa.reply(readFileSync(join(tsa.folder, 'bare.tsq')))))).toBe(
      'the token does not carry the certificate of its signer',
    );
  });

  it('when it is signed under another root', async () => {
    const other = await startLocalTsa({ name: 'Stamp AG' });
    try {
      expect(await refusalOf(honest, { roots: [other.rootDer] })).toBe(
        'the certificate of CN=Stamp AG,O=Holdfast tests is not signed by CN=Local time-stamp root,O=Holdfast tests',
      );
    } finally {
      await other.stop();
    }
  });

  it('when the certificate of the authority has ended', async () => {
    const old = await startLocalTsa({ name: 'Old AG', from: new Date('2020-01-01'), to: new Date('2021-01-01') });
    try {
      expect(await refusalOf(async (query, response) => response.end(await old.reply(query)), { roots: [old.rootDer] })).toMatch(
        /^the certificate of CN=Old AG,O=Holdfast tests is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z, not at /,
      );
    } finally {
      await old.stop();
    }
  });

  it('when its time is not ours', async () => {
    const hour = 3_600_000;
    const behind = new TestClock(new Date(Date.now() - hour));
    const ahead = new TestClock(new Date(Date.now() + hour));
    expect(await refusalOf(honest, { clock: behind })).toMatch(/^the time of the token, .* lies after /);
    expect(await refusalOf(honest, { clock: ahead })).toBe('its time is more than five minutes off our clock');
  });

  it('when the digest of the signature is weak', async () => {
    expect(await refusalOf(await forged({ md: 'sha1' }))).toBe(
      'the token is signed over a digest that is not accepted (SHA-256, SHA-384 and SHA-512 are)',
    );
  });
});

describe('settings', () => {
  it.each<[string, Partial<TimestampAuthorityOptions>]>([
    ['an address that is none', { url: 'stamps' }],
    ['another protocol', { url: 'ftp://stamps.example/' }],
    ['a password in the address', { url: 'https://user:secret@stamps.example/' }],
    ['no root', { roots: [] }],
    ['a root that is none', { roots: [new Uint8Array(5)] }],
    ['a policy that is none', { policy: 'strict' }],
  ])('with %s are refused before anything is asked', (_, wrong) => {
    let problem: unknown;
    try {
      authorityAt('http://127.0.0.1:1/', wrong);
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(HoldfastError);
    expect(problem).toMatchObject({ code: 'bad_configuration', message: expect.not.stringContaining('secret') });
  });

  it('take roots from PEM', () => {
    const pem = readFileSync(join(tsa.folder, 'root.pem'), 'utf8');
    expect(certificatesFromPem(`our root\r\n${pem.replaceAll('\n', '\r\n')}\n${pem}`)).toEqual([tsa.rootDer, tsa.rootDer]);
    for (const wrong of ['', 'nothing', pem.replace(/[A-Z]{4}/, ''), pem.replace(/CERTIFICATE-----\n..../, 'CERTIFICATE-----\nAAAA')])
      expect(() => certificatesFromPem(wrong)).toThrow(HoldfastError);
  });

  it('do not let a digest of another length be stamped', async () => {
    expect(await codeOf(authorityAt('http://127.0.0.1:1/').stamp(new Uint8Array(20)))).toBe('bad_request');
  });
});
