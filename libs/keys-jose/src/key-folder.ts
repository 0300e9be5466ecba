/** Where the keys of an archive lie in a folder, and how they are read: through one descriptor, with permissions checked. */
import { constants } from 'node:fs';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CohortName } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { malformed } from './jwk.js';

const MAX_FILE = 1 << 20;
/** Ending of a file that a key service has sealed. */
export const SEALED = '.kms';
const CLASS_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const PERIOD = /^\d{4}(-(0[1-9]|1[0-2]))?$/;

export interface KeyFolderOptions {
  /** The folder is a mounted secret: whoever mounts it decides on permissions, they are not checked here. Default false. */
  readonly mounted?: boolean;
  /**
   * Opens files that a key service has sealed (`NAME.kms`): their keys are never on this disk in the clear. `file` is the name
   * without `.kms`, which the service must have bound, so that no file passes for another.
   */
  readonly unseal?: (file: string, sealed: Uint8Array) => Promise<Uint8Array>;
}

export const MANIFEST_KEYS = 'manifest.jwks.json';
export const LOG_KEYS = 'log.jwks.json';
export const RECOVERY_KEYS = 'recovery.jwks.json';

export const kekFile = (cohort: CohortName): string => join('kek', className(cohort), `${period(cohort)}.jwks.json`);
export const escrowFile = (cohort: CohortName): string => join('escrow', className(cohort), `${period(cohort)}.jwk.json`);
export const escrowPrivateFile = (cohort: CohortName): string => join('escrow-private', className(cohort), `${period(cohort)}.jwk.json`);
export const recoveryPrivateFile = (kid: string): string => join('recovery-private', `${kid}.jwk.json`);

/** Names become paths and header members: nothing that leaves the folder or has two spellings. */
export function isCohortName(cohort: CohortName): boolean {
  return CLASS_NAME.test(cohort.className) && PERIOD.test(cohort.period);
}

export class KeyFolder {
  readonly root: string;
  readonly #checkModes: boolean;
  readonly #unseal: KeyFolderOptions['unseal'];
  /** Opened files, for as long as the sealed one stays: a key service is asked once, and a destroyed file counts at once. */
  readonly #opened = new Map<string, { readonly stamp: string; readonly value: unknown }>();

  constructor(root: string, options: KeyFolderOptions = {}) {
    this.root = root;
    this.#unseal = options.unseal;
    this.#checkModes = options.mounted !== true && process.platform !== 'win32';
  }

  /** @throws HoldfastError `key_missing` no such folder, `key_malformed` others may enter it */
  async check(): Promise<void> {
    const found = await stat(this.root).catch(unlessMissing);
    if (found?.isDirectory() !== true) {
      throw new HoldfastError('key_missing', `There is no key ring in ${this.root}: run "holdfast keys init", or name its folder.`);
    }
    if (this.#checkModes && (found.mode & 0o077) !== 0) {
      throw malformed(this.root, `can be entered by other users (mode ${octal(found.mode)}): run "chmod 700" on it`);
    }
  }

