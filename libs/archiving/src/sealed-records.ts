import { decodeRecord, encodeRecord, equalBytes } from '@holdfast/seal';
import type { Manifest, SealedSegment } from '@holdfast/seal';
import type { RawRecord } from '@holdfast/record';
import { HoldfastError } from '@holdfast/record';
import { ObjectReader } from '@holdfast/seal';
import type { ManifestObject } from '@holdfast/seal';
import { readCommitted } from '@holdfast/vault';
import type { Archive, Committed, KeyLookup, SegmentReader } from '@holdfast/vault';

/** The last sealed record of a chain, for comparing it with what the source has there now. */
export async function lastSealed(
  archive: Archive,
  reader: SegmentReader,
  keys: KeyLookup,
  chain: string,
  last: Committed | undefined,
): Promise<{ readonly offset: bigint; same(record: RawRecord): boolean } | undefined> {
  let at = last;
  // Empty segments (barriers, accepted losses) hold no record: look behind them.
  while (at?.manifest.records === 0) at = at.manifest.seq === 0 ? undefined : await readCommitted(archive, chain, at.manifest.seq - 1, keys);
  if (at === undefined) return undefined;
  const offset = await lastOffset(reader, at.manifest);
  const opened = await reader.open(at.manifest, offset);
  if (opened === undefined) throw new HoldfastError('content_damaged', `the last sealed record of ${chain}, offset ${offset}, cannot be opened.`);
  const sealed = decodeRecord(opened.record.bytes);
  return { offset, same: (record) => equalBytes(encodeRecord(record, sealed.gap), opened.record.bytes) };
}

async function lastOffset(reader: SegmentReader, manifest: Manifest): Promise<bigint> {
  let highest = -1n;
  for (const object of manifest.objects) {
    const objects = await reader.reader(manifest, object);
    const trailer = objects.readTrailer(await reader.bytes(object, objects.trailerRange));
    const end = trailer.blocks.at(-1)?.lastOffset ?? -1n;
    if (end > highest) highest = end;
  }
  return highest;
}

/**
 * Compares what another writer committed with the segment that lost against it: over the offsets that both cover they must
 * hold the same records. A difference, a record that only one of them was given included, means that the source gave two
 * answers: hard alarm (`sealed_differs`), never a skip.
 */
export async function compareWithWinner(
  archive: Archive,
  reader: SegmentReader,
  winner: Manifest,
  ours: { readonly segment: SealedSegment; readonly objects: readonly ManifestObject[]; readonly dataKeys: ReadonlyMap<string, Uint8Array> },
): Promise<void> {
  const records = new Map<bigint, Uint8Array>();
  for (const [i, object] of ours.segment.objects.entries()) {
    const facts = ours.objects[i];
    if (facts === undefined) continue;
    const dataKey = facts.dataKey === undefined ? null : (ours.dataKeys.get(facts.dataKey) ?? null);
    new ObjectReader(archive.crypto, { archive: archive.id, chain: winner.chain, seq: winner.seq }, facts, dataKey).walk(
      object.bytes,
      (plain, start, end, head) => {
        records.set(head.offset, withoutGap(plain.subarray(start, end)));
      },
    );
  }
  const differs = (offset: bigint, how: string): HoldfastError =>
    new HoldfastError(
      'sealed_differs',
      `${winner.chain} ${winner.seq}: another worker sealed offset ${offset} ${how}; the source gave two answers for one offset.`,
    );
  await reader.walk(winner, () => (plain, start, end, head) => {
    const mine = records.get(head.offset);
    records.delete(head.offset);
    if (mine === undefined) {
      if (head.offset < ours.segment.next) throw differs(head.offset, 'where this one was given no record');
    } else if (!equalBytes(mine, withoutGap(plain.subarray(start, end)))) throw differs(head.offset, 'with other content');
  });
  const end = BigInt(winner.next);
  for (const offset of records.keys()) if (offset < end) throw differs(offset, 'as an offset without a record');
}

/** A copy of record bytes without the gap field, which depends on where a segment begins. */
function withoutGap(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes).fill(0, 10, 18);
}
