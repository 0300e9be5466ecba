import type { ClaimStore, Clock, KeyRing, ObjectStore } from '@holdfast/ports';
import type { Crypto, Genesis } from '@holdfast/seal';

/** The stores and tools of one archive; everything in libs/vault takes it as its first argument. */
export interface ArchiveParts {
  readonly vault: ObjectStore;
  readonly wraps: ObjectStore;
  readonly claims: ClaimStore;
  readonly keys: KeyRing;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Fresh random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** Name and version written into manifests. */
  readonly software: string;
}

/** An opened archive: its parts and its root of trust. */
export interface Archive extends ArchiveParts {
  /** Archive id: SHA-256 of the genesis. */
  readonly id: Uint8Array;
  readonly idHex: string;
  readonly genesis: Genesis;
}
