import { HoldfastError } from '@holdfast/record';
import { GovernanceFold, parseClearEvent } from '@holdfast/governance';
import { ObjectReader, decodeRecord, fromBase64Url, parseJson, toHex } from '@holdfast/seal';
import type { ManifestObject } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import type { Candidate, NewKeys } from './read-candidates.js';

/**
 * Manifest keys that candidates of one number of `gov` introduce. The next number may be signed by one of them and is
 * looked at before this one is decided and folded. Whatever cannot be read introduces nothing; it is reported when its
 * segment is walked.
 */
export async function keysIntroducedBy(context: VerifyContext, candidates: readonly Candidate[]): Promise<NewKeys> {
  const keys = new Map<string, NonNullable<ReturnType<NewKeys['get']>>>();
  for (const { manifest } of candidates) {
    for (const object of manifest.objects) {
      const fold = new GovernanceFold();
      await visitClear(context, manifest.seq, object, (value) => {
        const event = parseClearEvent(parseJson(value));
        if (event.type === 'key.introduced') fold.apply(event, manifest.seq);
      });
      for (const [kid, entry] of fold.manifestKeys) keys.set(kid, entry);
    }
  }
  return keys;
}

async function visitClear(context: VerifyContext, seq: number, object: ManifestObject, visit: (value: Uint8Array) => void): Promise<void> {
  if (object.enc !== 'none') return;
  try {
    const { inline, key, version } = object;
    let bytes = inline === undefined ? undefined : fromBase64Url(inline);
    if (key !== undefined && version !== undefined) bytes = await context.evidence.get(key, version, object.size);
    if (bytes === undefined || toHex(context.crypto.sha256(bytes)) !== object.sha256) return;
    new ObjectReader(context.crypto, { archive: context.archive, chain: 'gov', seq }, object, null).walk(bytes, (plain, start, end) =>
      visit(decodeRecord(plain.subarray(start, end)).record.value ?? new Uint8Array(0)),
    );
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'store_unavailable') throw error;
  }
}
