/**
 * Rotation of a key in the ring, in the three steps that the governance chain needs: a new key is added on standby and
 * sealed as introduced, signed by the old key; then it is used; then the old one is retired. Keys are never removed here:
 * public halves of old keys verify old manifests, and old KEKs open old data keys.
 */
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CohortName, PublicJwk } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { parseEcPrivate, parseKeySet, parseOct, parseOkpPrivate, publicHalf } from './jwk.js';
import { KeyFolder, LOG_KEYS, MANIFEST_KEYS, hasCode, kekFile, syncFolder } from './key-folder.js';
import { newEcKey, newKek, newLogKey } from './new-keys.js';

type Member = Readonly<Record<string, unknown>>;

/** A set of keys of which the newest is used: those that sign manifests, those that sign the log, the KEKs of a cohort. */
export type RotatingSet = 'manifest' | 'log' | CohortName;

/** A key of a set; `jwk` is its public half, and a KEK has none. */
export interface RingKey {
  readonly kid: string;
  readonly jwk?: PublicJwk;
  /** `standby`: made, and not used yet. */
  readonly state: 'standby' | 'in use' | 'retired';
}

interface Kind {
  readonly file: string;
  readonly make: () => object;
  readonly read: (value: unknown, where: string) => { readonly kid: string; readonly jwk?: PublicJwk };
}

function kindOf(set: RotatingSet): Kind {
  if (set === 'manifest') return { file: MANIFEST_KEYS, make: () => newEcKey('sig'), read: (value, where) => withHalf(parseEcPrivate(value, where)) };
  if (set === 'log') return { file: LOG_KEYS, make: newLogKey, read: (value, where) => withHalf(parseOkpPrivate(value, where)) };
  return { file: kekFile(set), make: newKek, read: (value, where) => ({ kid: parseOct(value, where).kid }) };
}

function withHalf(key: PublicJwk): { readonly kid: string; readonly jwk: PublicJwk } {
  return { kid: key.kid, jwk: publicHalf(key) };
}

/** The keys of a set, oldest first. @throws HoldfastError `key_missing`, `key_malformed` */
export async function keysOf(root: string, set: RotatingSet): Promise<readonly RingKey[]> {
  const folder = new KeyFolder(root);
  await folder.check();
  return (await members(folder, kindOf(set))).map((member) => keyOf(folder, kindOf(set), member));
}

/** Adds a key that is not used yet. @throws HoldfastError `key_missing`, `key_malformed` */
export async function addKey(root: string, set: RotatingSet): Promise<RingKey> {
  const made = kindOf(set).make();
  const changed = await change(root, set, (keys) => [...keys, { ...made, standby: true }]);
  const added = changed.at(-1);
  if (added === undefined) throw new HoldfastError('key_malformed', 'The new key was not added.');
  return added;
}

/** From now on `kid` is used, until a newer key is activated. @throws HoldfastError `key_missing`, `key_malformed` */
export async function activateKey(root: string, set: RotatingSet, kid: string): Promise<void> {
  await change(root, set, (keys) => {
    const { standby: _standby, ...key } = held(keys, kid);
    if (key['retired'] === true) throw new HoldfastError('key_malformed', `The key ${kid} is retired and never signs again.`);
    // The newest is used, and the order of the set is the age of its keys.
    return [...keys.filter((one) => one['kid'] !== kid), key];
  });
}

/** `kid` is never used again, except to verify and to open. @throws HoldfastError `key_missing`, `key_malformed` when no key would be left */
export async function retireKey(root: string, set: RotatingSet, kid: string): Promise<void> {
  await change(root, set, (keys) => {
    const key = held(keys, kid);
    const used = keys.filter((one) => one !== key && one['retired'] !== true && one['standby'] !== true);
    if (used.length === 0) throw new HoldfastError('key_malformed', `The key ${kid} is the only one that signs; add and activate another first.`);
    return keys.map((one) => (one === key ? { ...key, retired: true } : one));
  });
}

async function change(root: string, set: RotatingSet, edit: (keys: readonly Member[]) => readonly Member[]): Promise<readonly RingKey[]> {
  const folder = new KeyFolder(root);
  await folder.check();
  const kind = kindOf(set);
  const path = folder.path(kind.file);
  // The new file is also the lock: whoever can make it is the only one to change the set.
  const next = `${path}.next`;
  const handle = await open(next, 'wx', 0o600).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) throw new HoldfastError('key_missing', `The key ring does not hold ${kind.file}.`);
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new HoldfastError('key_malformed', `${next} is there: another rotation is under way, or one died. If none is running, remove the file.`);
  });
  let placed = false;
  try {
    const edited = edit(await members(folder, kind));
    const changed = { keys: edited };
    parseKeySet(changed, path, kind.read);
    await handle.writeFile(`${JSON.stringify(changed, null, 2)}\n`);
    await handle.sync();
    // Before this line the old set counts, after it the new one; both are whole.
    await rename(next, path);
    placed = true;
    await syncFolder(dirname(path));
    return edited.map((member) => keyOf(folder, kind, member));
  } finally {
    await handle.close();
    if (!placed) await unlink(next);
  }
}

async function members(folder: KeyFolder, kind: Kind): Promise<readonly Member[]> {
  const set = await folder.read(kind.file, 'secret');
  if (set === undefined) throw new HoldfastError('key_missing', `The key ring does not hold ${kind.file}.`);
  parseKeySet(set, folder.path(kind.file), kind.read);
  return (set as { readonly keys: readonly Member[] }).keys;
}

function keyOf(folder: KeyFolder, kind: Kind, member: Member): RingKey {
  const state = member['retired'] === true ? 'retired' : member['standby'] === true ? 'standby' : 'in use';
  return { ...kind.read(member, folder.path(kind.file)), state };
}

function held(keys: readonly Member[], kid: string): Member {
  const key = keys.find((one) => one['kid'] === kid);
  if (key === undefined) throw new HoldfastError('key_missing', `The key ring holds no key ${kid} in this set.`);
  return key;
}
