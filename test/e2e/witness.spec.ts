import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { until } from '@holdfast/test-kit';
import { cosigners, parseCheckpointText, parseNote, parsePolicy, satisfies } from '@holdfast/tlog';

// `holdfast witness` as auditors run it, and an archive that asks it: separate processes, real HTTP. Needs a build.
const HOLDFAST = fileURLToPath(new URL('../../apps/cli/bin/holdfast.js', import.meta.url));
const PATIENCE_MS = 240_000;
const NAMES = ['anna', 'bo', 'chen'];

interface Said {
  readonly name: string;
  readonly vkey: string;
  readonly url: string;
  readonly holds: readonly { readonly size: number; readonly root: string }[];
}

class Running {
  readonly child: ChildProcess;
  readonly exit: Promise<number | string>;
  output = '';
  errors = '';

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [HOLDFAST, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.exit = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? ''));
    });
  }
}

async function run(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | string; document: unknown; errors: string }> {
  const running = new Running([...args, '--json'], environment);
  const code = await running.exit;
  return { code, document: running.output === '' ? undefined : JSON.parse(running.output), errors: running.errors };
}

let base: string;
let archive: string;
let logVkey: string;
const witnesses: Running[] = [];

/** Resolves when it listens. */
async function witness(name: string, port = 0): Promise<Said & { readonly running: Running }> {
  const args = ['witness', '--dir', join(base, name), '--name', `witness.example/${name}`, '--log', logVkey, '--port', String(port), '--json'];
  const running = new Running(args);
  witnesses.push(running);
  const listens = until(() => running.output.endsWith('\n'), PATIENCE_MS, 'the witness listens');
  await Promise.race([listens, running.exit.then((code) => Promise.reject(new Error(`it ended with ${code}: ${running.errors}`)))]);
  return { running, ...(JSON.parse(running.output) as Said) };
}

/** Seals `records` more records and covers them by the log, asking the witnesses. */
async function seal(folder: string, records: number, seed: number, environment: Record<string, string>): Promise<Awaited<ReturnType<typeof run>>> {
  expect((await run(['generate', '--records', String(records), '--seed', String(seed), '--data', folder])).code).toBe(0);
  return run(['ingest', '--until-idle', '--data', folder], environment);
}

/** What the newest checkpoint in the vault is worth to somebody who has this policy. */
async function newest(folder: string, policyText: string): Promise<{ size: number; names: readonly string[]; quorum: boolean }> {
  const policy = parsePolicy(crypto, policyText);
  const stored = join(folder, 'vault', 't', 'checkpoint');
  const notes = await Promise.all((await readdir(stored)).map(async (name) => parseNote(await readFile(join(stored, name)))));
  const judged = notes.map((note) => {
    const found = cosigners(crypto, policy, note);
    const names = 'valid' in found ? found.valid.map(({ name }) => name).sort() : [];
    return { size: parseCheckpointText(note.text).size, names, quorum: satisfies(policy, names) };
  });
  judged.sort((a, b) => a.size - b.size || a.names.length - b.names.length);
  const last = judged.at(-1);
  if (last === undefined) throw new Error('no checkpoint');
  return last;
}

