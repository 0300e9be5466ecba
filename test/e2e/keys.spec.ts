import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from '@holdfast/assembly';
import { makeEscrowKeys } from '@holdfast/keys-jose';
import { holdfast } from '../harness/holdfast-process.js';
import { sealedFolder } from '../harness/sealed-folder.js';
import type { SealedFolder } from '../harness/sealed-folder.js';

const PATIENCE_MS = 240_000;
let archive: SealedFolder;
let scratch: string;

beforeAll(async () => {
  archive = await sealedFolder();
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
}, PATIENCE_MS);
afterAll(async () => {
  await archive.remove();
  await rm(scratch, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly json: Readonly<Record<string, unknown>>;
}

async function run(...args: readonly string[]): Promise<Ran> {
  const { code, out, err } = await holdfast(...args, '--data', archive.folder, '--json');
  if (out === '') throw new Error(err);
  return { code, json: JSON.parse(out) as Record<string, unknown> };
}

async function more(): Promise<void> {
  expect((await run('generate', '--records', '60', '--seed', '5')).code).toBe(0);
  expect((await run('ingest', '--until-idle')).code).toBe(0);
}

async function findings(): Promise<string[]> {
  const { json } = await run('verify');
  if (json['findings'] === undefined) throw new Error(JSON.stringify(json));
  return (json['findings'] as readonly { readonly code: string; readonly place: string }[]).map(({ code, place }) => `${code} ${place}`);
}

async function signing(): Promise<string> {
  const opened = await openEmbedded(archive.folder);
  const { kid } = await opened.archive.keys.manifestKey();
  await opened.close();
  return kid;
}

describe('keys of an archive that people work on', () => {
  it(
    'are rotated, every kind: old signatures verify, old data opens, new data is sealed under the new ones',
    async () => {
      const before = await signing();
      const manifest = await run('keys', 'rotate', 'manifest');
      expect(manifest).toMatchObject({ code: 0, json: { closed: [before], waiting: [] } });
      expect(manifest.json['kid']).toBe(await signing());
      expect(await run('keys', 'rotate', 'log', '--reason', 'yearly')).toMatchObject({ code: 0, json: { waiting: [] } });
      expect((await run('keys', 'rotate', 'kek')).code).toBe(0);
      expect(await run('keys', 'rotate', 'kek', '--cohort', 'none/2000-01')).toMatchObject({ code: 1 });
      await more();
      expect(await findings()).toEqual([]);
      expect((await run('search', 'contract')).code).toBe(0);
      expect((await run('keys', 'introduce')).json).toEqual({ introduced: [] });
    },
    PATIENCE_MS,
  );

  it(
    'recovery keys change by what the one there is has signed',
    async () => {
      const offline = join(scratch, 'offline');
      await makeEscrowKeys(offline, [], 1);
      const [added = ''] = await readdir(join(offline, 'recovery-private'));
      const secret = join(offline, 'recovery-private', added);
      expect(await run('keys', 'rotate', 'recovery', '--add', secret)).toMatchObject({ code: 1 });
      const kid = added.replace('.jwk.json', '');
      const opened = await openEmbedded(archive.folder);
      const [old] = opened.archive.genesis.recovery;
      await opened.close();
      const half = join(scratch, 'half.json');
      await writeFile(half, JSON.stringify(await publicHalf(offline)));
      expect((await run('keys', 'rotate', 'recovery', '--add', half)).json).toEqual({ action: 'introduce', kid });
      expect((await run('keys', 'rotate', 'recovery', '--close', old?.kid ?? '', '--recovery-key', secret)).json).toEqual({
        action: 'close',
        kid: old?.kid,
      });
      expect(await findings()).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'a stolen one is closed at the heads that somebody kept, by what a person signed elsewhere',
    async () => {
      const stolen = await signing();
      const heads = join(scratch, 'heads.json');
      expect((await run('keys', 'heads', '--out', heads)).code).toBe(0);
      const secret = join(scratch, 'offline', 'recovery-private', (await readdir(join(scratch, 'offline', 'recovery-private')))[0] ?? '');
      const [statement, signed] = [join(scratch, 'statement.json'), join(scratch, 'statement.jws')];
      const command = ['keys', 'compromised', stolen, '--reason', 'the laptop is gone', '--heads', heads];
      expect(await run('keys', 'compromised', stolen, '--reason', 'the laptop is gone')).toMatchObject({ code: 78 });
      expect(await run(...command, '--prepare', statement)).toMatchObject({ code: 1, json: { prepared: statement } });
      expect(await run('keys', 'sign', statement, '--recovery-key', secret, '--out', signed)).toMatchObject({ code: 0 });
      // The recovery key of the folder was closed: what it signs is worth nothing.
      expect(await run(...command, '--statement', statement)).toMatchObject({ code: 1 });
      expect(await run(...command, '--statement', statement, '--signed', signed)).toMatchObject({ code: 0, json: { closed: stolen, disputed: [] } });
      expect(await signing()).not.toBe(stolen);
      await more();
      expect(await findings()).toEqual([]);
    },
    PATIENCE_MS,
  );
});

async function publicHalf(folder: string): Promise<unknown> {
  const { keys } = JSON.parse(await readFile(join(folder, 'recovery.jwks.json'), 'utf8')) as { readonly keys: readonly unknown[] };
  return keys[0];
}
