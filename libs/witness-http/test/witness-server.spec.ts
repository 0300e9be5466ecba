import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { codeOf } from '@holdfast/test-kit';
import {
  MAX_ADD_CHECKPOINT,
  WITNESS_SIZE_TYPE,
  encodeAddCheckpoint,
  formatVkey,
  openCheckpoint,
  parseNote,
  parseSignatures,
  verifyNote,
} from '@holdfast/tlog';
import { WitnessFolder, WitnessServer, CosigningWitness, logId } from '../src/index.js';
import { RunningWitness, clock } from './running-witness.js';
import { TestLog } from './test-log.js';

let base: string;
let path: string;
const log = new TestLog();
const running: RunningWitness[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-witness-'));
  path = join(base, 'witness');
});
afterEach(async () => {
  for (const witness of running.splice(0)) await witness.stop();
  await rm(base, { recursive: true });
});

async function start(
  ...[logs = [log.key], options]: [Parameters<typeof RunningWitness.start>[1]?, Parameters<typeof RunningWitness.start>[2]?]
): Promise<RunningWitness> {
  const witness = await RunningWitness.start(path, logs, options);
  running.push(witness);
  return witness;
}

async function stopped(): Promise<void> {
  for (const witness of running.splice(0)) await witness.stop();
}

/** Whether the answer is a co-signature of the witness's key over that checkpoint. */
async function cosigned(witness: RunningWitness, response: Response, size: number, history = 0): Promise<boolean> {
  if (response.status !== 200) return false;
  const { text } = parseNote(await log.at(size, history));
  const signatures = parseSignatures(new Uint8Array(await response.arrayBuffer()));
  const judged = verifyNote(crypto, { text, signatures }, [witness.folder.key.key]);
  return 'valid' in judged && judged.valid.length === 1;
}