  /**
   * Content of a key file as JSON, `undefined` when there is none. `secret` files must be readable by nobody else, public
   * ones writable by nobody else: a swapped escrow key would hand every later data key to the swapper.
   */
  async read(file: string, kind: 'secret' | 'public'): Promise<unknown> {
    const plain = await readKeyFile(join(this.root, file), kind, this.#checkModes);
    if (kind === 'public') return plain;
    const sealed = await this.#readSealed(file);
    if (sealed !== undefined && plain !== undefined)
      throw malformed(join(this.root, file), `lies there in the clear beside ${file}${SEALED}: remove one of them`);
    return sealed ?? plain;
  }

  async #readSealed(file: string): Promise<unknown> {
    const stamp = await this.#stampOf(`${file}${SEALED}`);
    if (stamp === undefined) return undefined;
    const path = join(this.root, `${file}${SEALED}`);
    const known = this.#opened.get(file);
    if (known?.stamp === stamp) return known.value;
    if (this.#unseal === undefined) throw malformed(path, 'is sealed by a key service, and none is configured (HOLDFAST_KMS_KEY_ID)');
    const bytes = await this.#unseal(file, await readFile(path));
    const value = parse(path, new TextDecoder().decode(bytes));
    this.#opened.set(file, { stamp, value });
    return value;
  }

  /** Stamp that changes when a file is replaced or rewritten; `undefined` when there is none. */
  async stamp(file: string): Promise<string | undefined> {
    return (await this.#stampOf(file)) ?? this.#stampOf(`${file}${SEALED}`);
  }

  async #stampOf(file: string): Promise<string | undefined> {
    const found = await stat(join(this.root, file), { bigint: true }).catch(unlessMissing);
    return found && `${String(found.ino)}.${String(found.mtimeNs)}.${String(found.size)}`;
  }

  /** Cohorts that have a KEK file, ascending by class and period. Other files are passed over: mounts add their own. */
  async kekCohorts(): Promise<readonly CohortName[]> {
    const found: CohortName[] = [];
    for (const name of await names(join(this.root, 'kek'))) {
      if (!CLASS_NAME.test(name)) continue;
      for (const file of await names(join(this.root, 'kek', name))) {
        const period = /^(.+)\.jwks\.json(?:\.kms)?$/.exec(file)?.[1];
        if (period === undefined || !isCohortName({ className: name, period })) continue;
        if (!found.some((other) => other.className === name && other.period === period)) found.push({ className: name, period });
      }
    }
    return found;
  }

  path(file: string): string {
    return join(this.root, file);
  }
}

async function readKeyFile(path: string, kind: 'secret' | 'public', checkModes: boolean): Promise<unknown> {
  const text = await readChecked(path, kind, checkModes).catch((error: unknown) => {
    if (error instanceof HoldfastError) throw error;
    // Faults of the file system name the path and nothing else.
    throw new HoldfastError('key_malformed', `${path} cannot be read.`, { cause: error });
  });
  return text === undefined ? undefined : parse(path, text);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message quotes the text, which is key material: not passed on.
    throw malformed(path, 'is not JSON');
  }
}

async function readChecked(path: string, kind: 'secret' | 'public', checkModes: boolean): Promise<string | undefined> {
  const handle = await open(path, constants.O_RDONLY).catch(unlessMissing);
  if (handle === undefined) return undefined;
  try {
    const { mode, size } = await handle.stat();
    const forbidden = kind === 'secret' ? 0o077 : 0o022;
    if (checkModes && (mode & forbidden) !== 0) {
      const what = kind === 'secret' ? 'read' : 'changed';
      throw malformed(path, `can be ${what} by other users (mode ${octal(mode)}): run "chmod 600" on it`);
    }
    if (size > MAX_FILE) throw malformed(path, 'is too large for a key file');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/**
 * A private key that is kept outside the ring (escrow, recovery), for `unwrapEscrow` and `signWithKey`.
 * @throws HoldfastError `key_missing`, `key_malformed`: not there, not JSON, or readable by others
 */
export async function readPrivateKeyFile(path: string): Promise<unknown> {
  const value = await readKeyFile(path, 'secret', process.platform !== 'win32');
  if (value === undefined) throw new HoldfastError('key_missing', `There is no key file ${path}.`);
  return value;
}

/** For `catch`: a file that is not there is an answer, any other fault is a fault. */
export function unlessMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
  throw error;
}

export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** Makes names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows has no handle of a folder to flush.
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function names(folder: string): Promise<readonly string[]> {
  return ((await readdir(folder).catch(unlessMissing)) ?? []).sort();
}

function className(cohort: CohortName): string {
  if (!isCohortName(cohort)) throw new HoldfastError('key_malformed', `${JSON.stringify(cohort)} does not name a cohort.`);
  return cohort.className;
}

function period(cohort: CohortName): string {
  return cohort.period;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
