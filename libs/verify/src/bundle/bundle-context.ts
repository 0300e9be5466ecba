import type { BundleIndex, LeafProof } from '@holdfast/bundle';
import type { GovernanceFold } from '@holdfast/governance';
import type { Crypto, Genesis, Manifest, ManifestObject } from '@holdfast/seal';
import type { OpenCheckpoint } from '@holdfast/tlog';
import type { CommittedManifest } from '../check-manifest.js';
import type { Finding } from '../findings.js';
import type { EntryReader } from './bundle-entries.js';

/** What one run over a bundle shares among its steps. */
export interface BundleContext {
  readonly crypto: Crypto;
  readonly entries: EntryReader;
  readonly index: BundleIndex;
  /** Archive id. */
  readonly archive: Uint8Array;
  readonly archiveHex: string;
  readonly genesis: Genesis;
  readonly state: GovernanceFold;
  /** Governance heads: number of segments → manifest hash. */
  readonly heads: Map<number, string>;
  readonly add: (found: Finding) => void;
}

/** The position in time: what is under the checkpoint. Everything in it has been checked up to the checkpoint's signature. */
export interface Position {
  readonly bytes: Uint8Array;
  readonly open: OpenCheckpoint;
  /** Time of the tick, milliseconds. */
  readonly time: number;
  /** Where each chain stands, hashes in hexadecimal. */
  readonly heads: ReadonlyMap<string, { readonly next: number; readonly hash: string }>;
}

/** A manifest of a message chain in the bundle. */
export interface BundleManifest extends CommittedManifest {
  /** Something leads from the checkpoint to it. */
  readonly proven: boolean;
}

/** A leaf that was proven up to its manifest, and what it belongs to. */
export interface ProvenLeaf {
  readonly proof: LeafProof;
  readonly manifest: Manifest;
  readonly object: ManifestObject;
  readonly offset: bigint;
  readonly gap: bigint;
  readonly timestamp: bigint;
  readonly timestampType: number;
  readonly commitment: Uint8Array;
}

/** Key of a record in maps. */
export function recordKey(chain: string, offset: bigint | string): string {
  return `${chain} ${offset}`;
}

/** Key of a manifest in maps. */
export function manifestKeyOf(chain: string, seq: number): string {
  return `${chain} ${seq}`;
}
