import { readFile, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { JwksKeyRing } from '@holdfast/keys-jose';
import type { ClaimStore, ObjectState, ObjectStore, ObjectVersion } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { Evidence } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';

/** Files of an archive folder in memory: changing one and judging the whole costs milliseconds instead of a copy on disk. */
export class FolderImage {
  /** `vault/…`, `claims/…`, `wraps/…` → bytes. */
  readonly files: Map<string, Uint8Array>;
  readonly #keys: JwksKeyRing;

  private constructor(files: Map<string, Uint8Array>, keys: JwksKeyRing) {
    this.files = files;
    this.#keys = keys;
  }

  static async load(folder: string): Promise<FolderImage> {
    const files = new Map<string, Uint8Array>();
    for (const store of ['vault', 'claims', 'wraps']) {
      for (const entry of await readdir(join(folder, store), { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) files.set(relative(folder, path).split(sep).join('/'), Uint8Array.from(await readFile(path)));
      }
    }
    return new FolderImage(files, await JwksKeyRing.open(join(folder, 'keys')));
  }

  /** The same files under one changed, added (`to`) or removed (`undefined`). */
  with(changes: Readonly<Record<string, Uint8Array | undefined>>): FolderImage {
    const files = new Map(this.files);
    for (const [path, bytes] of Object.entries(changes)) {
      if (bytes === undefined) files.delete(path);
      else files.set(path, bytes);
    }
    return new FolderImage(files, this.#keys);
  }

  /** Through the adapter of the command line, over stores that can only read. */
  evidence(): Evidence {
    return evidenceOf({
      vault: readOnlyStore(this.files, 'vault/'),
      wraps: readOnlyStore(this.files, 'wraps/'),
      claims: readOnlyClaims(this.files),
      keys: this.#keys,
      crypto: nodeCrypto,
      clock: { now: () => new Date() },
      random: randomBytes,
      async *strays() {
        yield* [];
      },
    });
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new HoldfastError('bad_request', 'the verifier tried to write'));
}

function readOnlyStore(files: ReadonlyMap<string, Uint8Array>, prefix: string): ObjectStore {
  const find = (key: string, version: string): Uint8Array => {
    const bytes = files.get(`${prefix}${key}@${version}`);
    if (bytes === undefined) throw new HoldfastError('object_missing', `no ${key}`);
    return bytes;
  };
  return {
    put: refuse,
    setLegalHold: refuse,
    extendLock: refuse,
    delete: refuse,
    now: () => Promise.resolve(new Date()),
    async get(key, version, range) {
      const bytes = find(key, version);
      if (range !== undefined && range.start >= bytes.length) throw new HoldfastError('bad_request', 'no such range');
      return range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    },
    async head(key, version): Promise<ObjectState> {
      const [, mode, day = '', time = ''] = /-([CG])(\d{8})T(\d{6})Z$/.exec(version) ?? [];
      const until = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`;
      const lock = { mode: mode === 'C' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const), retainUntil: new Date(until) };
      return { size: find(key, version).length, lock, legalHold: false, lastModified: new Date(0) };
    },
    async *list(wanted): AsyncIterable<ObjectVersion> {
      const rows: ObjectVersion[] = [];
      for (const [path, bytes] of files) {
        const [, key, version] = /^(.+)@([^@]+)$/.exec(path.startsWith(prefix) ? path.slice(prefix.length) : '') ?? [];
        if (key === undefined || version === undefined || version.endsWith('.state') || !key.startsWith(wanted)) continue;
        rows.push({ key, version, deleteMarker: false, isLatest: true, size: bytes.length, lastModified: new Date(0) });
      }
      rows.sort((a, b) => (a.key === b.key ? (a.version < b.version ? 1 : -1) : a.key < b.key ? -1 : 1));
      yield* rows;
    },
  };
}

function readOnlyClaims(files: ReadonlyMap<string, Uint8Array>): ClaimStore {
  return {
    create: refuse,
    remove: refuse,
    read: (key) => Promise.resolve(files.get(`claims/${key}`)),
    async *list(prefix) {
      for (const path of [...files.keys()].sort()) if (path.startsWith(`claims/${prefix}`)) yield path.slice('claims/'.length);
    },
  };
}
