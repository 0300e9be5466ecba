import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { DirectoryClaimStore, DirectoryObjectStore } from '@holdfast/embedded';
import { JwksKeyRing } from '@holdfast/keys-jose';
import type { ClaimStore, KeyRing, ObjectStore } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { DataKeys } from '@holdfast/vault';
import type { ArchiveParts } from '@holdfast/vault';
import type { Evidence, StoredState, StoredVersion } from '@holdfast/verify';
import { openClusterStores } from './cluster.js';
import type { VerifySettings } from './settings.js';

/** What the verifier needs of an archive: its stores, and its keys where it has some. */
export type EvidenceParts = Pick<ArchiveParts, 'vault' | 'wraps' | 'crypto' | 'clock' | 'random'> & {
  /** undefined: a second copy, which has none. */
  readonly claims: ClaimStore | undefined;
  readonly keys: KeyRing | undefined;
  strays(): AsyncIterable<string>;
};

/** Only the buckets are read: governance may be what is damaged, and nothing may be made by somebody who judges. */
export async function withClusterEvidence<T>(settings: VerifySettings, withClaims: boolean, work: (evidence: Evidence) => Promise<T>): Promise<T> {
  const stores = await openClusterStores(settings);
  try {
    const noStrays = async function* (): AsyncIterable<string> {
      // Everything in a bucket is a key, and keys are looked at by the verifier itself.
    };
    const claims = withClaims ? stores.claims : undefined;
    return await work(evidenceOf({ ...stores, claims, crypto: nodeCrypto, clock: { now: () => new Date() }, random: randomBytes, strays: noStrays }));
  } finally {
    stores.close();
  }
}

/**
 * The folder is opened without folding or creating anything: a damaged archive must still be judged, and one that cannot be
 * written too.
 */
export async function withFolderEvidence<T>(folder: string, withClaims: boolean, work: (evidence: Evidence) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-verify-'));
  try {
    return await workFolder(folder, scratch, withClaims, work);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function workFolder<T>(folder: string, scratch: string, withClaims: boolean, work: (evidence: Evidence) => Promise<T>): Promise<T> {
  const entries = await entriesOf(folder);
  if (!entries.includes('vault')) throw new HoldfastError('bad_configuration', `There is no archive in ${folder}: it has no folder "vault".`);
  const clock = { now: () => new Date() };
  const open = (name: string): Promise<DirectoryObjectStore> =>
    DirectoryObjectStore.open({ folder: join(folder, name), scratch: join(scratch, name), clock });
  const vault = await open('vault');
  const wraps = await open('wraps');
  const claims = withClaims ? await DirectoryClaimStore.open({ folder: join(folder, 'claims'), scratch: join(scratch, 'claims') }) : undefined;
  try {
    const keys = await keyRing(join(folder, 'keys'));
    return await work(
      evidenceOf({ vault, wraps, claims, keys, crypto: nodeCrypto, clock, random: randomBytes, strays: () => straysOf(vault, wraps) }),
    );
  } finally {
    vault.close();
    wraps.close();
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${folder} cannot be read as an archive folder.`, { cause });
  }
}

async function* straysOf(vault: DirectoryObjectStore, wraps: DirectoryObjectStore): AsyncIterable<string> {
  yield* vault.strays();
  for await (const stray of wraps.strays()) yield `wraps/${stray}`;
}

/** Without a key ring everything but content is verified, and the report says so. */
async function keyRing(folder: string): Promise<KeyRing | undefined> {
  try {
    return await JwksKeyRing.open(folder);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'key_missing') return undefined;
    throw error;
  }
}

/** What the verifier may ask: reads only. */
export function evidenceOf(parts: EvidenceParts): Evidence {
  const { vault, wraps, claims } = parts;
  const dataKeys = new Map<string, DataKeys>();
  return {
    claims: claims !== undefined,
    list: (prefix): AsyncIterable<StoredVersion> => vault.list(prefix),
    get: (key, version, most) => read(vault, key, version, most),
    head: (key, version) => unlessMissing((): Promise<StoredState> => vault.head(key, version)),
    claim: (key) => claims?.read(key) ?? Promise.resolve(undefined),
    claimKeys: () => claims?.list('') ?? none(),
    wraps: (prefix): AsyncIterable<StoredVersion> => wraps.list(prefix),
    wrapState: (key, version) => unlessMissing((): Promise<StoredState> => wraps.head(key, version)),
    wrap: (key, version, most) => read(wraps, key, version, most),
    async dataKey(archive, chain, object) {
      const { keys } = parts;
      if (keys === undefined) return { absent: true };
      let opener = dataKeys.get(archive);
      if (opener === undefined) {
        opener = new DataKeys({ ...parts, keys, idHex: archive }, () => parts.clock.now());
        dataKeys.set(archive, opener);
      }
      try {
        return { key: await opener.open(chain, object) };
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        if (error.code === 'key_missing' || error.code === 'object_missing') return { absent: true };
        if (error.code === 'key_malformed' || error.code === 'format_malformed') return { refused: error.message };
        throw error;
      }
    },
    strays: () => parts.strays(),
  };
}

async function* none(): AsyncIterable<string> {
  // A second copy has no claims.
}

/** At most one byte more than asked for: enough to see that there are more. */
function read(store: ObjectStore, key: string, version: string, most: number): Promise<Uint8Array | undefined> {
  return unlessMissing(async () => {
    try {
      return await store.get(key, version, { start: 0, end: most });
    } catch (error) {
      // A range of an object of no bytes is one of no request (RFC 9110 §15.5.17); the object is there all the same.
      if (error instanceof HoldfastError && error.code === 'bad_request') return new Uint8Array(0);
      throw error;
    }
  });
}

/** A thing that is not there, or cannot be what it claims to be, is for the verifier to judge; an unreachable store is not. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'object_missing' || error.code === 'content_damaged')) return undefined;
    throw error;
  }
}
