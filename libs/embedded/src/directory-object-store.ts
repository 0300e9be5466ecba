import type { Dirent } from 'node:fs';
import { constants, lstat, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkLock, checkObjectBody, checkObjectKey, checkRange } from '@holdfast/ports';
import type { ByteRange, Clock, Lock, ObjectKey, ObjectState, ObjectStore, ObjectVersion, VersionId } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { diskError, errnoOf } from './disk-error.js';
import { DurableFolder, type DiskHook, type FolderPlaces } from './durable-folder.js';
import { entriesOf, mayHold, sortName } from './folder-walk.js';
import { decodeState, encodeState, type LaterState } from './object-state-file.js';
import { ProcessMutex } from './process-mutex.js';
import { fileOf, newVersionId, parseFileName, parseVersionId, STATE_SUFFIX } from './version-name.js';

export interface DirectoryObjectStoreOptions extends FolderPlaces {
  readonly clock?: Clock;
  /** For tests. */
  readonly hook?: DiskHook;
}

/**
 * Write-once objects in a folder: `docs/embedded-folder.md`. Locks and holds bind everybody who goes through this class, in
 * any process; whoever can write to the disk can still remove files, and `verify` names what is gone.
 */
export class DirectoryObjectStore implements ObjectStore {
  readonly #folder: DurableFolder;
  readonly #clock: Clock;
  /** Holds, locks and deletes exclude each other, or a hold could be set on a version that is just being deleted. */
  readonly #mutex: ProcessMutex;
  #lastMade = 0;

  private constructor(folder: DurableFolder, mutex: ProcessMutex, clock: Clock) {
    this.#folder = folder;
    this.#mutex = mutex;
    this.#clock = clock;
  }

  /** @throws HoldfastError `bad_configuration` when the folders cannot be used, `disk_full` */
  static async open(options: DirectoryObjectStoreOptions): Promise<DirectoryObjectStore> {
    const folder = await DurableFolder.open(options, options.hook);
    try {
      const mutex = new ProcessMutex(join(options.scratch, 'mutex.sqlite'));
      return new DirectoryObjectStore(folder, mutex, options.clock ?? { now: () => new Date() });
    } catch (error) {
      throw diskError(error, `open the folder ${options.scratch}`);
    }
  }

  close(): void {
    this.#mutex.close();
  }

  async put(key: ObjectKey, body: Uint8Array, lock: Lock): Promise<VersionId> {
    checkObjectKey(key);
    checkObjectBody(body);
    checkLock(lock);
    const now = this.#clock.now();
    if (lock.retainUntil <= now) throw new HoldfastError('bad_request', `retain-until ${lock.retainUntil.toISOString()} does not lie in the future`);
    // Two puts of one millisecond still sort in the order they were made in.
    this.#lastMade = Math.max(now.getTime(), this.#lastMade + 1);
    const version = newVersionId(new Date(this.#lastMade), lock);
    const file = fileOf(key, version);
    return this.#disk(`store ${key}`, async () => {
      if ((await this.#folder.create(file, body)) === 'exists') throw new HoldfastError('store_refused', `${file} was there before it was made`);
      const { size } = await lstat(join(this.#folder.folder, file));
      if (size !== body.byteLength)
        throw new HoldfastError('store_refused', `${file} has ${String(size)} bytes after storing ${String(body.byteLength)}`);
      return version;
    });
  }

  async get(key: ObjectKey, version: VersionId, range?: ByteRange): Promise<Uint8Array> {
    this.#factsOf(key, version);
    if (range !== undefined) checkRange(range);
    return this.#disk(`read ${key}`, async () => {
      const file = await this.#openFile(key, version);
      try {
        const { size } = await file.stat();
        const start = range?.start ?? 0;
        if (range !== undefined && start >= size) throw new HoldfastError('bad_request', `${key} ends before byte ${String(start)}`);
        const bytes = Buffer.allocUnsafe(Math.min(size, (range?.end ?? size) + 1) - start);
        let done = 0;
        while (done < bytes.length) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0) throw new HoldfastError('content_damaged', `${key} became shorter while it was read`);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    });
  }

  async head(key: ObjectKey, version: VersionId): Promise<ObjectState> {
    const { madeAt } = this.#factsOf(key, version);
    return this.#disk(`read ${key}`, async () => {
      const size = await this.#sizeOf(key, version);
      if (size === undefined) throw missing(key, version);
      return { size, ...(await this.#stateOf(key, version)), lastModified: madeAt };
    });
  }

  async *list(prefix: string, options: { readonly after?: ObjectKey } = {}): AsyncIterable<ObjectVersion> {
    yield* this.#listFolder('', prefix, options.after);
  }

  async setLegalHold(key: ObjectKey, version: VersionId, on: boolean): Promise<void> {
    await this.#change(key, version, (state) => ({ ...state, legalHold: on }));
  }

  async extendLock(key: ObjectKey, version: VersionId, lock: Lock): Promise<void> {
    checkLock(lock);
    await this.#change(key, version, (state) => {
      if (state.lock.mode !== lock.mode || lock.retainUntil < state.lock.retainUntil) {
        throw new HoldfastError('object_locked', `the lock of ${key} (${describe(state.lock)}) can only be made longer`);
      }
      return { ...state, lock };
    });
  }

