import { randomBytes } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A step towards the disk; the hook is called just before it. */
export type DiskStep = 'write' | 'fsync' | 'rename' | 'fsync_folder' | 'done';
/** For tests: may throw, or kill the process. */
export type DiskHook = (step: DiskStep) => void;

const UNFINISHED = /^\..*\.[0-9a-f]{16}\.tmp$/;

/** Creates or replaces a file as a whole; when this resolves, a power cut leaves the new one. For this user only. */
export async function replaceFile(folder: string, name: string, bytes: Uint8Array | string, hook: DiskHook): Promise<void> {
  const temp = join(folder, `.${name}.${randomBytes(8).toString('hex')}.tmp`);
  hook('write');
  const file = await open(temp, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    hook('fsync');
    await file.sync();
  } finally {
    await file.close();
  }
  // On disk now: the old file, and a finished one under a name that nobody reads. A restart removes that.
  hook('rename');
  await rename(temp, join(folder, name));
  // Readers see the new file; a power cut may still bring the old one back until the folder is synced.
  hook('fsync_folder');
  await syncFolder(folder);
  hook('done');
}

/** Removes what a process that is gone left unfinished; only for the holder of the folder's lock. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (UNFINISHED.test(name)) await unlink(join(folder, name));
}

/** Makes names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no handle of a folder to flush; NTFS writes its names through the journal of the file's own fsync.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
