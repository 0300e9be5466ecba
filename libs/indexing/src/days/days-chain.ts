import { HoldfastError } from '@holdfast/record';
import { decodeRecord, deriveObjectKeys, fromHex, openDayDirectory, parseDayEvent, parseJson, toHex } from '@holdfast/seal';
import type { DayClosed, DayDirectory, DirectoriesAttested, Manifest, ManifestObject } from '@holdfast/seal';
import type { Archive, DataKeys, SegmentReader } from '@holdfast/vault';

/** The events of one segment of a days chain. */
export interface DaySegment {
  readonly closed?: DayClosed;
  readonly attested?: DirectoriesAttested;
}

/** How far a days chain covers its message chain. */
export interface DaysCovered {
  /** First segment of the next range, or of the one that is begun. */
  readonly nextSeq: number;
  /** Parts of that range that are sealed. */
  readonly part: number;
}

/** What a segment of a days chain says in the clear. @throws HoldfastError `content_damaged`, `format_malformed` */
export async function readDaySegment(archive: Archive, reader: SegmentReader, manifest: Manifest): Promise<DaySegment> {
  let closed: DayClosed | undefined;
  let attested: DirectoriesAttested | undefined;
  for (const object of manifest.objects) {
    if (object.enc !== 'none') continue;
    const bytes = await reader.bytes(object);
    if (toHex(archive.crypto.sha256(bytes)) !== object.sha256)
      throw new HoldfastError('content_damaged', `object ${object.no} of ${manifest.chain} ${manifest.seq} has other bytes than its manifest names.`);
    (await reader.reader(manifest, object)).walk(bytes, (plain, start, end) => {
      const event = parseDayEvent(parseJson(decodeRecord(plain.subarray(start, end)).record.value ?? new Uint8Array(0)));
      if (event.type === 'day.closed') closed = event;
      else attested = event;
    });
  }
  return { ...(closed !== undefined && { closed }), ...(attested !== undefined && { attested }) };
}

/** What follows behind the last segment of a days chain. @throws HoldfastError `chain_broken` for a segment that says nothing */
export function coveredAfter({ closed, attested }: DaySegment, place: string): DaysCovered {
  if (attested !== undefined) return { nextSeq: attested.lastSeq + 1, part: 0 };
  if (closed !== undefined) return { nextSeq: closed.firstSeq, part: closed.part + 1 };
  throw new HoldfastError('chain_broken', `${place} is no day directory.`);
}

/** A day directory that was opened, ready to prove from (`dayProof` of libs/seal). */
export interface OpenedDay extends DaySegment {
  readonly closed: DayClosed;
  /** Undefined when the directory has no entries. */
  readonly labelKey?: Uint8Array;
  readonly directory: DayDirectory;
}

/**
 * Opens the directory that a segment of a days chain holds, everything checked; undefined for the attestation of a range without
 * records. @throws HoldfastError `content_damaged`, `format_malformed`, `object_missing`, `key_missing`
 */
export async function openDay(archive: Archive, reader: SegmentReader, dataKeys: DataKeys, manifest: Manifest): Promise<OpenedDay | undefined> {
  const { closed, attested } = await readDaySegment(archive, reader, manifest);
  if (closed === undefined) return undefined;
  const records: Parameters<typeof openDayDirectory>[2][number][] = [];
  await reader.walk(manifest, (object) => (plain, start, end) => {
    if (object.enc !== 'none') records.push(decodeRecord(plain.slice(start, end)).record);
  });
  const list = manifest.objects.find(({ enc }) => enc !== 'none');
  return {
    closed,
    ...(attested !== undefined && { attested }),
    ...(list !== undefined && { labelKey: await labelKeyOf(archive, dataKeys, manifest, list) }),
    directory: openDayDirectory(archive.crypto, closed, records),
  };
}

/** The label key of the list of a segment. @throws HoldfastError `key_missing`, `format_malformed` */
export async function labelKeyOf(archive: Archive, dataKeys: DataKeys, { chain, seq }: Manifest, list: ManifestObject): Promise<Uint8Array> {
  const dataKey = await dataKeys.open(chain, list);
  return deriveObjectKeys(archive.crypto, dataKey, fromHex(list.random ?? '', 32), { archive: archive.id, chain, seq, no: list.no }).label;
}
