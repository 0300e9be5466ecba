import { HoldfastError } from '@holdfast/record';
import { LOG_CHAIN, batchKey } from '@holdfast/tlog';
import { claimKey, fromHex, toHex } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { KeyLookup } from './manifests.js';
import { parseClaim } from './manifests.js';
import { findRelocated, unlessMissing } from './relocated.js';

/** A batch of the transparency log that a claim names. */
export interface CommittedBatch {
  readonly no: number;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/**
 * The batch that claim `log/<no>` names, its bytes checked against it; undefined while there is no such claim.
 * @throws HoldfastError `claim_unreadable`; `log_rolled_back` when the batch is not in the vault any more
 */
export async function readBatch(archive: Archive, no: number, keys: KeyLookup): Promise<CommittedBatch | undefined> {
  const body = await archive.claims.read(claimKey(LOG_CHAIN, no));
  if (body === undefined) return undefined;
  const claim = parse(archive, body, no, keys);
  const key = batchKey(no, claim.manifest);
  const there = await unlessMissing(archive.vault.get(key, claim.version));
  const bytes =
    there !== undefined && toHex(archive.crypto.sha256(there)) === claim.manifest
      ? there
      : (await findRelocated(archive.vault, archive.crypto, { key, sha256: claim.manifest }))?.bytes;
  if (bytes === undefined)
    throw new HoldfastError('log_rolled_back', `the claim of batch ${no} of the log names ${key}, and no version of it holds these bytes.`);
  return { no, bytes, hash: fromHex(claim.manifest, 32) };
}

function parse(archive: Archive, body: Uint8Array, no: number, keys: KeyLookup): ReturnType<typeof parseClaim> {
  try {
    return parseClaim(archive, body, LOG_CHAIN, no, keys);
  } catch (cause) {
    throw new HoldfastError(
      'claim_unreadable',
      `the claim of batch ${no} of the log cannot be verified (${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    );
  }
}