beforeAll(async () => {
  const made = await mkdtemp(join(tmpdir(), 'holdfast-witnessed-'));
  archive = join(made, 'archive');
  expect((await seal(archive, 60, 1, {})).code).toBe(0);
  const { document } = await run(['keys', 'status', '--data', archive]);
  logVkey = (document as { logKeys: readonly string[] }).logKeys[0] ?? '';
}, PATIENCE_MS);
afterAll(() => rm(join(archive, '..'), { recursive: true }));
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-witness-'));
});
afterEach(async () => {
  for (const { child, exit } of witnesses.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
  await rm(base, { recursive: true });
});

it(
  'two of three witnesses anchor an archive; a restored older copy of it is found out and signs nothing',
  async () => {
    const folder = join(base, 'archive');
    await cp(archive, folder, { recursive: true });
    const three = await Promise.all(NAMES.map((name) => witness(name)));
    const policyText = [
      `log ${logVkey}`,
      ...three.map(({ vkey }, i) => `witness ${NAMES[i] ?? ''} ${vkey}`),
      `group auditors 2 ${NAMES.join(' ')}`,
      'quorum auditors\n',
    ].join('\n');
    await writeFile(join(base, 'policy'), policyText);
    const environment = {
      HOLDFAST_LOG_POLICY_PATH: join(base, 'policy'),
      HOLDFAST_WITNESS_URLS: three.map(({ url }, i) => `${NAMES[i] ?? ''}=${url}`).join(','),
    };
    expect((await seal(folder, 40, 2, environment)).code).toBe(0);
    expect(await newest(folder, policyText)).toMatchObject({ names: NAMES, quorum: true });
    const older = join(base, 'older');
    await cp(folder, older, { recursive: true });

    // One is away: still a quorum. Two are: none.
    await Promise.all(three.slice(2).map(({ running }) => (running.child.kill('SIGTERM'), running.exit)));
    const withTwo = await seal(folder, 40, 3, environment);
    expect([withTwo.code, withTwo.errors]).toEqual([0, expect.stringContaining('chen')]);
    const second = await newest(folder, policyText);
    expect(second).toMatchObject({ names: ['anna', 'bo'], quorum: true });

    // The archive from before, and other records: its log would have a second history under its key.
    const rolledBack = await seal(older, 60, 4, environment);
    expect(rolledBack.code).not.toBe(0);
    expect(rolledBack.errors).toMatch(/the witness (anna|bo) holds a checkpoint/);
    expect((await newest(older, policyText)).size).toBeLessThan(second.size);
  },
  PATIENCE_MS,
);

it(
  'a witness that is killed at any moment remembers what it has answered',
  async () => {
    const folder = join(base, 'archive');
    await cp(archive, folder, { recursive: true });
    let held = 0;
    for (let seed = 10; seed < 13; seed++) {
      const { running, vkey, url, holds } = await witness('anna');
      expect(holds[0]?.size ?? 0).toBeGreaterThanOrEqual(held);
      await writeFile(join(base, 'policy'), `log ${logVkey}\nwitness anna ${vkey}\nquorum anna\n`);
      const environment = { HOLDFAST_LOG_POLICY_PATH: join(base, 'policy'), HOLDFAST_WITNESS_URLS: `anna=${url}` };
      expect((await seal(folder, 30, seed, environment)).code).toBe(0);
      const { size, quorum } = await newest(folder, await readFile(join(base, 'policy'), 'utf8'));
      expect(quorum).toBe(true);
      held = size;
      running.child.kill('SIGKILL');
      expect(await running.exit).toBe('SIGKILL');
    }
    const last = await witness('anna');
    expect(last.holds).toMatchObject([{ size: held }]);
    last.running.child.kill('SIGINT');
    expect(await last.running.exit).toBe(0);
    expect(last.running.output.trim().split('\n')).toHaveLength(1);
  },
  PATIENCE_MS,
);

it(
  'refuses in one sentence what it cannot do',
  async () => {
    const first = await witness('anna');
    const { port } = new URL(first.url);
    const refused = async (...args: string[]): Promise<unknown> => {
      const { code, document, errors } = await run(['witness', ...args]);
      expect(errors.trim().split('\n')).toHaveLength(1);
      return [code, (document as { error: { message: string } }).error.message];
    };
    expect(await refused('--dir', join(base, 'anna'), '--log', logVkey, '--port', '0')).toEqual([
      1,
      expect.stringContaining('Another witness runs in'),
    ]);
    expect(await refused('--dir', join(base, 'bo'), '--name', 'bo', '--log', logVkey, '--port', port)).toEqual([
      78,
      expect.stringContaining(`Port ${port} is in use`),
    ]);
    expect(await refused('--dir', join(base, 'none'))).toEqual([78, expect.stringContaining('Name the logs')]);
    expect(await refused('--dir', join(base, 'none'), '--log', first.vkey)).toEqual([78, expect.anything()]);
    expect(await refused('--dir', join(base, 'none'), '--log', 'nonsense', '--name', 'x')).toEqual([78, expect.stringContaining('is not a vkey')]);
    expect(await refused('--dir', join(base, 'none'), '--policy', join(base, 'no file'))).toEqual([78, expect.stringContaining('cannot be read')]);
    expect(await readdir(base)).not.toContain('none');
  },
  PATIENCE_MS,
);
