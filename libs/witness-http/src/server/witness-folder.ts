import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '@holdfast/record';
import { toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { NOTE_LIMITS, parseCheckpointText, parseNote, verifyNote } from '@holdfast/tlog';
import type { Checkpoint } from '@holdfast/tlog';
import { replaceFile, sweep, syncFolder } from './durable-file.js';
import type { DiskHook } from './durable-file.js';
import { tryLock } from './folder-lock.js';
import type { FolderLock } from './folder-lock.js';
import { newKeyFile, readKeyFile } from './witness-key.js';
import type { WitnessKey } from './witness-key.js';

/** The checkpoint of a log that was co-signed last. */
export interface Held extends Checkpoint {
  /** The signed note, with the co-signature. */
  readonly bytes: Uint8Array;
}

export interface WitnessFolderOptions {
  readonly crypto: Crypto;
  /** The witness's name, for its first run; later it must be the same or missing. */
  readonly name?: string;
  readonly hook?: DiskHook;
}

const KEY = 'witness.jwk.json';
const LOCK = 'lock.sqlite';
const LOGS = 'logs';
const FORKS = 'forks';
const CHECKPOINT = '.checkpoint';
/** Two files prove a fork; whoever holds a log's key must not fill the disk with more. */
const MOST_FORK_FILES = 100;

/** Name of a log in paths: the hex SHA-256 of its origin. */
export function logId(crypto: Crypto, origin: string): string {
  return toHex(crypto.sha256(utf8(origin)));
}

/**
 * What a witness remembers: its key, and for each log the last checkpoint that it has co-signed. One process has it open at a time.
 * `witness.jwk.json`, `logs/<log id>.checkpoint`, `forks/<log id>-<size>-<root>.txt`.
 */
export class WitnessFolder {
  readonly path: string;
  readonly created: boolean;
  readonly #crypto: Crypto;
  readonly #hook: DiskHook;
  readonly #lock: FolderLock;
  readonly #key: WitnessKey;
  /** By log id; every one of them is durable. */
  readonly #held: Map<string, Held>;

  private constructor(
    path: string,
    created: boolean,
    { crypto, hook = () => undefined }: WitnessFolderOptions,
    lock: FolderLock,
    key: WitnessKey,
    held: Map<string, Held>,
  ) {
    this.path = path;
    this.created = created;
    this.#crypto = crypto;
    this.#hook = hook;
    this.#lock = lock;
    this.#key = key;
    this.#held = held;
  }

  /**
   * An empty folder becomes a witness with a new key.
   * @throws HoldfastError `bad_configuration` it is something else, or has another name; `bad_request` another process has it open;
   * `key_missing`, `key_malformed`, `checkpoint_malformed`: it cannot go on with what is there
   */
  static async open(folder: string, options: WitnessFolderOptions): Promise<WitnessFolder> {
    const path = resolve(folder);
    const fresh = await prepare(path);
    const lock = tryLock(join(path, LOCK));
    if (lock === undefined) throw new HoldfastError('bad_request', `Another witness runs in ${path}: two would not know what the other has signed.`);
    try {
      await sweep(path);
      const found = await readKeyFile(options.crypto, join(path, KEY));
      const key = found ?? (await makeKey(path, fresh, options));
      if (options.name !== undefined && options.name !== key.key.name)
        throw new HoldfastError(
          'bad_configuration',
          `The witness in ${path} is called ${key.key.name}, not ${options.name}: a name belongs to its key for ever.`,
        );
      for (const name of [LOGS, FORKS]) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
      await syncFolder(path);
      return new WitnessFolder(path, found === undefined, options, lock, key, await readLogs(options.crypto, join(path, LOGS), key));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get key(): WitnessKey {
    return this.#key;
  }

  get all(): readonly Held[] {
    return [...this.#held.values()];
  }

  /** Durable; undefined when no checkpoint of this log was co-signed. */
  held(id: string): Held | undefined {
    return this.#held.get(id);
  }

  /** Resolves when a restart, also after a power cut, remembers it. One call for a log after the other. */
  async keep(held: Held): Promise<void> {
    const id = logId(this.#crypto, held.origin);
    // When this fails, the file is the old one or the new one and the memory stays the old one. The co-signature has not left,
    // so both are true: a restart that finds the new one merely begins there.
    await replaceFile(join(this.path, LOGS), `${id}${CHECKPOINT}`, held.bytes, this.#hook);
    this.#held.set(id, held);
  }

  /** Keeps two checkpoints of one size that the log has signed: the proof of its fork. True when this one is new. */
  async keepFork(held: Held, other: Held): Promise<boolean> {
    const folder = join(this.path, FORKS);
    const known = new Set(await readdir(folder));
    const nameOf = ({ origin, size, root }: Checkpoint): string => `${logId(this.#crypto, origin)}-${size}-${toHex(root)}.txt`;
    if (known.has(nameOf(other)) || known.size >= MOST_FORK_FILES) return false;
    for (const one of [held, other]) if (!known.has(nameOf(one))) await replaceFile(folder, nameOf(one), one.bytes, this.#hook);
    return true;
  }

  close(): void {
    this.#lock.release();
  }
}

/** True when there was nothing in it. */
async function prepare(path: string): Promise<boolean> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(path));
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o022) !== 0)
      throw new HoldfastError(
        'bad_configuration',
        `${path} can be changed by other users (mode ${(mode & 0o777).toString(8)}): run "chmod 700" on it.`,
      );
    const names = await readdir(path);
    const ours = [KEY, LOCK, LOGS, FORKS];
    if (!names.includes(KEY) && names.some((name) => !name.startsWith(`.${KEY}.`) && !ours.includes(name)))
      throw new HoldfastError('bad_configuration', `${path} is neither empty nor the folder of a witness.`);
    return !names.includes(LOGS);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('bad_configuration', `The folder ${path} cannot be opened.`, { cause: error });
  }
}

async function makeKey(path: string, fresh: boolean, { crypto, name, hook = () => undefined }: WitnessFolderOptions): Promise<WitnessKey> {
  // The folder of the logs is made behind the key: where it is, a key was.
  if (!fresh)
    throw new HoldfastError(
      'key_missing',
      `The key of the witness is gone from ${path}: bring ${KEY} back from a copy, or begin a new witness in an empty folder.`,
    );
  if (name === undefined)
    throw new HoldfastError(
      'bad_configuration',
      'Name the witness on its first run: --name, such as witness.example.com/anna; it stands in every co-signature.',
    );
  await replaceFile(path, KEY, newKeyFile(name), hook);
  const made = await readKeyFile(crypto, join(path, KEY));
  if (made === undefined) throw new HoldfastError('key_missing', `The key that was just made is gone from ${path}.`);
  return made;
}

/** Each with the witness's own co-signature verified: what was changed under its feet is no memory. */
async function readLogs(crypto: Crypto, folder: string, { key }: WitnessKey): Promise<Map<string, Held>> {
  await sweep(folder);
  const held = new Map<string, Held>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith(CHECKPOINT)) continue;
    const bytes = await readDurable(join(folder, name));
    try {
      const note = parseNote(bytes);
      const checkpoint = parseCheckpointText(note.text);
      const judged = verifyNote(crypto, note, [key]);
      if ('invalid' in judged || judged.valid.length === 0 || name !== `${logId(crypto, checkpoint.origin)}${CHECKPOINT}`)
        throw new HoldfastError('checkpoint_malformed', 'It is not what this witness has co-signed.');
      held.set(logId(crypto, checkpoint.origin), { ...checkpoint, bytes });
    } catch (cause) {
      if (!(cause instanceof HoldfastError)) throw cause;
      throw new HoldfastError(
        'checkpoint_malformed',
        `${join(folder, name)} is damaged, so it is not known what was co-signed last: begin a new witness in an empty folder. ${cause.message}`,
        { cause },
      );
    }
  }
  await syncFolder(folder);
  return held;
}

/** A process that was killed may have left a file that is seen but not on disk yet: whatever is held is durable from here on. */
async function readDurable(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    if (size > NOTE_LIMITS.bytes) return new Uint8Array();
    await file.sync();
    return await file.readFile();
  } finally {
    await file.close();
  }
}
