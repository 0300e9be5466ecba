/**
 * Making keys. Each file appears whole or not at all (temporary file, fsync, link) and is never overwritten: link(2) fails
 * when the name is taken, so two processes that start together end up with the same keys.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { CohortName } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { parseEcPrivate } from './jwk.js';
import type { EcPrivateJwk, EcPublicJwk } from './jwk.js';
import {
  KeyFolder,
  LOG_KEYS,
  MANIFEST_KEYS,
  RECOVERY_KEYS,
  SEALED,
  escrowFile,
  escrowPrivateFile,
  hasCode,
  kekFile,
  recoveryPrivateFile,
  syncFolder,
  unlessMissing,
} from './key-folder.js';
import { newEcKey, newKek, newLogKey } from './new-keys.js';

/** A temporary file this old belongs to a process that died; it may be a second name of a key and must not outlive it. */
const STALE_MS = 600_000;
const AT_ONCE = 16;

export interface InitKeyRingOptions {
  /** Cohorts that need keys; the caller asks for at least 24 months ahead. */
  readonly cohorts: readonly CohortName[];
  /** Also make escrow and recovery keys with their private halves, here (embedded profile). Otherwise they are imported. */
  readonly escrowPrivate: boolean;
}

export interface InitKeyRingReport {
  /** Files made now; everything else was there already and was left alone. */
  readonly made: readonly string[];
  /** Cohorts that cannot be used yet: their escrow public key has to be imported. */
  readonly withoutEscrow: readonly CohortName[];
}

/**
 * Makes what is missing in a key ring and changes nothing that is there; running it again is harmless, also after a crash.
 * @throws HoldfastError `key_malformed` when something in the folder cannot be used
 */
export async function initKeyRing(root: string, options: InitKeyRingOptions): Promise<InitKeyRingReport> {
  const maker = await KeyMaker.open(root);
  await maker.make(MANIFEST_KEYS, () => ({ keys: [newEcKey('sig')] }));
  await maker.make(LOG_KEYS, () => ({ keys: [newLogKey()] }));
  await inBatches(options.cohorts, (cohort) => maker.make(kekFile(cohort), () => ({ keys: [newKek()] })));
  if (options.escrowPrivate) await makeEscrow(maker, options.cohorts, 1);
  await maker.settle();
  const withoutEscrow: CohortName[] = [];
  for (const cohort of options.cohorts) {
    if ((await maker.folder.read(escrowFile(cohort), 'public')) === undefined) withoutEscrow.push(cohort);
  }
  return { made: maker.made, withoutEscrow };
}

/**
 * Makes escrow and recovery keys in a folder of their own, on a machine that is offline: `escrow/` and
 * `recovery.jwks.json` are then copied into the server's key ring, `escrow-private/` and `recovery-private/` never are.
 */
export async function makeEscrowKeys(root: string, cohorts: readonly CohortName[], recoveryKeys: number): Promise<readonly string[]> {
  const maker = await KeyMaker.open(root);
  await makeEscrow(maker, cohorts, recoveryKeys);
  await maker.settle();
  return maker.made;
}

async function makeEscrow(maker: KeyMaker, cohorts: readonly CohortName[], recoveryKeys: number): Promise<void> {
  // The private half is durable before its public half appears: data wrapped for a key nobody holds would be lost.
  const halves = new Map<CohortName, EcPublicJwk>();
  await inBatches(cohorts, async (cohort) => {
    const file = escrowPrivateFile(cohort);
    // A public key that was imported stays the only one: a second pair would split the escrow of one cohort.
    if ((await maker.folder.read(escrowFile(cohort), 'public')) !== undefined) return;
    await maker.make(file, () => newEcKey('enc'));
    halves.set(cohort, ecHalf(parseEcPrivate(await maker.folder.read(file, 'secret'), maker.folder.path(file)), 'enc'));
  });
  await maker.settle();
  await inBatches([...halves], ([cohort, half]) => maker.make(escrowFile(cohort), () => half));

  if ((await maker.folder.read(RECOVERY_KEYS, 'public')) !== undefined) return;
  const recovery = await recoveryPrivate(maker);
  while (recovery.length < recoveryKeys) {
    const key = newEcKey('sig');
    await maker.make(recoveryPrivateFile(key.kid), () => key);
    recovery.push(key);
  }
  await maker.settle();
  await maker.make(RECOVERY_KEYS, () => ({ keys: recovery.map((key) => ecHalf(key, 'sig')) }));
}

/** Private recovery keys that a run before this one made, when it died before publishing them. */
async function recoveryPrivate(maker: KeyMaker): Promise<EcPrivateJwk[]> {
  const files = ((await readdir(maker.folder.path('recovery-private')).catch(unlessMissing)) ?? []).filter((name) =>
    /^[^.].*\.jwk\.json$/.test(name),
  );
  const keys: EcPrivateJwk[] = [];
  for (const name of files.sort()) {
    const file = join('recovery-private', name);
    keys.push(parseEcPrivate(await maker.folder.read(file, 'secret'), maker.folder.path(file)));
  }
  return keys;
}

class KeyMaker {
  readonly folder: KeyFolder;
  readonly made: string[] = [];
  readonly #folders = new Set<string>();

  private constructor(folder: KeyFolder) {
    this.folder = folder;
  }

  static async open(folder: string): Promise<KeyMaker> {
    const root = resolve(folder);
    await mkdir(root, { recursive: true, mode: 0o700 });
    const maker = new KeyMaker(new KeyFolder(root));
    await maker.folder.check();
    return maker;
  }

  /** Writes `file` unless it is there; durable after the next `settle`. */
  async make(file: string, content: () => unknown): Promise<void> {
    const path = this.folder.path(file);
    const parent = dirname(path);
    if (!this.#folders.has(parent)) {
      await mkdir(parent, { recursive: true, mode: 0o700 });
      await sweep(parent);
      this.#folders.add(parent);
    }
    // A file that a key service has sealed is there as well.
    for (const there of [path, `${path}${SEALED}`]) if ((await stat(there).catch(unlessMissing)) !== undefined) return;
    const temporary = join(parent, `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(content(), null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      // A crash before this line leaves a temporary file that nobody reads; after it the key is there, whole.
      await link(temporary, path);
      this.made.push(file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw new HoldfastError('key_malformed', `${path} cannot be written.`, { cause: error });
    } finally {
      await unlink(temporary);
    }
  }

  /** Makes the names durable: every folder written to and its parents up to the root's own parent. */
  async settle(): Promise<void> {
    const all = new Set<string>([this.folder.root, dirname(this.folder.root)]);
    for (const folder of this.#folders) {
      for (let at = folder; at.length > this.folder.root.length; at = dirname(at)) all.add(at);
    }
    for (const folder of all) await syncFolder(folder);
  }
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^\..*\.[0-9a-f]{16}\.tmp$/.test(name)) continue;
    const found = await stat(join(folder, name)).catch(unlessMissing);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await unlink(join(folder, name)).catch(unlessMissing);
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(work));
}

function ecHalf(key: EcPrivateJwk, use: 'sig' | 'enc'): EcPublicJwk & { readonly use: string } {
  const { x, y, kid } = key;
  return { kty: 'EC', crv: 'P-256', x, y, kid, use };
}
