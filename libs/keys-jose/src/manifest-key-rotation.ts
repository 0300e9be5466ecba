/**
 * Rotation of the key that signs manifests, in the three steps that the governance chain needs: a new key is added on
 * standby and its public half sealed as introduced, signed by the old key; then it signs; then the old one is retired.
 * Keys are never removed here: public halves of old keys verify old manifests.
 */
import { open, rename, unlink } from 'node:fs/promises';
import type { PublicJwk } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { parseEcPrivate, parseKeySet, publicHalf } from './jwk.js';
import { KeyFolder, MANIFEST_KEYS, hasCode, syncFolder } from './key-folder.js';
import { newEcKey } from './new-keys.js';

type Member = Readonly<Record<string, unknown>>;

/** Adds a key that does not sign yet. @throws HoldfastError `key_missing`, `key_malformed` */
export async function addManifestKey(root: string): Promise<PublicJwk> {
  const key = newEcKey('sig');
  await change(root, (keys) => [...keys, { ...key, standby: true }]);
  return publicHalf(key);
}

/** From now on `kid` signs, until a newer key is activated. @throws HoldfastError `key_missing`, `key_malformed` */
export async function activateManifestKey(root: string, kid: string): Promise<void> {
  await change(root, (keys) => {
    const { standby: _standby, ...key } = held(keys, kid);
    if (key['retired'] === true) throw new HoldfastError('key_malformed', `The key ${kid} is retired and never signs again.`);
    // The newest signs, and the order of the set is the age of its keys.
    return [...keys.filter((one) => one['kid'] !== kid), key];
  });
}

/** `kid` never signs again. @throws HoldfastError `key_missing`, `key_malformed` when no key would be left to sign */
export async function retireManifestKey(root: string, kid: string): Promise<void> {
  await change(root, (keys) => {
    const key = held(keys, kid);
    const signing = keys.filter((one) => one !== key && one['retired'] !== true && one['standby'] !== true);
    if (signing.length === 0) throw new HoldfastError('key_malformed', `The key ${kid} is the only one that signs; add and activate another first.`);
    return keys.map((one) => (one === key ? { ...key, retired: true } : one));
  });
}

async function change(root: string, edit: (keys: readonly Member[]) => readonly Member[]): Promise<void> {
  const folder = new KeyFolder(root);
  await folder.check();
  const path = folder.path(MANIFEST_KEYS);
  // The new file is also the lock: whoever can make it is the only one to change the set.
  const next = `${path}.next`;
  const handle = await open(next, 'wx', 0o600).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new HoldfastError('key_malformed', `${next} is there: another rotation is under way, or one died. If none is running, remove the file.`);
  });
  let placed = false;
  try {
    const set = await folder.read(MANIFEST_KEYS, 'secret');
    if (set === undefined) throw new HoldfastError('key_missing', `The key ring does not hold ${MANIFEST_KEYS}.`);
    parseKeySet(set, path, parseEcPrivate);
    const changed = { ...(set as object), keys: edit((set as { readonly keys: readonly Member[] }).keys) };
    parseKeySet(changed, path, parseEcPrivate);
    await handle.writeFile(`${JSON.stringify(changed, null, 2)}\n`);
    await handle.sync();
    // Before this line the old set counts, after it the new one; both are whole.
    await rename(next, path);
    placed = true;
    await syncFolder(root);
  } finally {
    await handle.close();
    if (!placed) await unlink(next);
  }
}

function held(keys: readonly Member[], kid: string): Member {
  const key = keys.find((one) => one['kid'] === kid);
  if (key === undefined) throw new HoldfastError('key_missing', `The key ring holds no manifest key ${kid}.`);
  return key;
}