describe('add-checkpoint', () => {
  it('co-signs the first checkpoint, then what continues it, and the same again', async () => {
    const witness = await start();
    expect(await cosigned(witness, await witness.add(log, 0, 3), 3)).toBe(true);
    expect(await cosigned(witness, await witness.add(log, 3, 20), 20)).toBe(true);
    expect(await cosigned(witness, await witness.add(log, 20, 20), 20)).toBe(true);
    expect(await cosigned(witness, await witness.add(log, 20, 300), 300)).toBe(true);
    expect(witness.events).toMatchObject([{ event: 'first_cosigned', checkpoint: { size: 3 } }]);
  });

  it('co-signs an empty log', async () => {
    const witness = await start();
    expect(await cosigned(witness, await witness.add(log, 0, 0), 0)).toBe(true);
    expect(await cosigned(witness, await witness.add(log, 0, 7), 7)).toBe(true);
    expect((await witness.post(encodeAddCheckpoint({ old: 0, proof: [], checkpoint: await log.at(0, 0, log.root(1)) }))).status).toBe(409);
  });

  it('says the size it holds when the proof begins elsewhere', async () => {
    const witness = await start();
    const sizeOf = async (response: Response): Promise<unknown> => [response.status, response.headers.get('content-type'), await response.text()];
    expect(await sizeOf(await witness.add(log, 4, 9))).toEqual([409, WITNESS_SIZE_TYPE, '0\n']);
    await witness.add(log, 0, 9);
    expect(await sizeOf(await witness.add(log, 0, 12))).toEqual([409, WITNESS_SIZE_TYPE, '9\n']);
    // A rollback: the log as it was before.
    expect(await sizeOf(await witness.add(log, 5, 7))).toEqual([409, WITNESS_SIZE_TYPE, '9\n']);
    expect(await sizeOf(await witness.add(log, 0, 0))).toEqual([409, WITNESS_SIZE_TYPE, '9\n']);
    expect((await witness.add(log, 9, 7)).status).toBe(400);
  });

  it('refuses a fork, keeps the proof of it once, and goes on with the history it knows', async () => {
    const witness = await start();
    await witness.add(log, 0, 9);
    for (let i = 0; i < 3; i++) {
      const refused = await witness.add(log, 9, 9, 1);
      expect([refused.status, await refused.text()]).toEqual([422, 'Two roots of one size, 9: the log is forked.\n']);
    }
    expect((await witness.add(log, 9, 12, 1)).status).toBe(422);
    expect(await cosigned(witness, await witness.add(log, 9, 12), 12)).toBe(true);
    expect(witness.events.filter(({ event }) => event === 'fork')).toHaveLength(1);
    const forks = await readdir(join(path, 'forks'));
    expect(forks).toHaveLength(2);
    const both = await Promise.all(forks.map((name) => readFile(join(path, 'forks', name))));
    const [one, other] = both.map((bytes) => openCheckpoint(crypto, bytes, [log.key]).checkpoint);
    expect(one?.size).toBe(other?.size);
    expect(one?.root).not.toEqual(other?.root);
  });

  it('refuses wrong proofs, other logs, other keys and what is none of the protocol', async () => {
    const witness = await start();
    await witness.add(log, 0, 9);
    const good = { old: 9, proof: await log.proof(9, 12), checkpoint: await log.at(12) };
    const status = async (body: Uint8Array | string): Promise<number> => (await witness.post(body)).status;
    expect(await status(encodeAddCheckpoint({ ...good, proof: good.proof.slice(1) }))).toBe(422);
    expect(await status(encodeAddCheckpoint({ ...good, proof: [...good.proof, log.root(1)] }))).toBe(422);
    expect(await status(encodeAddCheckpoint({ ...good, checkpoint: await new TestLog('example.com/other').at(12) }))).toBe(404);
    expect(await status(encodeAddCheckpoint({ ...good, checkpoint: await new TestLog('example.com/log').at(12) }))).toBe(403);
    for (const body of [
      '',
      'old 9\n',
      'old 09\n\nx',
      'hello',
      Buffer.from([0xff, 10, 10]),
      encodeAddCheckpoint({ ...good, checkpoint: Buffer.from('x\n') }),
    ])
      expect(await status(body)).toBe(400);
    expect(await cosigned(witness, await witness.post(encodeAddCheckpoint(good)), 12)).toBe(true);
  });

  it('refuses what is too large, said or not, and stays there for others', async () => {
    const witness = await start();
    const big = 'x'.repeat(MAX_ADD_CHECKPOINT + 1);
    expect((await witness.post(big)).status).toBe(413);
    const chunks = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from(big));
        controller.close();
      },
    });
    const unsaid = await fetch(`${witness.url}add-checkpoint`, { method: 'POST', body: chunks, duplex: 'half' });
    expect(unsaid.status).toBe(413);
    expect((await witness.post('x'.repeat(MAX_ADD_CHECKPOINT))).status).toBe(400);
    // Hangs up in the middle of its request.
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(witness.url).port), '127.0.0.1', () => {
        socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nold', () => socket.destroy());
      });
      socket.on('close', () => resolve());
    });
    expect((await witness.add(log, 0, 1)).status).toBe(200);
    expect(witness.events.filter(({ event }) => event === 'fault')).toEqual([]);
  });

  it('answers 50 requests at once one after the other: one history, sizes that only grow', async () => {
    const witness = await start();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => witness.add(log, 0, 1 + (i % 25), i % 2)));
    const won = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []));
    // All begin at 0, so whoever is first is the only one; the rest is told its size.
    const size = 1 + ((won[0] ?? 0) % 25);
    expect(new Set(won.map((i) => 1 + (i % 25)))).toEqual(new Set([size]));
    for (const answer of answers) if (answer.status === 409) expect(await answer.text()).toBe(`${size}\n`);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    expect(witness.folder.all).toMatchObject([{ size }]);
  });

  it('has nothing else', async () => {
    const witness = await start();
    const status = async (way: string, method = 'GET'): Promise<number> => (await fetch(`${witness.url}${way}`, { method })).status;
    expect(await status('')).toBe(404);
    expect(await status('add-checkpoint')).toBe(405);
    expect(await status('x/add-checkpoint', 'POST')).toBe(404);
    expect(await status(`${'0'.repeat(64)}/checkpoint`, 'DELETE')).toBe(405);
    expect(await status('..%2fwitness.jwk.json')).toBe(404);
  });
});

