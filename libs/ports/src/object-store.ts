/**
 * The key of an object: slash-separated segments of `[A-Za-z0-9._=~-]` (each at most 200 long, none `.` or `..`, together
 * at most 900); no key is a folder of another key.
 */
export type ObjectKey = string;
/** Names one stored version of a key, as the store spells it. */
export type VersionId = string;

/** COMPLIANCE cannot be lifted or shortened by anybody; GOVERNANCE only with the bypass right. */
export type LockMode = 'COMPLIANCE' | 'GOVERNANCE';

export interface Lock {
  readonly mode: LockMode;
  /** First instant at which the version may be deleted; whole seconds. */
  readonly retainUntil: Date;
}

/** Bytes `start` to `end`, both included, 0-based. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What the store says of one version. */
export interface ObjectState {
  readonly size: number;
  readonly lock: Lock | null;
  readonly legalHold: boolean;
  readonly lastModified: Date;
}

/** One row of a listing of versions. */
export interface ObjectVersion {
  readonly key: ObjectKey;
  readonly version: VersionId;
  /** A delete marker hides older versions from readers without a version id; it deletes nothing. */
  readonly deleteMarker: boolean;
  readonly isLatest: boolean;
  /** Bytes; 0 for a delete marker. */
  readonly size: number;
  readonly lastModified: Date;
}

/**
 * Write-once object storage with versions, locks and legal holds: one bucket or folder.
 * All methods may be called concurrently. Adapters retry transient faults themselves a few times; what remains is
 * thrown as HoldfastError `store_unavailable` (or `disk_full`), and then nothing may be assumed about the effect.
 * Arguments that are none (key, body, lock, range: `object-limits.ts`) are `bad_request` and have no effect; credentials,
 * bucket or folder that do not work are `bad_configuration`; a store that does not do what it acknowledged is `store_refused`.
 */
export interface ObjectStore {
  /**
   * Stores `body` (at most 64 MiB) under `key`, locked as `lock` says. Resolves only after a HEAD of that very version
   * shows size and lock. A repeat makes another version: never an error, never an overwrite. Callers leave the body unchanged
   * until the promise settles.
   * @throws HoldfastError `bad_request` also when `lock` does not end in the future, or later than the store can keep
   */
  put(key: ObjectKey, body: Uint8Array, lock: Lock): Promise<VersionId>;

  /**
   * The bytes of one version, or of a range of it (clipped to the object's end as S3 does).
   * Works behind a delete marker. @throws HoldfastError `object_missing`; `bad_request` for a range that starts at or
   * after the object's end
   */
  get(key: ObjectKey, version: VersionId, range?: ByteRange): Promise<Uint8Array>;

  /** @throws HoldfastError `object_missing`, also for the version id of a delete marker */
  head(key: ObjectKey, version: VersionId): Promise<ObjectState>;

  /**
   * All versions and delete markers whose key starts with `prefix`, in ascending order of key (bytewise), newest version
   * first within a key. `after` skips keys up to and including it. Streams; memory does not grow with the listing. What is
   * put or deleted while the listing runs may or may not show; everything else shows exactly once.
   */
  list(prefix: string, options?: { readonly after?: ObjectKey }): AsyncIterable<ObjectVersion>;

  /** Sets or clears the legal hold of a version and resolves after reading it back as wanted. @throws HoldfastError `object_missing` */
  setLegalHold(key: ObjectKey, version: VersionId, on: boolean): Promise<void>;

  /**
   * Extends a lock (also one that has expired); resolves after reading it back. The same lock again is no error.
   * @throws HoldfastError `object_locked` when it would shorten it or change its mode; `object_missing`
   */
  extendLock(key: ObjectKey, version: VersionId, lock: Lock): Promise<void>;

  /**
   * Deletes one version for good. @throws HoldfastError `object_locked` while lock or hold forbid it (`bypass` lifts
   * GOVERNANCE only, never COMPLIANCE, never a hold); deleting what is not there is no error.
   */
  delete(key: ObjectKey, version: VersionId, options?: { readonly bypass?: boolean }): Promise<void>;

  /** The store's own clock (S3: Date header), to refuse a wrong local one. */
  now(): Promise<Date>;

  /**
   * Names, as the store spells them, of things in it that are no version of any key (a file that somebody put into the
   * folder). Absent where the store cannot hold such a thing (S3: everything is a key).
   */
  strays?(): AsyncIterable<string>;
}
