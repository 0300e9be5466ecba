import { HoldfastError } from '@holdfast/record';
import { DayDirectoryBuilder, ShareTree, cohortName, toHex } from '@holdfast/seal';
import type { DayDirectory, DayRange } from '@holdfast/seal';
import { readAhead, readCommitted } from '@holdfast/vault';
import type { Archive, GovernanceLog, SegmentReader } from '@holdfast/vault';

const AHEAD = 4;

export interface GatherParts {
  readonly archive: Archive;
  readonly governance: GovernanceLog;
  readonly reader: SegmentReader;
}

/**
 * The directories of a range under these label keys (cohort name → key), built from the plaintext: every object of the range is
 * read, verified as a whole, and its own directory compared. Memory holds 78 bytes for each directory entry of the range.
 * @throws HoldfastError `content_damaged`, `object_missing`, `key_missing`; `stopped` after `signal`
 */
export async function gatherRange(
  { archive, governance, reader }: GatherParts,
  chain: string,
  range: DayRange,
  labelKeys: ReadonlyMap<string, Uint8Array>,
  signal: AbortSignal,
): Promise<Map<string, DayDirectory>> {
  const builders = new Map([...labelKeys].map(([cohort, key]) => [cohort, new DayDirectoryBuilder(archive.crypto, key)]));
  const objects = new ShareTree(archive.crypto);
  const read = (seq: number): ReturnType<typeof readCommitted> =>
    seq > range.lastSeq ? Promise.resolve(undefined) : readCommitted(archive, chain, seq, governance.keys);
  for await (const { manifest } of readAhead(range.firstSeq, AHEAD, read)) {
    if (signal.aborted) throw new HoldfastError('stopped', 'the work was stopped.');
    await reader.walk(manifest, undefined, ({ no, cohort }) => {
      const builder = builders.get(cohortName(cohort));
      return (key, count, root) => builder?.add(key, { seq: manifest.seq, no, count, root });
    });
    for (const { no, records, root } of manifest.objects) objects.add(manifest.seq, no, records, root);
  }
  // What is attested must be what the range was cut from, which its closing manifest fixes.
  if (toHex(objects.root()) !== toHex(range.objects.root()))
    throw new HoldfastError('chain_broken', `${chain} ${range.firstSeq} to ${range.lastSeq} reads otherwise than a moment ago.`);
  return new Map([...builders].map(([cohort, builder]) => [cohort, builder.build()]));
}
