import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { codeOf } from '@holdfast/test-kit';
import {
  COSIGNATURE,
  addSignatures,
  cosign,
  cosigners,
  formatSignatures,
  formatVkey,
  parseAddCheckpoint,
  parseNote,
  parsePolicy,
  parseSignatures,
  satisfies,
  verifierKey,
  verifyNote,
} from '@holdfast/tlog';
import { HttpWitness } from '../src/index.js';
import { RunningWitness, clock } from './running-witness.js';
import { TestLog } from './test-log.js';

const log = new TestLog();
let base: string;
const running: RunningWitness[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-witness-'));
});
afterEach(async () => {
  for (const witness of running.splice(0)) await witness.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(base, { recursive: true });
});

async function start(name = 'w'): Promise<RunningWitness> {
  const witness = await RunningWitness.start(join(base, name), [log.key], { name: `witness.example/${name}` });
  running.push(witness);
  return witness;
}

/** A server that answers as `handler` says, and its witness's key. */
async function hostile(handler: RequestListener, timeoutMs?: number): Promise<{ witness: HttpWitness; signer: TestLog }> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const signer = new TestLog('witness.example/hostile');
  const key = verifierKey(crypto, signer.key.name, COSIGNATURE, signer.key.key);
  const witness = new HttpWitness({
    crypto,
    clock,
    name: 'hostile',
    url: `http://127.0.0.1:${port}/prefix`,
    key,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  return { witness, signer };
}

const says =
  (status: number, body: string | Uint8Array = '', headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

const ask = async (witness: HttpWitness, old = 0, size = 9): ReturnType<HttpWitness['addCheckpoint']> =>
  witness.addCheckpoint(old, await log.proof(old, size), await log.at(size));

describe('a witness over HTTP', () => {
  it('co-signs, names the size it holds, and finds a fork', async () => {
    const server = await start();
    const witness = server.client();
    const first = await ask(witness);
    expect(first.outcome).toBe('cosigned');
    const { text } = parseNote(await log.at(9));
    const signatures = parseSignatures(Buffer.from('signatures' in first ? first.signatures : ''));
    const judged = verifyNote(crypto, { text, signatures }, [server.folder.key.key]);
    expect('valid' in judged && judged.valid).toHaveLength(1);
    expect(await ask(witness, 0, 12)).toEqual({ outcome: 'conflict', size: 9 });
    expect((await ask(witness, 9, 12)).outcome).toBe('cosigned');
    expect((await ask(witness, 12, 12)).outcome).toBe('cosigned');
    expect(await witness.addCheckpoint(12, await log.proof(12, 20, 1), await log.at(20, 1))).toEqual({ outcome: 'inconsistent' });
    expect(await witness.addCheckpoint(12, [], await log.at(12, 1))).toEqual({ outcome: 'inconsistent' });
    const other = new TestLog('example.com/other');
    expect(await codeOf(witness.addCheckpoint(0, [], await other.at(3)))).toBe('witness_refused');
    expect(await codeOf(witness.addCheckpoint(0, [], await new TestLog('example.com/log').at(3)))).toBe('witness_refused');
  });

  it('two of three make a quorum; one is away, and one alone does not', async () => {
    const three = [await start('a'), await start('b'), await start('c')];
    const policy = parsePolicy(
      crypto,
      [
        `log ${formatVkey(log.key)}`,
        ...three.map(({ folder }, i) => `witness w${i} ${formatVkey(folder.key.key)}`),
        'group two 2 w0 w1 w2',
        'quorum two',
      ].join('\n'),
    );
    await running.pop()?.stop();
    const note = parseNote(await log.at(9));
    const answers = await Promise.allSettled(three.map((one, i) => ask(one.client(`w${i}`))));
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.outcome : (answer.reason as { code: string }).code))).toEqual([
      'cosigned',
      'cosigned',
      'witness_unavailable',
    ]);
    const lines = answers.flatMap((answer) => (answer.status === 'fulfilled' && 'signatures' in answer.value ? [answer.value.signatures] : []));
    const quorum = (some: readonly string[]): boolean => {
      const signed = parseNote(
        addSignatures(
          note,
          some.flatMap((text) => parseSignatures(Buffer.from(text))),
        ),
      );
      const found = cosigners(crypto, policy, signed);
      return (
        'valid' in found &&
        satisfies(
          policy,
          found.valid.map(({ name }) => name),
        )
      );
    };
    expect(quorum(lines)).toBe(true);
    expect(quorum(lines.slice(1))).toBe(false);
    expect(quorum([lines[0] ?? '', lines[0] ?? ''])).toBe(false);
  });

  it('is asked below its prefix, and gets what the protocol says', async () => {
    let seen: unknown;
    const { witness } = await hostile((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        seen = [request.method, request.url, parseAddCheckpoint(Buffer.concat(parts)).old];
        response.writeHead(409, { 'content-type': 'Text/X.tlog.size; charset=utf-8' }).end('7\n');
      });
    });
    expect(await ask(witness, 4)).toEqual({ outcome: 'conflict', size: 7 });
    expect(seen).toEqual(['POST', '/prefix/add-checkpoint', 4]);
  });

  it.each([
    ['another server', 200, '<html>'],
    ['no signature', 200, ''],
    ['bytes that are no text', 200, Uint8Array.of(0xff, 0xfe)],
    ['nothing of its kind', 404, ''],
    ['another key', 403, ''],
    ['a redirect', 307, ''],
    ['a redirect that forgets the body', 302, ''],
    ['an empty answer', 204, ''],
    ['a request that it cannot read', 400, ''],
    ['a conflict without a size', 409, ''],
    ['more than we read', 200, 'x'.repeat(70_000)],
    ['more than we read, as an error', 500, 'x'.repeat(70_000)],
  ])('is refused: %s', async (_, status, body) => {
    let followed = false;
    const { witness } = await hostile((request, response) => {
      followed ||= request.url === '/elsewhere';
      says(status, body, status === 204 ? {} : { location: '/elsewhere' })(request, response);
    });
    await expect(ask(witness)).rejects.toMatchObject({ code: 'witness_refused', message: expect.stringMatching(/^the witness hostile [^.\n]*$/) });
    expect(followed).toBe(false);
  });

  it.each(['', '09\n', '9', '-1\n', '1e3\n', '99999999999999999999\n', '4\n'])('is refused with the size %j', async (body) => {
    const { witness } = await hostile(says(409, body, { 'content-type': 'text/x.tlog.size' }));
    expect(await codeOf(ask(witness, 4))).toBe('witness_refused');
  });

  it('of an older version of the protocol finds a fork too', async () => {
    const { witness } = await hostile(says(409, 'root mismatch'));
    expect(await ask(witness, 9)).toEqual({ outcome: 'inconsistent' });
    expect(await codeOf(ask(witness, 4))).toBe('witness_refused');
  });

  it.each([500, 502, 503, 429, 408])('is away with HTTP %i', async (status) => {
    const { witness } = await hostile(says(status, 'later'));
    expect(await codeOf(ask(witness))).toBe('witness_unavailable');
  });

  it('is away when it is slow, hangs in the middle, or hangs up', async () => {
    const silent = await hostile(() => undefined, 200);
    await expect(ask(silent.witness)).rejects.toMatchObject({
      code: 'witness_unavailable',
      message: 'the witness hostile cannot be reached: no answer within 0.2 s',
    });
    const half = await hostile((_, response) => void response.writeHead(200, { 'content-length': '100' }).write('— w'), 200);
    expect(await codeOf(ask(half.witness))).toBe('witness_unavailable');
    const rude = await hostile((request) => void request.socket.destroy());
    expect(await codeOf(ask(rude.witness))).toBe('witness_unavailable');
    const gone = await start();
    await running.pop()?.stop();
    await expect(ask(gone.client())).rejects.toMatchObject({ message: 'the witness w cannot be reached: ECONNREFUSED' });
  });

  it('is not waited for by somebody who stops', async () => {
    const { witness } = await hostile(() => undefined, 60_000);
    const stop = new AbortController();
    const asking = log.at(9).then((checkpoint) => witness.addCheckpoint(0, [], checkpoint, stop.signal));
    setTimeout(() => stop.abort(), 50);
    expect(await codeOf(asking)).toBe('stopped');
    expect(await codeOf(witness.addCheckpoint(0, [], await log.at(9), stop.signal))).toBe('stopped');
  });

  it('must sign this checkpoint, with its key, at this time', async () => {
    let answer: (signer: TestLog) => Promise<Uint8Array> = () => Promise.resolve(new Uint8Array());
    const { witness, signer } = await hostile((request, response) => {
      request.resume();
      void answer(signer).then((body) => response.writeHead(200).end(body));
    });
    const now = Math.floor(Date.now() / 1000);
    const text = parseNote(await log.at(9)).text;
    const line = async (by: TestLog, time = now, over = text): Promise<Uint8Array> => {
      const key = verifierKey(crypto, by.key.name, COSIGNATURE, by.key.key);
      return formatSignatures([await cosign(key, time, over, by.sign)]);
    };
    const stranger = new TestLog('witness.example/stranger');
    const impostor = new TestLog('witness.example/hostile');
    const older = parseNote(await log.at(8)).text;
    answer = (by) => line(by);
    const good = await ask(witness);
    expect(good.outcome).toBe('cosigned');
    // Lines of others are left out, whatever is in them.
    answer = async (by) => Buffer.concat([await line(stranger), await line(by), await line(impostor)]);
    expect(parseSignatures(Buffer.from(await ask(witness).then((a) => ('signatures' in a ? a.signatures : ''))))).toHaveLength(1);
    for (const bad of [
      (): Promise<Uint8Array> => line(stranger),
      (): Promise<Uint8Array> => line(impostor),
      (): Promise<Uint8Array> => line(signer, now, older),
      (): Promise<Uint8Array> => line(signer, now - 3600),
      (): Promise<Uint8Array> => line(signer, now + 3600),
      async (): Promise<Uint8Array> => Buffer.concat([await line(signer), await line(signer, now, older)]),
      async (): Promise<Uint8Array> => (await line(signer)).subarray(0, -9),
    ]) {
      answer = bad;
      expect(await codeOf(ask(witness))).toBe('witness_refused');
    }
  });

  it('is configured with an address and the key of a witness', () => {
    const key = verifierKey(crypto, 'w', COSIGNATURE, log.key.key);
    for (const url of ['', 'example.com', 'ftp://example.com', 'https://u:p@example.com', 'https://example.com?x', 'https://example.com#x'])
      expect(() => new HttpWitness({ crypto, clock, name: 'w', url, key })).toThrow(expect.objectContaining({ code: 'bad_configuration' }));
    expect(() => new HttpWitness({ crypto, clock, name: 'w', url: 'https://example.com', key: log.key })).toThrow('one of a log');
  });
});