  async delete(key: ObjectKey, version: VersionId, options: { readonly bypass?: boolean } = {}): Promise<void> {
    checkObjectKey(key);
    if (parseVersionId(version) === undefined) return;
    const file = fileOf(key, version);
    await this.#disk(`delete ${key}`, () =>
      this.#mutex.run(async () => {
        if ((await this.#sizeOf(key, version)) !== undefined) {
          const { lock, legalHold } = await this.#stateOf(key, version);
          if (legalHold) throw new HoldfastError('object_locked', `${key} is under legal hold`);
          const bypassed = options.bypass === true && lock.mode === 'GOVERNANCE';
          if (lock.retainUntil > this.#clock.now() && !bypassed) throw new HoldfastError('object_locked', `${key} is locked (${describe(lock)})`);
          await this.#folder.remove(file);
        }
        // A kill between the two leaves a state file without its version: `strays` names it, another delete removes it.
        await this.#folder.remove(`${file}${STATE_SUFFIX}`);
      }),
    );
  }

  now(): Promise<Date> {
    return Promise.resolve(this.#clock.now());
  }

  /** Paths below the folder of everything that is neither a version nor the state of one. */
  async *strays(): AsyncIterable<string> {
    yield* this.#straysIn('');
  }

  async *#listFolder(path: string, prefix: string, after: string | undefined): AsyncIterable<ObjectVersion> {
    const entries = await this.#disk(`list ${path}`, () => entriesOf(this.#folder.folder, path));
    const found: { readonly sort: string; readonly version: VersionId }[] = [];
    for (const entry of entries) {
      const sort = entry.isDirectory() ? sortName(entry) : segmentOf(entry, path);
      if (sort !== undefined) found.push({ sort, version: entry.isDirectory() ? '' : entry.name.slice(sort.length + 1) });
    }
    // Keys ascending; within a key the newest version first.
    found.sort((a, b) => (a.sort === b.sort ? (a.version < b.version ? 1 : -1) : a.sort < b.sort ? -1 : 1));
    let latest = '';
    for (const { sort, version } of found) {
      const key = path + sort;
      if (version === '') {
        if (mayHold(key, prefix, after)) yield* this.#listFolder(key, prefix, after);
        continue;
      }
      if (!key.startsWith(prefix) || (after !== undefined && key <= after)) continue;
      const size = await this.#disk(`list ${key}`, () => this.#sizeOf(key, version));
      // Deleted since the folder was read.
      if (size === undefined) continue;
      yield { key, version, deleteMarker: false, isLatest: key !== latest, size, lastModified: this.#factsOf(key, version).madeAt };
      latest = key;
    }
  }

  async *#straysIn(path: string): AsyncIterable<string> {
    const entries = await this.#disk(`list ${path}`, () => entriesOf(this.#folder.folder, path));
    const names = new Set(entries.map((entry) => entry.name));
    for (const entry of [...entries].sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1))) {
      const stray = path + entry.name;
      // A folder may have a longer name than what lies in it.
      if (entry.isDirectory() && isKey(`${stray}/0`)) yield* this.#straysIn(`${stray}/`);
      else if (segmentOf(entry, path) === undefined) {
        const parsed = parseFileName(entry.name);
        const belongs = entry.isFile() && parsed?.state === true && names.has(entry.name.slice(0, -STATE_SUFFIX.length));
        // Deleted since the folder was read: another process was between its two removals.
        if (!belongs && (await this.#disk(`list ${stray}`, () => exists(join(this.#folder.folder, stray))))) yield stray;
      }
    }
  }

  async #change(key: ObjectKey, version: VersionId, decide: (state: LaterState) => LaterState): Promise<void> {
    this.#factsOf(key, version);
    const file = `${fileOf(key, version)}${STATE_SUFFIX}`;
    await this.#disk(`change the lock of ${key}`, () =>
      this.#mutex.run(async () => {
        if ((await this.#sizeOf(key, version)) === undefined) throw missing(key, version);
        const before = await this.#stateOf(key, version);
        const after = decide(before);
        const same = before.legalHold === after.legalHold && before.lock.retainUntil.getTime() === after.lock.retainUntil.getTime();
        // Also when nothing changes: who set it may have been cut off before its folder was synced.
        if (same) await this.#folder.syncAround(file);
        else await this.#folder.replace(file, encodeState(key, version, after));
        const read = await this.#stateOf(key, version);
        if (read.legalHold !== after.legalHold || read.lock.retainUntil.getTime() !== after.lock.retainUntil.getTime()) {
          throw new HoldfastError('store_refused', `the state of ${key} does not read back as it was written`);
        }
      }),
    );
  }

  async #stateOf(key: ObjectKey, version: VersionId): Promise<LaterState> {
    const { lock } = this.#factsOf(key, version);
    try {
      const bytes = await readFile(join(this.#folder.folder, `${fileOf(key, version)}${STATE_SUFFIX}`));
      return decodeState(key, version, bytes, lock);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return { lock, legalHold: false };
      throw error;
    }
  }

  /** Size of a version's file, or undefined when it is not there. A link or folder in its place is not it. */
  async #sizeOf(key: ObjectKey, version: VersionId): Promise<number | undefined> {
    try {
      const stats = await lstat(join(this.#folder.folder, fileOf(key, version)));
      return stats.isFile() ? stats.size : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async #openFile(key: ObjectKey, version: VersionId): ReturnType<typeof open> {
    if ((await this.#sizeOf(key, version)) === undefined) throw missing(key, version);
    try {
      return await open(join(this.#folder.folder, fileOf(key, version)), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (isAbsent(error)) throw missing(key, version);
      throw error;
    }
  }

  /** @throws HoldfastError `bad_request` for what is no key, `object_missing` for what cannot be a version id */
  #factsOf(key: ObjectKey, version: VersionId): { readonly madeAt: Date; readonly lock: Lock } {
    checkObjectKey(key);
    const facts = parseVersionId(version);
    if (facts === undefined) throw missing(key, version);
    return facts;
  }

  async #disk<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, doing);
    }
  }
}

function missing(key: ObjectKey, version: VersionId): HoldfastError {
  return new HoldfastError('object_missing', `no version ${version} of ${key}`);
}

function describe(lock: Lock): string {
  return `${lock.mode} until ${lock.retainUntil.toISOString()}`;
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '');
}

function isKey(path: string): boolean {
  try {
    checkObjectKey(path);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError) return false;
    throw error;
  }
}

/** Last segment of the key that a file is a version of; undefined for anything else. */
function segmentOf(entry: Dirent, path: string): string | undefined {
  const parsed = entry.isFile() ? parseFileName(entry.name) : undefined;
  return parsed?.state === false && isKey(path + parsed.segment) ? parsed.segment : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