describe('what it holds', () => {
  it('is served as a note with the co-signature, without lines of strangers', async () => {
    const witness = await start();
    const way = `${witness.url}${logId(crypto, 'example.com/log')}/checkpoint`;
    expect((await fetch(way)).status).toBe(404);
    const stranger = new TestLog('stranger.example');
    const signed = Buffer.from(await log.at(9)).toString();
    const line =
      Buffer.from(await stranger.at(9))
        .toString()
        .split('\n')
        .at(-2) ?? '';
    expect((await witness.post(encodeAddCheckpoint({ old: 0, proof: [], checkpoint: Buffer.from(`${signed}${line}\n`) }))).status).toBe(200);
    const note = parseNote(new Uint8Array(await (await fetch(way)).arrayBuffer()));
    expect(note.signatures.map(({ name }) => name)).toEqual(['example.com/log', 'witness.example/w']);
    const judged = verifyNote(crypto, note, [log.key, witness.folder.key.key]);
    expect('valid' in judged && judged.valid).toHaveLength(2);
    expect((await fetch(way, { method: 'HEAD' })).status).toBe(200);
  });

  it('survives a restart: fork and rollback are refused as before', async () => {
    const before = await start();
    await before.add(log, 0, 9);
    const vkey = formatVkey(before.folder.key.key);
    await stopped();
    const witness = await start([log.key], { name: 'witness.example/w' });
    expect(formatVkey(witness.folder.key.key)).toBe(vkey);
    expect((await witness.add(log, 0, 9, 1)).status).toBe(409);
    expect((await witness.add(log, 9, 9, 1)).status).toBe(422);
    expect((await witness.add(log, 9, 12, 1)).status).toBe(422);
    expect((await witness.add(log, 0, 4)).status).toBe(409);
    expect((await witness.add(log, 9, 12)).status).toBe(200);
    // A log that is not named any more is not co-signed, and not forgotten.
    await stopped();
    const other = await start([new TestLog('example.com/other').key]);
    expect((await other.add(log, 12, 13)).status).toBe(404);
    expect((await fetch(`${other.url}${logId(crypto, 'example.com/log')}/checkpoint`)).status).toBe(200);
  });

  it('co-signs nothing that it cannot remember', async () => {
    let broken = false;
    const hook = (step: string): void => {
      if (broken && step === 'fsync_folder') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    const witness = await start([log.key], { hook });
    await witness.add(log, 0, 5);
    broken = true;
    expect((await witness.add(log, 5, 9)).status).toBe(500);
    expect(witness.events.at(-1)).toMatchObject({ event: 'fault' });
    broken = false;
    // Nobody has seen that co-signature, so another root of the size is the first; from then on the only one.
    expect(await cosigned(witness, await witness.add(log, 5, 9, 1), 9, 1)).toBe(true);
    expect((await witness.add(log, 9, 9)).status).toBe(422);
    await stopped();
    const restarted = await start();
    expect((await restarted.add(log, 9, 9)).status).toBe(422);
    expect(await cosigned(restarted, await restarted.add(log, 9, 9, 1), 9, 1)).toBe(true);
  });
});

describe('the folder of a witness', () => {
  const open = (options: object = {}): Promise<WitnessFolder> => WitnessFolder.open(path, { crypto, ...options });

  it('is for one process at a time, and for its user alone', async () => {
    const first = await open({ name: 'witness.example/w' });
    expect(await codeOf(open())).toBe('bad_request');
    first.close();
    const second = await open();
    expect([first.created, second.created]).toEqual([true, false]);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'witness.jwk.json'))).mode & 0o777).toBe(0o600);
    second.close();
  });

  it('needs a name that can be one, once and for ever', async () => {
    expect(await codeOf(open())).toBe('bad_configuration');
    for (const name of ['', 'with space', 'a+b']) expect(await codeOf(open({ name }))).toBe('bad_configuration');
    (await open({ name: 'witness.example/w' })).close();
    expect(await codeOf(open({ name: 'another' }))).toBe('bad_configuration');
    (await open()).close();
  });

  it('that is something else, or can be changed by others, is refused', async () => {
    await writeFile(join(base, 'letter.txt'), 'dear');
    await expect(WitnessFolder.open(base, { crypto, name: 'w' })).rejects.toMatchObject({
      code: 'bad_configuration',
      message: expect.stringContaining('neither empty'),
    });
    await expect(WitnessFolder.open(join(base, 'letter.txt'), { crypto, name: 'w' })).rejects.toMatchObject({ code: 'bad_configuration' });
    (await open({ name: 'w' })).close();
    await chmod(path, 0o777);
    expect(await codeOf(open())).toBe('bad_configuration');
    await chmod(path, 0o700);
    await chmod(join(path, 'witness.jwk.json'), 0o640);
    expect(await codeOf(open())).toBe('key_malformed');
  });

  it('does not make a new key where one was, nor goes on with half of one', async () => {
    (await open({ name: 'w' })).close();
    const file = join(path, 'witness.jwk.json');
    const key = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    const other = await WitnessFolder.open(join(base, 'other'), { crypto, name: 'w' });
    other.close();
    const { x } = JSON.parse(await readFile(join(base, 'other', 'witness.jwk.json'), 'utf8')) as { x: string };
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      JSON.stringify({ ...key, x }),
      JSON.stringify({ ...key, d: 'x' }),
      JSON.stringify({ ...key, name: 'a b' }),
      ' '.repeat(9000),
    ]) {
      await writeFile(file, text);
      expect(await codeOf(open())).toBe('key_malformed');
    }
    await rm(file);
    expect(await codeOf(open({ name: 'w' }))).toBe('key_missing');
  });

  it('whose memory was changed is refused', async () => {
    const witness = await start();
    await witness.add(log, 0, 9);
    await stopped();
    const file = join(path, 'logs', `${logId(crypto, 'example.com/log')}.checkpoint`);
    const bytes = await readFile(file);
    const harmless: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(i) ^ 1, i);
      await writeFile(file, flipped);
      const code = await codeOf(open().then((folder) => folder.close()));
      // The log's own signature, in the middle, is not what the memory rests on.
      if (code === 'none') harmless.push(i);
      else expect(code).toBe('checkpoint_malformed');
    }
    const [line = ''] = bytes.toString('latin1').split('\n').slice(4, 5);
    const from = bytes.indexOf(line, 0, 'latin1');
    expect(harmless.every((i) => i >= from && i < from + line.length)).toBe(true);
    await writeFile(file, '');
    expect(await codeOf(open())).toBe('checkpoint_malformed');
    // The memory of one log under the name of another.
    await rm(file);
    await writeFile(join(path, 'logs', `${logId(crypto, 'example.com/other')}.checkpoint`), bytes);
    expect(await codeOf(open())).toBe('checkpoint_malformed');
  });
});

it('says in one sentence that its port is taken, and that it has no log', async () => {
  const witness = await start();
  const { port } = new URL(witness.url);
  const parts = { crypto, clock, folder: witness.folder, report: () => undefined };
  const another = new CosigningWitness({ ...parts, logs: [log.key] });
  await expect(WitnessServer.listen({ witness: another, port: Number(port), host: '127.0.0.1', report: () => undefined })).rejects.toMatchObject({
    code: 'bad_configuration',
    message: `Port ${port} is in use: stop what listens there, or choose another with --port.`,
  });
  await expect(WitnessServer.listen({ witness: another, port: 0, host: '192.0.2.1', report: () => undefined })).rejects.toMatchObject({
    message: expect.stringContaining('Nothing can listen on port 0 of 192.0.2.1'),
  });
  expect(() => new CosigningWitness({ ...parts, logs: [] })).toThrow('Name at least one log');
  expect(() => new CosigningWitness({ ...parts, logs: [witness.folder.key.key] })).toThrow('is one of a witness, not of a log');
});
