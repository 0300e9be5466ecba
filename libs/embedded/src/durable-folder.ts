import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { HoldfastError } from '@holdfast/record';
import { diskError, errnoOf } from './disk-error.js';

/** A step towards the disk; the hook is called just before it. */
export type DiskStep = 'make_folder' | 'write' | 'fsync' | 'link' | 'rename' | 'fsync_folder' | 'unlink' | 'done';
/** For tests: may throw an errno error, or kill the process. */
export type DiskHook = (step: DiskStep, path: string) => void;

export interface FolderPlaces {
  /** Holds what is kept, and nothing else. */
  readonly folder: string;
  /** Holds unfinished files only; on the same file system as `folder`. Anything in it may be deleted while nobody runs. */
  readonly scratch: string;
}

const HOST = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
/** Tells this process from an earlier one with the same number: in a container every start has the same. */
const LIFE = randomBytes(4).toString('hex');
const UNFINISHED = /^([A-Za-z0-9-]*)~(\d+)~([0-9a-f]{8})[0-9a-f]{16}\.tmp$/;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Files that appear whole or not at all, and stay after a power cut. A file is written and fsynced under a name of its own
 * in the scratch folder, then gets its final name by link(2), which fails when the name exists; then the folder is fsynced.
 */
export class DurableFolder {
  readonly folder: string;
  readonly #scratch: string;
  readonly #hook: DiskHook;
  /** Folders whose whole path is known to be on disk. */
  readonly #durable = new Set<string>();

  private constructor(places: FolderPlaces, hook: DiskHook) {
    this.folder = places.folder;
    this.#scratch = places.scratch;
    this.#hook = hook;
  }

  /** Makes both folders if needed and removes what processes that are gone left unfinished. @throws HoldfastError `bad_configuration` */
  static async open(places: FolderPlaces, hook: DiskHook = () => undefined): Promise<DurableFolder> {
    const opened = new DurableFolder(places, hook);
    try {
      // For this user only: names tell of topics and times, and an archive may be made in a folder that others can enter.
      await mkdir(places.folder, { recursive: true, mode: 0o700 });
      await mkdir(places.scratch, { recursive: true, mode: 0o700 });
      await syncFolder(dirname(places.folder));
      await opened.#sweep();
    } catch (error) {
      throw diskError(error, `open the folder ${places.folder}`);
    }
    return opened;
  }

  /** Creates the file `name` (path below the folder) with `bytes`, unless it is there: then nothing happens. */
  async create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const path = join(this.folder, name);
    const temp = await this.#write(bytes);
    // On disk now: a finished file in scratch that nobody looks at. A restart removes it.
    try {
      await this.#step('link', path);
      await this.#link(temp, path);
      // Now visible to everybody, whole. A power cut may still take the name back until the folder is synced, and nobody was
      // told yet. A kill leaves the second name in scratch behind; removing it at the next start leaves this one.
      await this.#sync(dirname(path));
      // Durable.
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      // Who made it may not have synced the folder yet: nobody is to act on a name that a power cut could take back.
      await this.#sync(dirname(path));
      return 'exists';
    } finally {
      await this.#step('unlink', temp);
      await unlink(temp);
    }
    await this.#step('done', path);
    return 'created';
  }

  /** Creates or replaces a file as a whole. */
  async replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    const temp = await this.#write(bytes);
    try {
      await this.#step('rename', path);
      await rename(temp, path);
    } catch (error) {
      await unlink(temp);
      throw error;
    }
    // Readers see the old file or the new one, never half of one; after the sync the new one survives a power cut.
    await this.#sync(dirname(path));
    await this.#step('done', path);
  }

  /** Removes a file, if it is there. */
  async remove(name: string): Promise<void> {
    const path = join(this.folder, name);
    try {
      await this.#step('unlink', path);
      await unlink(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return;
      throw error;
    }
    await this.#sync(dirname(path));
  }

  /** Makes the names in the folder of `name` survive a power cut, whoever made them. */
  async syncAround(name: string): Promise<void> {
    await this.#sync(dirname(join(this.folder, name)));
  }

  async #write(bytes: Uint8Array): Promise<string> {
    const temp = join(this.#scratch, `${HOST}~${String(process.pid)}~${LIFE}${randomBytes(8).toString('hex')}.tmp`);
    await this.#step('write', temp);
    // Read-only from the start: what gets its final name is never written again.
    const file = await open(temp, 'wx', 0o444);
    try {
      await file.writeFile(bytes);
      await this.#step('fsync', temp);
      await file.sync();
    } catch (error) {
      await unlink(temp);
      throw error;
    } finally {
      await file.close();
    }
    return temp;
  }

  async #link(temp: string, path: string): Promise<void> {
    const parent = dirname(path);
    if (!this.#durable.has(parent)) await this.#makeFolder(parent);
    try {
      await link(temp, path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Somebody removed an empty folder that we knew.
      this.#durable.clear();
      await this.#makeFolder(parent);
      await link(temp, path);
    }
  }

  /** Syncs every level once per process, also those that another process made: it may not have got round to it. */
  async #makeFolder(path: string): Promise<void> {
    if (path === this.folder || this.#durable.has(path)) return;
    const parent = dirname(path);
    await this.#makeFolder(parent);
    await this.#step('make_folder', path);
    try {
      await mkdir(path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      // A file in place of a folder would only show later, as a link that fails for no clear reason.
      if (!(await stat(path)).isDirectory()) throw new HoldfastError('bad_request', `${path} is a file, so nothing can be put below it`);
    }
    await this.#sync(parent);
    this.#durable.add(path);
  }

  async #sync(folder: string): Promise<void> {
    await this.#step('fsync_folder', folder);
    await syncFolder(folder);
  }

  /** Unfinished files of a live process of this host stay; of a dead one they go; of another host after a day. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#scratch)) {
      const [, host, pid, life] = UNFINISHED.exec(name) ?? [];
      if (pid === undefined) continue;
      const path = join(this.#scratch, name);
      const gone = host === HOST ? !isAlive(Number(pid), life) : await isOlder(path, DAY_MS);
      if (gone) await unlinkIfThere(path);
    }
  }

  #step(step: DiskStep, path: string): Promise<void> {
    // As a promise, so that a hook that throws is a rejection of the step and not of the caller's expression.
    return new Promise((resolve) => {
      this.#hook(step, path);
      resolve();
    });
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder for fsync; NTFS writes its names through the journal of the file's own fsync.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isAlive(pid: number, life: string | undefined): boolean {
  if (pid === process.pid) return life === LIFE;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

async function isOlder(path: string, ms: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > ms;
  } catch (error) {
    // Its owner finished it meanwhile.
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // Another process that started at the same moment swept it.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
