import { HoldfastError } from '@holdfast/record';
import { CLAIM_TYP, claimKey, encodeDocument, parseJws, toHex, utf8 } from '@holdfast/seal';
import { LOG_CHAIN, batchKey } from '@holdfast/tlog';
import type { NewBatch } from '@holdfast/tlog';
import { settleClaim } from '@holdfast/vault';
import type { Archive, GovernanceLog } from '@holdfast/vault';

/**
 * Stores a batch and claims its number. False when another notary has won it: whoever loses reads the winner and begins anew.
 * @throws HoldfastError `key_missing`, `store_unavailable`, `stopped`; after the last two the outcome is unknown, and the
 * next look at the log tells it
 */
export async function commitBatch(archive: Archive, governance: GovernanceLog, batch: NewBatch, signal?: AbortSignal): Promise<boolean> {
  const { keys, vault, claims, clock, idHex } = archive;
  const hash = toHex(batch.hash);
  // Durable, not committed: a crash from here on leaves an abandoned attempt, and the next run builds this number again.
  const version = await vault.put(batchKey(batch.no, hash), batch.bytes, { mode: 'COMPLIANCE', retainUntil: governance.ledgerUntil(clock.now()) });
  const claim = { format: 'holdfast.claim/1' as const, archive: idHex, chain: LOG_CHAIN, seq: batch.no, manifest: hash, version };
  const body = utf8(await keys.sign(encodeDocument(claim), CLAIM_TYP));
  const { kid } = parseJws(body);
  // A claim that nobody can verify would end the log for everybody.
  if (governance.keys(kid, { chain: LOG_CHAIN, seq: batch.no }) === undefined)
    throw new HoldfastError('key_missing', `the key ring signs with the key ${kid}, which gov has not introduced, or has closed.`);
  // COMMIT POINT. Before: an abandoned attempt. After: the batch is part of the log for ever, and its root may be signed by
  // whoever comes next. A kill in between leaves the claim to be found by the next look; nothing is signed twice differently.
  return (await settleClaim(claims, claimKey(LOG_CHAIN, batch.no), body, signal)).won;
}
