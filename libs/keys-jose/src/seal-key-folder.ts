/** Secret files of a key ring into the keeping of a key service, and out of it again to be changed. */
import { open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '@holdfast/record';
import { LOG_KEYS, MANIFEST_KEYS, SEALED, syncFolder, unlessMissing } from './key-folder.js';

/** Seals and opens small files; `file` is bound to what is sealed. */
export interface FileSealer {
  seal(file: string, bytes: Uint8Array): Promise<Uint8Array>;
  unseal(file: string, sealed: Uint8Array): Promise<Uint8Array>;
}

/** Seals every secret file of a server's ring (manifest, log, KEKs); each is opened again and compared before the clear one goes. */
export async function sealKeyFolder(root: string, sealer: FileSealer): Promise<readonly string[]> {
  const files = (await secretFiles(root)).filter((file) => !file.endsWith(SEALED));
  for (const file of files) {
    const bytes = await readFile(join(root, file));
    const sealed = await sealer.seal(file, bytes);
    if (!bytes.equals(await sealer.unseal(file, sealed)))
      throw new HoldfastError('key_malformed', `${file} does not open again from what the key service has sealed; it stays as it is.`);
    await place(join(root, `${file}${SEALED}`), sealed);
    // Durable: the sealed one. A crash here leaves both, which readers refuse until this is run again.
    await unlink(join(root, file));
    await syncFolder(dirname(join(root, file)));
  }
  return files;
}

/** The other way: in a folder in memory, to rotate keys there, and to seal it again. */
export async function unsealKeyFolder(root: string, sealer: FileSealer): Promise<readonly string[]> {
  const files = (await secretFiles(root)).filter((file) => file.endsWith(SEALED)).map((file) => file.slice(0, -SEALED.length));
  for (const file of files) {
    const path = join(root, file);
    await place(path, await sealer.unseal(file, await readFile(`${path}${SEALED}`)));
    await unlink(`${path}${SEALED}`);
    await syncFolder(dirname(path));
  }
  return files;
}

async function secretFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of [MANIFEST_KEYS, LOG_KEYS]) {
    for (const name of [file, `${file}${SEALED}`]) if ((await stat(join(root, name)).catch(unlessMissing)) !== undefined) found.push(name);
  }
  for (const name of (await readdir(join(root, 'kek'), { recursive: true }).catch(unlessMissing)) ?? []) {
    if (/^[^/.]+\/[^/.]+\.jwks\.json(\.kms)?$/.test(name)) found.push(join('kek', name));
  }
  return found.sort();
}

async function place(path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, path);
  await syncFolder(dirname(path));
}
