import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEAL_LIMITS, SealWorker } from '@holdfast/archiving';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import type { FolderSettings, OpenedArchive } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import type { NewRecord } from '@holdfast/ports';
import { SqliteLog } from '../../libs/embedded/src/sqlite-log.js';
import { SegmentBuilder, monthOf, retainUntil, toHex, utf8 } from '@holdfast/seal';
import { ChainWriter, LedgerWriter, readHead } from '@holdfast/vault';
import type { Archive } from '@holdfast/vault';
import { until } from '@holdfast/test-kit';

export const TOPIC = 'chat';
export const SETTINGS: FolderSettings = {
  ...EMBEDDED_DEFAULTS,
  name: 'Tampered with',
  sourceName: 'test',
  topic: TOPIC,
  partitions: 2,
  classes: [
    { name: 'standard', number: 1, months: 12, lengthenMonths: 1 },
    { name: 'trade', number: 2, months: 24, lengthenMonths: 0 },
  ],
};
const TIMESTAMP = 1_790_000_000_000n;

/** Seals what the source holds now. */
export async function sealAll(opened: OpenedArchive, segmentRecords = 120): Promise<void> {
  const source = opened.source();
  const alarms: string[] = [];
  const worker = new SealWorker({
    ...opened,
    source,
    limits: { ...SEAL_LIMITS, segmentRecords, segmentAgeMs: 50 },
    alarms: { raise: (code, place, severity, message) => alarms.push(`${severity} ${code} ${place} ${message}`), clear: () => undefined },
  });
  const ends = await Promise.all([0, 1].map(async (partition) => (await source.watermarks({ topic: TOPIC, partition })).high));
  await worker.start();
  await until(
    () => ends.every((end, i) => worker.status().some(({ partition, next }) => partition === i && next >= end)),
    60_000,
    `sealing everything (${alarms.join('; ')})`,
  );
  await worker.flush();
  await worker.stop();
  await source.close();
}

/** What retention does to the source: records are gone that nobody has sealed. */
function trimSource(folder: string, low: bigint): void {
  const log = new SqliteLog(join(folder, 'source.sqlite'));
  log.trim({ topic: TOPIC, partition: 0 }, low);
  log.close();
}

async function append(opened: OpenedArchive, records: Iterable<NewRecord>): Promise<void> {
  const sink = opened.sink();
  await sink.append(TOPIC, [...records]);
  await sink.close();
}

/** What a writer leaves behind that stored manifest and content and then lost its claim; answers the number it wanted. */
export async function abandonAttempt(opened: Pick<OpenedArchive, 'archive' | 'governance' | 'clock' | 'dataKeys'>, chain: string): Promise<number> {
  const { governance, clock, dataKeys } = opened;
  const lost: Archive = {
    ...opened.archive,
    claims: { ...opened.archive.claims, create: () => Promise.resolve('exists'), read: () => Promise.resolve(utf8('another writer')) },
  };
  const head = await readHead(opened.archive, chain, governance.keys);
  const writer = new ChainWriter(lost, clock, chain, head);
  const cohort = { className: 'standard', classNumber: 1, period: monthOf(retainUntil(await clock.now(), 12)) };
  const key = await dataKeys.current(chain, cohort);
  const builder = new SegmentBuilder(opened.archive.crypto, { archive: opened.archive.id, chain, seq: head.seqs }, writer.nextOffset);
  builder.add(
    { offset: writer.nextOffset, timestamp: TIMESTAMP, timestampType: 'create', key: null, value: utf8('lost'), headers: [] },
    cohort,
    () => ({
      dataKeyId: key.id,
      wraps: key.wraps,
      dataKey: key.key,
      random: opened.archive.random(32),
    }),
  );
  const rules = governance.rules();
  await writer.commit(await writer.stage(head.seqs, builder.finish(), rules, await clock.now()), rules);
  return head.seqs;
}

export interface SealedFolder {
  readonly folder: string;
  /** Chain and number of the abandoned attempt. How many segments there are depends on how fast they were filled. */
  readonly attempt: string;
  remove(): Promise<void>;
}

/**
 * An embedded archive with everything that a vault can hold: two message chains, two retention classes, an abandoned
 * attempt, an accepted loss, inline and stored ledger content, a hold and a longer lock.
 */
export async function sealedFolder(records = 600): Promise<SealedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tamper-'));
  const opened = await openEmbedded(folder, SETTINGS);
  const event = (): { id: string; time: string; principal: string } => ({
    id: toHex(opened.archive.random(16)),
    time: opened.archive.clock.now().toISOString(),
    principal: 'os:tester',
  });
  await append(opened, syntheticEvents({ records, seed: 5, conversations: 20, timestamp: TIMESTAMP }));
  await append(opened, [
    { key: null, value: utf8('not an event'), headers: [], timestamp: TIMESTAMP, partition: 0 },
    { key: utf8('tombstone'), value: null, headers: [], timestamp: TIMESTAMP, partition: 1 },
  ]);
  await sealAll(opened);
  await append(opened, syntheticEvents({ records: 60, seed: 6, conversations: 20, timestamp: TIMESTAMP }));
  const chain = `msg/test/${TOPIC}/0/0`;
  const head = await readHead(opened.archive, chain, opened.governance.keys);
  const next = BigInt(head.last?.manifest.next ?? '0');
  await opened.governance.append(() => [
    { type: 'source.gap.accepted', ...event(), chain, from: next.toString(), to: (next + 3n).toString(), reason: 'retention ran out' },
  ]);
  trimSource(folder, next + 3n);
  await sealAll(opened);
  const crossed = `msg/test/${TOPIC}/1/0`;
  const attempt = `${crossed}/${String(await abandonAttempt(opened, crossed)).padStart(16, '0')}`;
  const access = new LedgerWriter(opened.archive, opened.clock, opened.governance, opened.dataKeys, 'access/tester');
  await access.append({ subject: 'small', value: { type: 'access.search', ...event(), query: '合同' } });
  await access.append({
    subject: 'large',
    value: { type: 'access.export', ...event(), ids: Array.from({ length: 9000 }, () => toHex(opened.archive.random(4))) },
  });
  const [held] = (await readHead(opened.archive, chain, opened.governance.keys)).last?.manifest.objects ?? [];
  if (held?.key === undefined || held.version === undefined) throw new Error('the last segment has no object');
  await opened.archive.vault.setLegalHold(held.key, held.version, true);
  await opened.close();
  return { folder, attempt, remove: () => rm(folder, { recursive: true, force: true }) };
}
