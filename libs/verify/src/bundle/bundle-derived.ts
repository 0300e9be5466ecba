import {
  DERIVED_TYP,
  attachmentsOf,
  certificateOf,
  compareRecords,
  entryName,
  momentsOf,
  parseEntryName,
  parseRedactedCopy,
  readmeOf,
  transcriptOf,
  zoneOffsets,
} from '@holdfast/bundle';
import type { BundleFacts, EntryPlace, TranscriptRecord } from '@holdfast/bundle';
import { equalBytes, parseJws, verifyJws } from '@holdfast/seal';
import { finding } from '../findings.js';
import type { BundleContext, ProvenLeaf } from './bundle-context.js';
import { recordKey } from './bundle-context.js';
import type { ShownRecord } from './bundle-records.js';

export interface DerivedReport {
  /** Redacted copies that the archive signed. */
  readonly copies: number;
  readonly attachments: number;
  /** False when this machine does not know the time zone of the transcript. */
  readonly zoneKnown: boolean;
}

/** Everything that was made from records: files, redacted copies, and the texts for people, which are made again. */
export async function checkDerived(
  context: BundleContext,
  leaves: ReadonlyMap<string, ProvenLeaf>,
  shown: ReadonlyMap<string, ShownRecord>,
): Promise<DerivedReport> {
  const { crypto, entries, index, add } = context;
  const attachments = await checkAttachments(context, shown);
  const copies = await checkCopies(context);
  const { files, ...facts } = index;
  await compare(context, { kind: 'readme' }, () => readmeOf(facts));
  await compare(context, { kind: 'certificate' }, () => certificateOf(crypto, facts, files));
  const records = forPeople(context, leaves, shown, copies);
  if (records === undefined) {
    await entries.demand(entryName({ kind: 'transcript' }));
    add(finding('DERIVED_DIFFERS', entryName({ kind: 'transcript' }), 'it cannot be made again, because records or leaves are missing.'));
    return { copies: copies.size, attachments, zoneKnown: true };
  }
  await compare(context, { kind: 'transcript' }, () => transcriptOf(crypto, facts, records));
  return { copies: copies.size, attachments, zoneKnown: checkZone(context, facts, records) };
}

async function compare(context: BundleContext, place: EntryPlace, make: () => Uint8Array): Promise<void> {
  const name = entryName(place);
  const bytes = await context.entries.demand(name);
  const again = context.entries.parse(name, make, 'DERIVED_DIFFERS');
  if (bytes !== undefined && again !== undefined && !equalBytes(bytes, again))
    context.add(finding('DERIVED_DIFFERS', name, 'it is not the text that follows from the records and from bundle.json.'));
}

/** The UTC offsets of the transcript are those of its zone; false when this machine does not know the zone. */
function checkZone(context: BundleContext, facts: BundleFacts, records: readonly TranscriptRecord[]): boolean {
  const offsets = zoneOffsets(facts.timeZone, momentsOf(records));
  if (offsets !== undefined && JSON.stringify(offsets) !== JSON.stringify(facts.zoneOffsets.map(({ from, offset }) => ({ from, offset }))))
    context.add(
      finding('BUNDLE_TIME_ZONE', 'bundle.json', `the local times of the transcript are not those of ${facts.timeZone} by the data of this machine.`),
    );
  return offsets !== undefined;
}

function forPeople(
  { index }: BundleContext,
  leaves: ReadonlyMap<string, ProvenLeaf>,
  shown: ReadonlyMap<string, ShownRecord>,
  copies: ReadonlyMap<string, string>,
): TranscriptRecord[] | undefined {
  const records: TranscriptRecord[] = [];
  for (const { chain, offset, state } of index.records) {
    const key = recordKey(chain, offset);
    if (state === 'outside') continue;
    if (state === 'shown') {
      const record = shown.get(key);
      if (record === undefined) return undefined;
      records.push({ state, chain, offset, bytes: record.bytes });
      continue;
    }
    const leaf = leaves.get(key);
    if (leaf === undefined) return undefined;
    const copy = copies.get(key);
    records.push({ state, chain, offset, timestamp: leaf.timestamp, ...(copy === undefined ? {} : { copy }) });
  }
  return records.sort(compareRecords);
}

/** Files are exactly those that shown records carry inside. */
async function checkAttachments(context: BundleContext, shown: ReadonlyMap<string, ShownRecord>): Promise<number> {
  const expected = new Map<string, Uint8Array>();
  for (const { read } of shown.values())
    for (const [sha256, bytes] of attachmentsOf(context.crypto, read)) expected.set(entryName({ kind: 'attachment', sha256 }), bytes);
  for (const [name, content] of expected) {
    const bytes = await context.entries.demand(name);
    if (bytes !== undefined && !equalBytes(bytes, content))
      context.add(finding('BUNDLE_ENTRY_DIFFERS', name, 'it is not the file that the record carries.'));
  }
  for (const name of context.entries.names)
    if (parseEntryName(name)?.kind === 'attachment' && !expected.has(name))
      context.add(finding('BUNDLE_ENTRY_UNKNOWN', name, 'no record that is shown carries this file.'));
  return expected.size;
}

/** Texts of redacted copies by record; each is signed by a manifest key of the archive and stands for a withheld record. */
async function checkCopies(context: BundleContext): Promise<Map<string, string>> {
  const { crypto, entries, genesis, state, add } = context;
  const withheld = new Map(
    context.index.records.flatMap((record) => (record.state === 'withheld' ? [[recordKey(record.chain, record.offset), record]] : [])),
  );
  const copies = new Map<string, string>();
  for (const name of entries.names) {
    const place = parseEntryName(name);
    if (place?.kind !== 'derived') continue;
    const bytes = await entries.read(name);
    const read = bytes === undefined ? undefined : entries.parse(name, () => readCopy(bytes), 'BUNDLE_COPY_INVALID');
    if (read === undefined) continue;
    const { jws, copy } = read;
    const key = recordKey(place.chain, place.offset);
    const record = withheld.get(key);
    const signer = jws.kid === genesis.manifestKey.kid ? genesis.manifestKey : state.manifestKeys.get(jws.kid)?.jwk;
    const wrong = (message: string): void => add(finding('BUNDLE_COPY_INVALID', name, message));
    if (signer === undefined || !verifyJws(crypto, jws, DERIVED_TYP, signer)) wrong('it is not signed by a key of the archive.');
    else if (copy.archive !== context.archiveHex || recordKey(copy.chain, copy.offset) !== key) wrong('it is the copy of another record.');
    else if (record === undefined) wrong('the record that it stands for is not withheld.');
    else if (record.reason !== copy.reason) wrong('it gives another reason than bundle.json.');
    else copies.set(key, copy.text);
  }
  return copies;
}

function readCopy(bytes: Uint8Array): { jws: ReturnType<typeof parseJws>; copy: ReturnType<typeof parseRedactedCopy> } {
  const jws = parseJws(bytes);
  return { jws, copy: parseRedactedCopy(jws.payload) };
}
