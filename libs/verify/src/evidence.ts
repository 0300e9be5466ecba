import type { ManifestObject } from '@holdfast/seal';

/** One version of one stored key, as a listing shows it. */
export interface StoredVersion {
  readonly key: string;
  readonly version: string;
  readonly deleteMarker: boolean;
}

export interface StoredState {
  readonly size: number;
  readonly lock: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly retainUntil: Date } | null;
  readonly legalHold: boolean;
}

/**
 * Read access to what is to be judged, and nothing else: the verifier asks, it never writes, and it believes nothing it has
 * not checked. Methods answer undefined for what is not there and throw only for what cannot be found out now.
 */
export interface Evidence {
  /** All versions and delete markers of the vault under `prefix`, ascending by key. */
  list(prefix: string): AsyncIterable<StoredVersion>;
  /** Bytes of a version; of one that is longer than `most` only the first `most + 1`, so that nobody fills the memory of a verifier. */
  get(key: string, version: string, most: number): Promise<Uint8Array | undefined>;
  head(key: string, version: string): Promise<StoredState | undefined>;
  /** A claim; undefined when it is absent. Without a claim store: `claims` is false. */
  claim(key: string): Promise<Uint8Array | undefined>;
  readonly claims: boolean;
  /** Keys of all claims, ascending. */
  claimKeys(): AsyncIterable<string>;
  /** Versions in the wraps store under `prefix`. */
  wraps(prefix: string): AsyncIterable<StoredVersion>;
  wrapState(key: string, version: string): Promise<StoredState | undefined>;
  wrap(key: string, version: string, most: number): Promise<Uint8Array | undefined>;
  /**
   * The data key of an object of the archive (hex id): `absent` when this verifier holds no key for it (then content is not
   * checked, and the report says so), `refused` when a wrap is there and does not open.
   */
  dataKey(
    archive: string,
    chain: string,
    object: ManifestObject,
  ): Promise<{ readonly key: Uint8Array } | { readonly absent: true } | { readonly refused: string }>;
  /** Entries of the store that are no objects at all (a folder can have such). */
  strays(): AsyncIterable<string>;
}
