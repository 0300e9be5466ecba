import { HoldfastError } from '@holdfast/record';
import { CLAIM_TYP, MANIFEST_TYP, claimSchema, manifestKey, manifestSchema, parseDocument, parseJws, toHex, verifyJws } from '@holdfast/seal';
import type { Claim, Manifest, ParsedJws, PublicKey } from '@holdfast/seal';
import { claimKey } from '@holdfast/seal';
import type { VersionId } from '@holdfast/ports';
import type { Archive } from './archive.js';
import { findRelocated, unlessMissing } from './relocated.js';

/** A manifest that is committed. */
export interface Committed {
  readonly manifest: Manifest;
  /** Manifest hash, hex. */
  readonly hash: string;
}

/** Number `seq` of a chain; the log counts as one. */
export interface Place {
  readonly chain: string;
  readonly seq: number;
}

/** Manifest keys by kid, as `gov` has introduced them; undefined for one that may not stand at `place` because it was closed. */
export type KeyLookup = (kid: string, place?: Place) => PublicKey | undefined;

/** A committed manifest and where it lies. */
export interface PlacedManifest extends Committed {
  readonly key: string;
  /** The version that holds its bytes: the one that the claim names, or in a copy another. */
  readonly version: VersionId;
  /** The key that signed it. */
  readonly kid: string;
  /** As stored. */
  readonly bytes: Uint8Array;
}

/** The manifest that the claim of `seq` names, verified; undefined while there is no such claim. */
export async function readCommitted(archive: Archive, chain: string, seq: number, keys: KeyLookup): Promise<Committed | undefined> {
  const placed = await readPlaced(archive, chain, seq, keys);
  return placed === undefined ? undefined : { manifest: placed.manifest, hash: placed.hash };
}

/** As `readCommitted`, with what is needed to judge how it is stored. @throws HoldfastError `claim_unreadable` */
export async function readPlaced(archive: Archive, chain: string, seq: number, keys: KeyLookup): Promise<PlacedManifest | undefined> {
  const body = await archive.claims.read(claimKey(chain, seq));
  if (body === undefined) return undefined;
  try {
    const claim = parseClaim(archive, body, chain, seq, keys);
    const key = manifestKey(chain, seq, claim.manifest);
    const there = await unlessMissing(archive.vault.get(key, claim.version));
    const placed =
      there === undefined
        ? // In a copy it lies under another version id than the claim, or its copy, names.
          await findRelocated(archive.vault, archive.crypto, { key, sha256: claim.manifest })
        : { version: claim.version, bytes: there };
    if (placed === undefined) throw new HoldfastError('object_missing', `no version of ${key} holds what its claim names`);
    const { bytes, version } = placed;
    if (toHex(archive.crypto.sha256(bytes)) !== claim.manifest)
      throw new HoldfastError('manifest_invalid', `the manifest ${chain} ${seq} has other bytes than its claim names.`);
    return { manifest: parseManifest(archive, bytes, chain, seq, keys), hash: claim.manifest, key, version, kid: parseJws(bytes).kid, bytes };
  } catch (cause) {
    if (cause instanceof HoldfastError && (cause.code === 'store_unavailable' || cause.code === 'stopped')) throw cause;
    // A claim without a verifying manifest: nobody may write behind it, and nobody may overwrite it.
    throw new HoldfastError(
      'claim_unreadable',
      `the claim of ${chain} ${seq} names a manifest that cannot be verified (${cause instanceof Error ? cause.message : String(cause)}); the chain stops until "holdfast claims repair".`,
      { cause },
    );
  }
}

/** @throws HoldfastError `manifest_invalid` or `format_malformed` */
export function parseClaim(archive: Archive, bytes: Uint8Array, chain: string, seq: number, keys: KeyLookup): Claim {
  const jws = parseJws(bytes);
  const claim = parseDocument(claimSchema, jws.payload);
  if (claim.archive !== archive.idHex || claim.chain !== chain || claim.seq !== seq)
    throw new HoldfastError('manifest_invalid', 'the claim names another place.');
  checkSignature(archive, jws, CLAIM_TYP, keys, { chain, seq });
  return claim;
}

/** A manifest from its stored bytes: signature by a known key, and that it names this archive, chain and seq. */
export function parseManifest(archive: Archive, bytes: Uint8Array, chain: string, seq: number, keys: KeyLookup): Manifest {
  const jws = parseJws(bytes);
  const manifest = parseDocument(manifestSchema, jws.payload);
  if (manifest.archive !== archive.idHex || manifest.chain !== chain || manifest.seq !== seq) {
    throw new HoldfastError('manifest_invalid', 'the manifest names another archive, chain or number.');
  }
  checkSignature(archive, jws, MANIFEST_TYP, keys, { chain, seq });
  return manifest;
}

function checkSignature(archive: Archive, jws: ParsedJws, typ: string, keys: KeyLookup, place: Place): void {
  const key = keys(jws.kid, place);
  if (key === undefined)
    throw new HoldfastError('manifest_invalid', `it is signed by the key ${jws.kid}, which gov has not introduced, or has closed.`);
  if (!verifyJws(archive.crypto, jws, typ, key)) throw new HoldfastError('manifest_invalid', 'its signature does not verify.');
}
