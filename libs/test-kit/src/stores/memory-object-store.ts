import { checkLock, checkObjectBody, checkObjectKey, checkRange } from '@holdfast/ports';
import type { ByteRange, Clock, Lock, ObjectKey, ObjectState, ObjectStore, ObjectVersion, VersionId } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { KeyTree } from './key-tree.js';
import type { ObjectStoreOp, StoreFaults } from './store-faults.js';

interface Stored {
  readonly version: VersionId;
  /** null: a delete marker. */
  body: Uint8Array | null;
  lock: Lock | null;
  legalHold: boolean;
  readonly lastModified: Date;
}

export interface MemoryObjectStoreOptions {
  readonly clock?: Clock;
  readonly faults?: StoreFaults;
  /** Keys a page of `list`; small, so that callers meet page ends. */
  readonly pageSize?: number;
}

/**
 * An object store in memory that checks its caller: everything the port forbids is refused as the strictest server would,
 * and refusals are kept in `refused`, so that a test can say "nobody even tried to delete a locked version".
 */
export class MemoryObjectStore implements ObjectStore {
  faults: StoreFaults;
  /** Calls that were refused because of a lock, a hold or a wrong argument: `op key: code`. */
  readonly refused: string[] = [];
  readonly #clock: Clock;
  readonly #pageSize: number;
  readonly #keys = new KeyTree<Stored[]>();
  #count = 0;

  constructor(options: MemoryObjectStoreOptions = {}) {
    this.#clock = options.clock ?? { now: () => new Date() };
    this.faults = options.faults ?? {};
    this.#pageSize = options.pageSize ?? 5;
  }

  put(key: ObjectKey, body: Uint8Array, lock: Lock): Promise<VersionId> {
    const bytes = Uint8Array.from(body);
    return this.#step('put', key, () => {
      checkObjectKey(key);
      checkObjectBody(body);
      checkLock(lock);
      if (lock.retainUntil <= this.#clock.now()) throw new HoldfastError('bad_request', 'retain-until must lie in the future');
      // The caller changed the bytes while they were on their way: on a real server that is a wrong checksum, or worse.
      if (Buffer.compare(bytes, body) !== 0) throw new HoldfastError('bad_request', 'the body was changed during the put');
      return this.#add(key, bytes, { ...lock });
    });
  }

  get(key: ObjectKey, version: VersionId, range?: ByteRange): Promise<Uint8Array> {
    return this.#step('get', key, () => {
      if (range !== undefined) checkRange(range);
      const body = this.#find(key, version).body;
      if (range === undefined) return Uint8Array.from(body);
      if (range.start >= body.byteLength) throw new HoldfastError('bad_request', `the object ends before byte ${String(range.start)}`);
      return Uint8Array.from(body.subarray(range.start, range.end + 1));
    });
  }

  head(key: ObjectKey, version: VersionId): Promise<ObjectState> {
    return this.#step('head', key, () => {
      const { body, lock, legalHold, lastModified } = this.#find(key, version);
      return { size: body.byteLength, lock: lock === null ? null : { ...lock }, legalHold, lastModified };
    });
  }

  async *list(prefix: string, options: { readonly after?: ObjectKey } = {}): AsyncIterable<ObjectVersion> {
    let after = options.after;
    for (;;) {
      const page = await this.#step('list', prefix, () => this.#keys.page(prefix, after, this.#pageSize));
      for (const [key, versions] of page) {
        const rows = [...versions].reverse();
        for (const [i, row] of rows.entries()) {
          yield {
            key,
            version: row.version,
            deleteMarker: row.body === null,
            isLatest: i === 0,
            size: row.body?.byteLength ?? 0,
            lastModified: row.lastModified,
          };
        }
        after = key;
      }
      if (page.length < this.#pageSize) return;
    }
  }

  setLegalHold(key: ObjectKey, version: VersionId, on: boolean): Promise<void> {
    return this.#step('setLegalHold', key, () => {
      this.#find(key, version).legalHold = on;
    });
  }

  extendLock(key: ObjectKey, version: VersionId, lock: Lock): Promise<void> {
    return this.#step('extendLock', key, () => {
      checkLock(lock);
      const row = this.#find(key, version);
      if (row.lock !== null && (row.lock.mode !== lock.mode || lock.retainUntil < row.lock.retainUntil)) {
        throw new HoldfastError('object_locked', `the lock of ${key} can only be made longer`);
      }
      row.lock = { ...lock };
    });
  }

  delete(key: ObjectKey, version: VersionId, options: { readonly bypass?: boolean } = {}): Promise<void> {
    return this.#step('delete', key, () => {
      checkObjectKey(key);
      const versions = this.#keys.get(key) ?? [];
      const row = versions.find((v) => v.version === version);
      if (row === undefined) return;
      const bypassed = options.bypass === true && row.lock?.mode === 'GOVERNANCE';
      if (row.legalHold) throw new HoldfastError('object_locked', `${key} is under legal hold`);
      if (row.lock !== null && row.lock.retainUntil > this.#clock.now() && !bypassed) {
        throw new HoldfastError('object_locked', `${key} is locked until ${row.lock.retainUntil.toISOString()}`);
      }
      this.#keys.set(
        key,
        versions.filter((v) => v !== row),
      );
    });
  }

  now(): Promise<Date> {
    return this.#step('now', '', () => this.#clock.now());
  }

  /** What an operator can do behind our back on S3: a delete without a version id. The marker hides, and deletes nothing. */
  hide(key: ObjectKey): VersionId {
    return this.#add(key, null, null);
  }

  /** What an operator can do to the disks of the server: other bytes under the same version. */
  tamper(key: ObjectKey, version: VersionId, change: (body: Uint8Array) => Uint8Array): void {
    const row = this.#find(key, version);
    row.body = change(Uint8Array.from(row.body));
  }

  /** What an operator can do to the disks of the server: a version is gone, lock or no lock. */
  destroy(key: ObjectKey, version: VersionId): void {
    this.#find(key, version);
    this.#keys.set(
      key,
      (this.#keys.get(key) ?? []).filter((v) => v.version !== version),
    );
  }

  #add(key: ObjectKey, body: Uint8Array | null, lock: Lock | null): VersionId {
    this.#count += 1;
    // No order can be read out of the id: S3 promises none.
    const version = `m${((this.#count * 0x9e3779b1) >>> 0).toString(36)}-${String(this.#count)}`;
    const row: Stored = { version, body, lock, legalHold: false, lastModified: this.#clock.now() };
    this.#keys.set(key, [...(this.#keys.get(key) ?? []), row]);
    return version;
  }

  #find(key: ObjectKey, version: VersionId): Stored & { body: Uint8Array } {
    checkObjectKey(key);
    const row = this.#keys.get(key)?.find((v) => v.version === version);
    if (row === undefined || !hasBody(row)) throw new HoldfastError('object_missing', `no version ${version} of ${key}`);
    return row;
  }

  async #step<T>(op: ObjectStoreOp, key: string, work: () => T): Promise<T> {
    await this.faults.before?.(op, key);
    let result: T;
    try {
      result = work();
    } catch (error) {
      if (error instanceof HoldfastError && error.code !== 'object_missing') this.refused.push(`${op} ${key}: ${error.code}`);
      throw error;
    }
    await this.faults.after?.(op, key);
    return result;
  }
}

function hasBody(row: Stored): row is Stored & { body: Uint8Array } {
  return row.body !== null;
}
