import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import type { ClaimStore, Clock, KeyRing, Lock, ObjectState, ObjectStore, ObjectVersion } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import type { Evidence } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';

/** One version of one object; no bytes: a delete marker. */
export interface Row {
  readonly key: string;
  readonly version: string;
  readonly bytes: Uint8Array | null;
  readonly lock: Lock | null;
  readonly legalHold: boolean;
}

export interface Stores {
  readonly vault: ObjectStore;
  readonly wraps: ObjectStore;
  readonly claims: ClaimStore;
  readonly keys: KeyRing;
  readonly clock: Clock;
}

export type Rows = readonly Row[];

/**
 * Everything that the stores of an archive hold, in memory: whatever store it came from, one change and a verdict over the
 * whole cost milliseconds. Whoever changes it has the disks of the server: no lock keeps him from anything.
 */
export class StoreImage {
  readonly vault: Rows;
  readonly wraps: Rows;
  readonly claims: ReadonlyMap<string, Uint8Array>;
  readonly #keys: KeyRing;
  readonly #clock: Clock;

  private constructor(vault: Rows, wraps: Rows, claims: ReadonlyMap<string, Uint8Array>, keys: KeyRing, clock: Clock) {
    this.vault = vault;
    this.wraps = wraps;
    this.claims = claims;
    this.#keys = keys;
    this.#clock = clock;
  }

  static async of({ vault, wraps, claims, keys, clock }: Stores): Promise<StoreImage> {
    const claimed = new Map<string, Uint8Array>();
    for await (const key of claims.list('')) {
      const bytes = await claims.read(key);
      if (bytes !== undefined) claimed.set(key, bytes);
    }
    return new StoreImage(await rowsOf(vault), await rowsOf(wraps), claimed, keys, clock);
  }

  /** The same with other rows or claims; rows need no order but that of the versions of a key, newest first. */
  with(change: { readonly vault?: Rows; readonly wraps?: Rows; readonly claims?: ReadonlyMap<string, Uint8Array> }): StoreImage {
    return new StoreImage(change.vault ?? this.vault, change.wraps ?? this.wraps, change.claims ?? this.claims, this.#keys, this.#clock);
  }

  /** Through the adapter of the command line, over stores that can only read. */
  evidence({ withClaims = true } = {}): Evidence {
    return evidenceOf({
      vault: readOnlyStore(this.vault),
      wraps: readOnlyStore(this.wraps),
      claims: withClaims ? readOnlyClaims(this.claims) : undefined,
      keys: this.#keys,
      crypto: nodeCrypto,
      clock: this.#clock,
      random: randomBytes,
      async *strays() {
        yield* [];
      },
    });
  }
}

async function rowsOf(store: ObjectStore): Promise<Rows> {
  const rows: Row[] = [];
  for await (const { key, version, deleteMarker } of store.list('')) {
    if (deleteMarker) {
      rows.push({ key, version, bytes: null, lock: null, legalHold: false });
      continue;
    }
    const { lock, legalHold } = await store.head(key, version);
    rows.push({ key, version, bytes: await store.get(key, version), lock, legalHold });
  }
  return rows;
}

function refuse(): Promise<never> {
  return Promise.reject(new HoldfastError('bad_request', 'the verifier tried to write'));
}

function readOnlyStore(unsorted: Rows): ObjectStore {
  // Array.prototype.sort is stable: versions of a key keep their order.
  const rows = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const find = (key: string, version: string): Row & { readonly bytes: Uint8Array } => {
    const row = rows.find((one) => one.key === key && one.version === version);
    if (row?.bytes == null) throw new HoldfastError('object_missing', `no version ${version} of ${key}`);
    return { ...row, bytes: row.bytes };
  };
  return {
    put: refuse,
    setLegalHold: refuse,
    extendLock: refuse,
    delete: refuse,
    now: () => Promise.resolve(new Date()),
    async get(key, version, range) {
      const { bytes } = find(key, version);
      if (range !== undefined && range.start >= bytes.length) throw new HoldfastError('bad_request', 'no such range');
      return range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    },
    async head(key, version): Promise<ObjectState> {
      const { bytes, lock, legalHold } = find(key, version);
      return { size: bytes.length, lock, legalHold, lastModified: new Date(0) };
    },
    async *list(prefix): AsyncIterable<ObjectVersion> {
      let before = '';
      for (const { key, version, bytes } of rows) {
        if (!key.startsWith(prefix)) continue;
        yield { key, version, deleteMarker: bytes === null, isLatest: key !== before, size: bytes?.length ?? 0, lastModified: new Date(0) };
        before = key;
      }
    },
  };
}

function readOnlyClaims(claims: ReadonlyMap<string, Uint8Array>): ClaimStore {
  return {
    create: refuse,
    remove: refuse,
    read: (key) => Promise.resolve(claims.get(key)),
    async *list(prefix) {
      for (const key of [...claims.keys()].sort()) if (key.startsWith(prefix)) yield key;
    },
  };
}
