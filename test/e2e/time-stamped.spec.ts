import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startLocalTsa } from '../../deploy/local/local-tsa.mjs';

// An archive whose checkpoints a real authority (openssl ts) stamps, and an auditor who believes that authority. Separate
// processes, real HTTP. Needs a build.
const HOLDFAST = fileURLToPath(new URL('../../apps/cli/bin/holdfast.js', import.meta.url));
const PATIENCE_MS = 240_000;
const run = promisify(execFile);

interface Outcome {
  readonly code: number;
  readonly document: Record<string, unknown>;
}

async function holdfast(args: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const ended = await run(process.execPath, [HOLDFAST, ...args, '--json'], { env: environment, maxBuffer: 1e8 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string },
  );
  return { code: ended.code, document: JSON.parse(ended.stdout) as Record<string, unknown> };
}

let base: string;
let archive: string;
let tsa: Awaited<ReturnType<typeof startLocalTsa>>;
let pem: string;

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-stamped-'));
  archive = join(base, 'archive');
  tsa = await startLocalTsa({ name: 'Example TSA' });
  pem = join(base, 'root.pem');
  await writeFile(pem, pemOf(tsa.rootDer));
  await holdfast(['generate', '--records', '60', '--data', archive]);
  const ingested = await holdfast(['ingest', '--until-idle', '--data', archive], {
    HOLDFAST_TSA_URLS: `example=${tsa.url}`,
    HOLDFAST_TSA_ROOTS_PATH: pem,
  });
  expect(ingested.code).toBe(0);
}, PATIENCE_MS);

afterAll(async () => {
  await tsa.stop();
  await rm(base, { recursive: true, force: true });
});

async function token(): Promise<{ readonly path: string; readonly checkpoint: string }> {
  const folder = join(archive, 'vault', 't', 'token');
  const [over = ''] = await readdir(folder);
  const [name = ''] = await readdir(join(folder, over));
  const checkpoints = join(archive, 'vault', 't', 'checkpoint');
  const stamped = (await readdir(checkpoints)).find((file) => file.startsWith(over)) ?? '';
  return { path: join(folder, over, name), checkpoint: join(checkpoints, stamped) };
}

async function policy(name: string, root: Uint8Array): Promise<string> {
  const path = join(base, `policy of ${name}`);
  await writeFile(path, `quorum none\ntsa example ${Buffer.from(root).toString('base64')}\n`);
  return path;
}

it(
  'is anchored for whoever believes the authority, and for nobody else',
  async () => {
    const believed = await holdfast(['verify', '--data', archive, '--policy', await policy('one', tsa.rootDer)]);
    expect(believed).toMatchObject({
      code: 0,
      document: { ok: true, anchored: true, log: { anchor: { authorities: [expect.stringContaining('Example TSA')] } } },
    });
    const other = await startLocalTsa({ name: 'Another TSA' });
    try {
      const stranger = await holdfast(['verify', '--data', archive, '--policy', await policy('another', other.rootDer)]);
      expect(stranger).toMatchObject({ code: 0, document: { ok: true, anchored: false } });
      expect(stranger.document['notes']).toContainEqual(expect.objectContaining({ code: 'TOKEN_NOT_TRUSTED' }));
    } finally {
      await other.stop();
    }
  },
  PATIENCE_MS,
);

it(
  'gives tokens that openssl verifies over the stored checkpoint',
  async () => {
    const { path, checkpoint } = await token();
    const { stdout } = await run('openssl', ['ts', '-verify', '-data', checkpoint, '-in', path, '-token_in', '-CAfile', pem]);
    expect(stdout).toMatch(/Verification: OK/);
    const moved = join(base, 'another checkpoint');
    await writeFile(moved, (await readFile(checkpoint, 'utf8')).replace('\n', ' \n'));
    await expect(run('openssl', ['ts', '-verify', '-data', moved, '-in', path, '-token_in', '-CAfile', pem])).rejects.toThrow();
  },
  PATIENCE_MS,
);
