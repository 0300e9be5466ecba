import { HoldfastError } from '@holdfast/record';
import type { Alarms } from '@holdfast/ports';
import {
  SegmentBuilder,
  claimKey,
  cohortName,
  daySubject,
  daysChain,
  deriveObjectKeys,
  encodeJson,
  labelCommitment,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { DayClosed, DayDirectory, DayEvent, DayRange, DirectoriesAttested, ObjectSecret, RangeCohort, SealedSegment } from '@holdfast/seal';
import { ledgerCohort, ledgerKey, readCommitted } from '@holdfast/vault';
import type { ChainWriter, CheckedClock, DataKeys } from '@holdfast/vault';
import { labelKeyOf, readDaySegment } from './days-chain.js';
import type { DaySegment } from './days-chain.js';
import { gatherRange } from './gather.js';
import type { GatherParts } from './gather.js';

/** The encrypted object of a segment comes behind the clear one. */
const LIST_OBJECT = 1;
const PRINCIPAL = 'service:holdfast';

export interface SealRangeParts extends GatherParts {
  readonly clock: CheckedClock;
  readonly dataKeys: DataKeys;
  readonly alarms: Alarms;
}

interface Part {
  readonly facts: RangeCohort;
  readonly secret: ObjectSecret;
  readonly labelKey: Uint8Array;
}

/**
 * Seals the parts of a range from `part` on, and with the last one the attestation. `onSealed` hears of each segment.
 * @returns false when another writer has won a number: it was compared, and whoever goes on looks at the chain anew
 * @throws HoldfastError `sealed_differs` when that writer sealed something else
 */
export async function sealRange(
  parts: SealRangeParts,
  writer: ChainWriter,
  chain: string,
  range: DayRange,
  part: number,
  signal: AbortSignal,
  onSealed: () => void,
): Promise<boolean> {
  const { archive, governance, dataKeys, alarms } = parts;
  // Another process of the role may have been faster: looking costs one request, building for nothing a whole range.
  if ((await archive.claims.read(claimKey(writer.chain, writer.head.seqs))) !== undefined) return false;
  const clock = await parts.clock.now();
  const year = clock.getUTCFullYear();
  const days = daysChain(chain);
  const { cohort, key } = await ledgerKey(dataKeys, days, year, alarms);
  const rules = governance.rules();
  // Keys before content: one reading of the range serves all its cohorts, and no conversation's key is held for longer than its object.
  const planned = range.cohorts.slice(part).map((facts, i): Part => {
    const random = archive.random(32);
    const place = { archive: archive.id, chain: days, seq: writer.head.seqs + i, no: LIST_OBJECT };
    const secret = { dataKeyId: key.id, wraps: key.wraps, dataKey: key.key, random };
    return { facts, secret, labelKey: deriveObjectKeys(archive.crypto, key.key, random, place).label };
  });
  const labelKeys = new Map(planned.map(({ facts, labelKey }) => [cohortName(facts.cohort), labelKey]));
  const directories = await gatherRange(parts, chain, range, labelKeys, signal);
  // Nothing is durable yet: a restart reads the range again.
  const head = { id: toHex(archive.random(16)), time: clock.toISOString(), principal: PRINCIPAL, ...placeOf(chain, range) };
  const segments: readonly (Part | undefined)[] = planned.length > 0 ? planned : [undefined];
  for (const [i, planOf] of segments.entries()) {
    const directory = planOf === undefined ? undefined : directories.get(cohortName(planOf.facts.cohort));
    const events: DayEvent[] = [];
    if (planOf !== undefined && directory !== undefined)
      events.push(closedEvent(head, part + i, range, planOf.facts, directory, toHex(labelCommitment(archive.crypto, planOf.labelKey))));
    if (i === segments.length - 1) events.push(attestedEvent(head, range));
    const builder = new SegmentBuilder(archive.crypto, { archive: archive.id, chain: days, seq: writer.head.seqs }, writer.nextOffset);
    const add = (record: { readonly key: Uint8Array; readonly value: Uint8Array }, secret: ObjectSecret | null): void => {
      builder.add(
        { ...record, offset: builder.next, timestamp: BigInt(clock.getTime()), timestampType: 'create', headers: [] },
        secret === null ? ledgerCohort(year) : cohort,
        secret === null ? null : () => secret,
      );
    };
    for (const event of events) add({ key: utf8(daySubject(event)), value: encodeJson(event) }, null);
    for (const { label, shares } of directory?.conversations ?? []) add({ key: label, value: shares }, planOf?.secret ?? null);
    const segment: SealedSegment = builder.finish();
    // Durable, not committed: a crash leaves an abandoned attempt, and a restart reads the range again.
    const staged = await writer.stage(writer.head.seqs, segment, rules, clock);
    const seq = writer.head.seqs;
    // Committed part by part: a restart goes on behind the last one.
    const committed = await writer.commit(staged, rules, {}, signal).catch((error: unknown) => {
      // Nobody has stopped this writer: the signing key was changed since the look at gov. Once more, under the new head.
      if (error instanceof HoldfastError && error.code === 'stopped' && !signal.aborted) return 'anew' as const;
      throw error;
    });
    if (committed === 'anew') return false;
    if (committed === undefined) {
      await compareWithWinner(parts, chain, range, seq, part + i, signal);
      return false;
    }
    onSealed();
  }
  return true;
}

type Head = Pick<DayEvent, 'id' | 'time' | 'principal' | 'chain' | 'day' | 'firstSeq' | 'lastSeq' | 'closedBy'>;

function placeOf(
  chain: string,
  { day, firstSeq, lastSeq, closedBy }: DayRange,
): Pick<DayEvent, 'chain' | 'day' | 'firstSeq' | 'lastSeq' | 'closedBy'> {
  return { chain, day, firstSeq, lastSeq, closedBy };
}

function closedEvent(head: Head, part: number, { cohorts }: DayRange, facts: RangeCohort, directory: DayDirectory, commitment: string): DayClosed {
  const entries = directory.conversations.length;
  return {
    type: 'day.closed',
    ...head,
    part,
    parts: cohorts.length,
    cohort: facts.cohort,
    objects: { count: facts.objects.shares, root: toHex(facts.objects.root()) },
    records: facts.objects.records,
    entries,
    root: toHex(directory.root),
    ...(entries > 0 && { labelCommitment: commitment }),
    unattributed: { count: facts.unattributed.records, root: toHex(facts.unattributed.root()) },
  };
}

function attestedEvent(head: Head, { cohorts, objects }: DayRange): DirectoriesAttested {
  return {
    type: 'directories.attested',
    ...head,
    parts: cohorts.length,
    objects: { count: objects.shares, root: toHex(objects.root()) },
    records: objects.records,
  };
}

/** The winner of a number must have sealed the same: his directory is built again under his label key. */
async function compareWithWinner(
  parts: SealRangeParts,
  chain: string,
  range: DayRange,
  seq: number,
  part: number,
  signal: AbortSignal,
): Promise<void> {
  const { archive, governance, reader, dataKeys } = parts;
  const days = daysChain(chain);
  await governance.refresh();
  const winner = await readCommitted(archive, days, seq, governance.keys);
  if (winner === undefined) throw new HoldfastError('claims_rolled_back', `the claim of ${days} ${seq} was there and is gone.`);
  const said = await readDaySegment(archive, reader, winner.manifest);
  const facts = range.cohorts[part];
  const list = winner.manifest.objects.find(({ enc }) => enc !== 'none');
  let rebuilt: DayDirectory | undefined;
  if (facts !== undefined) {
    const labelKey = list === undefined ? new Uint8Array(32) : await labelKeyOf(archive, dataKeys, winner.manifest, list);
    const name = cohortName(facts.cohort);
    rebuilt = (await gatherRange(parts, chain, range, new Map([[name, labelKey]]), signal)).get(name);
  }
  if (!saysTheSame(said, chain, range, part, facts, rebuilt))
    throw new HoldfastError('sealed_differs', `another writer sealed ${days} ${seq}, and it is not the day directory that follows from ${chain}.`);
}

function saysTheSame(
  { closed, attested }: DaySegment,
  chain: string,
  range: DayRange,
  part: number,
  facts: RangeCohort | undefined,
  rebuilt: DayDirectory | undefined,
): boolean {
  const { id, time, principal } = closed ?? attested ?? { id: '', time: '', principal: '' };
  const head = { id, time, principal, ...placeOf(chain, range) };
  const wanted: DayEvent[] = [];
  if (facts !== undefined && rebuilt !== undefined) wanted.push(closedEvent(head, part, range, facts, rebuilt, closed?.labelCommitment ?? ''));
  if (part >= range.cohorts.length - 1) wanted.push(attestedEvent(head, range));
  const found = [closed, attested].filter((event) => event !== undefined).map((event) => ({ ...event, id, time, principal }));
  return canonical(found) === canonical(wanted);
}

/** Members in one order, whatever the order they were written in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
