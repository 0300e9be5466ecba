import { paddedOffset, readShownRecord } from '@holdfast/bundle';
import { toHex } from '@holdfast/seal';
import { finding } from '../findings.js';
import type { BundleContext, ProvenLeaf } from './bundle-context.js';
import { recordKey } from './bundle-context.js';
import type { BundleEntries } from './bundle-entries.js';
import { EntryReader } from './bundle-entries.js';
import { isInPeriod, recordProblem } from './bundle-records.js';

/** A record that was not shown, given later to whoever may see it. */
export interface DisclosedRecord {
  readonly chain: string;
  readonly offset: string;
  /** Its bytes are those that were sealed. */
  readonly proven: boolean;
}

/** Bytes and salts of records that the bundle does not show, each against its leaf (bundle format section 7). */
export async function checkDisclosed(
  context: BundleContext,
  leaves: ReadonlyMap<string, ProvenLeaf>,
  disclosed: BundleEntries,
): Promise<DisclosedRecord[]> {
  const { index, add } = context;
  const given = new EntryReader(disclosed, add);
  const left = new Set(given.names);
  const records: DisclosedRecord[] = [];
  for (const { chain, offset, state } of index.records) {
    const stem = `${chain}/${paddedOffset(BigInt(offset))}`;
    if (state === 'shown' || (!given.names.has(`${stem}.rec`) && !given.names.has(`${stem}.salt`))) continue;
    for (const name of [`${stem}.rec`, `${stem}.salt`]) left.delete(name);
    const bytes = await given.demand(`${stem}.rec`);
    const salt = await given.demand(`${stem}.salt`);
    const leaf = leaves.get(recordKey(chain, offset));
    if (bytes === undefined || salt === undefined || leaf === undefined) {
      records.push({ chain, offset, proven: false });
      continue;
    }
    const problem = salt.length === 32 ? recordProblem(context.crypto, leaf, salt, bytes) : 'its salt does not have 32 bytes.';
    if (problem !== undefined) add(finding('BUNDLE_DISCLOSURE_DIFFERS', stem, problem));
    else checkAgainstScope(context, chain, state, bytes, stem);
    records.push({ chain, offset, proven: problem === undefined });
  }
  for (const name of left) add(finding('BUNDLE_DISCLOSURE_DIFFERS', name, 'the bundle does not withhold a record of this name.'));
  return records;
}

/** What was only the exporter's word until now: that a record belongs to the conversation, that it lies outside of the period. */
function checkAgainstScope(context: BundleContext, chain: string, state: 'withheld' | 'outside', bytes: Uint8Array, stem: string): void {
  const { scope } = context.index;
  if (scope.kind !== 'conversation') return;
  const read = readShownRecord(chain, bytes);
  if (read.raw.key === null || toHex(read.raw.key) !== scope.key)
    context.add(finding('BUNDLE_SCOPE_DIFFERS', stem, 'it does not have the key of the conversation.'));
  if (state === 'outside' && isInPeriod(scope, read))
    context.add(finding('BUNDLE_SCOPE_DIFFERS', stem, 'the bundle says that it lies outside of the period, and it lies in it.'));
}
