// Made the golden archive of format version 1 once; it is never made again to please a test. Kept so that a reader can see
// what is in it and how it came to be. Run after a build: node test/vectors/make-golden.mjs FOLDER
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SEAL_LIMITS, SealWorker, chainsOf } from '@holdfast/archiving';
import { EMBEDDED_DEFAULTS, openEmbedded } from '@holdfast/assembly';
import { syntheticEvents } from '@holdfast/connectors';
import { SqliteLog } from '../../libs/embedded/dist/sqlite-log.js';
import { messageChain } from '@holdfast/record';
import { nodeCrypto } from '@holdfast/crypto-node';
import { readPrivateKeyFile, signWithKey } from '@holdfast/keys-jose';
import { SegmentBuilder, toHex } from '@holdfast/seal';
import { ChainWriter, LedgerWriter, STATEMENT_TYP, readCommitted, readHead, repairClaim } from '@holdfast/vault';

/** @typedef {import('@holdfast/assembly').OpenedArchive} OpenedArchive */
/** @typedef {import('@holdfast/ports').NewRecord} NewRecord */

const folder = process.argv[2];
if (folder === undefined) throw new Error('name an empty folder');
const topic = 'chat';
const settings = {
  ...EMBEDDED_DEFAULTS,
  name: 'Golden archive, format 1 · 黄金样本',
  timeZone: 'Asia/Shanghai',
  sourceName: 'golden',
  topic,
  partitions: 2,
  classes: [
    { name: 'standard', number: 1, months: 60, lengthenMonths: 6 },
    { name: 'trade', number: 2, months: 84, lengthenMonths: 0 },
  ],
};
const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
const header = (/** @type {string} */ key, /** @type {string | null} */ value) => ({ key: bytes(key), value: value === null ? null : bytes(value) });
const base = { headers: [], timestamp: 1_790_000_000_000n, partition: 0 };
/** @type {import('@holdfast/ports').Alarms} */
const alarms = { raise: (code, place, severity, message) => console.log(severity, code, place, message), clear: () => undefined };

/** Records that are hard to keep as they are. */
const odd = [
  { ...base, key: null, value: bytes('no key') },
  { ...base, key: bytes(''), value: bytes('empty key') },
  { ...base, key: bytes('tombstone'), value: null },
  { ...base, key: bytes('empty'), value: bytes('') },
  { ...base, key: bytes('binary'), value: Uint8Array.from({ length: 256 }, (_, i) => i) },
  {
    ...base,
    key: bytes('headers'),
    value: bytes('{}'),
    headers: [
      header('a', '1'),
      header('a', '2'),
      header('', ''),
      header('null', null),
      { key: Uint8Array.of(0xff, 0xfe), value: Uint8Array.of(0, 255) },
    ],
  },
  { ...base, key: bytes('time'), value: bytes('negative time'), timestamp: -1n },
  { ...base, key: bytes('large'), value: new Uint8Array(700_000).fill(0x41) },
  { ...base, key: Uint8Array.of(0xc3, 0x28), value: bytes('a key that is not UTF-8') },
  {
    ...base,
    key: bytes('future'),
    value: bytes(
      JSON.stringify({
        kind: 'message.created',
        platform: 'x',
        workspace: { id: 'w' },
        conversation: { id: 'c' },
        source_id: '1',
        actor: null,
        times: { occurred_at: '2029-01-01T00:00:00Z' },
        body: { text: 'from the future 未来' },
      }),
    ),
  },
];

/** @param {OpenedArchive} opened */
async function seal(opened) {
  const source = opened.source();
  const worker = new SealWorker({ ...opened, source, limits: { ...SEAL_LIMITS, segmentRecords: 200 }, alarms });
  const ends = await Promise.all([0, 1].map(async (partition) => (await source.watermarks({ topic, partition })).high));
  await worker.start();
  while (!ends.every((end, i) => worker.status().some(({ partition, next }) => partition === i && next >= end)))
    await new Promise((resolve) => setTimeout(resolve, 50));
  await worker.flush();
  await worker.stop();
  await source.close();
}

/**
 * @param {OpenedArchive} opened
 * @param {Iterable<NewRecord>} records
 */
async function append(opened, records) {
  const sink = opened.sink();
  await sink.append(topic, [...records]);
  await sink.close();
}

const event = (/** @type {OpenedArchive} */ opened) => ({
  id: toHex(opened.archive.random(16)),
  time: opened.archive.clock.now().toISOString(),
  principal: 'os:golden',
});

let opened = await openEmbedded(folder, settings);
await append(opened, syntheticEvents({ records: 500, seed: 7, conversations: 12, timestamp: 1_790_000_000_000n }));
await append(opened, odd);
// Holes that the log itself has, as compaction and transaction markers leave them.
const holes = new DatabaseSync(join(folder, 'source.sqlite'));
holes.exec('DELETE FROM record WHERE place & 1099511627775 IN (3, 40, 41, 150)');
holes.close();
await seal(opened);

// A loss: records that were never sealed are gone from the source, and the decision is sealed.
await append(opened, syntheticEvents({ records: 60, seed: 8, conversations: 5, timestamp: 1_790_000_100_000n }));
const head = await readHead(opened.archive, 'msg/golden/chat/0/0', opened.governance.keys);
if (head.last === undefined) throw new Error('nothing was sealed');
const next = BigInt(head.last.manifest.next);
const log = new SqliteLog(join(folder, 'source.sqlite'));
log.trim({ topic, partition: 0 }, next + 5n);
log.close();
await opened.governance.append(() => [
  {
    type: 'source.gap.accepted',
    ...event(opened),
    chain: 'msg/golden/chat/0/0',
    from: next.toString(),
    to: (next + 5n).toString(),
    reason: 'retention of the source ran out · 源已过期',
  },
]);
await seal(opened);
await opened.close();

// A new log: partition 1 goes on in a second epoch, and so does partition 0.
for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `source.sqlite${suffix}`), { force: true });
opened = await openEmbedded(folder);
const source = opened.source();
const cluster = await source.clusterId();
await source.close();
await opened.governance.append((state) =>
  [0, 1].map((partition) => {
    const open = chainsOf(state, 'golden', { topic, partition }).at(-1);
    if (open === undefined) throw new Error('the partition was never sealed');
    return {
      type: 'source.epoch.opened',
      ...event(opened),
      chain: open.chain,
      successor: messageChain({ source: 'golden', topic, partition, epoch: 1 }),
      cluster,
      reason: 'the log was replaced',
    };
  }),
);
/**
 * @param {string} chain
 * @param {number} seq
 */
async function committed(chain, seq) {
  const found = await readCommitted(opened.archive, chain, seq, opened.governance.keys);
  if (found === undefined) throw new Error(`nothing is committed as ${chain} ${seq}`);
  return found;
}

// A writer that lost: content and a manifest that no claim names.
const chain = 'msg/golden/chat/1/1';
await append(opened, syntheticEvents({ records: 30, seed: 10, conversations: 2, timestamp: 1_790_000_150_000n }));
await seal(opened);
const cohort = { className: 'standard', classNumber: 1, period: '2031-11' };
const before = await readHead(opened.archive, chain, opened.governance.keys);
const attempt = async (/** @type {string} */ text) => {
  const writer = new ChainWriter(opened.archive, opened.clock, chain, before);
  const key = await opened.dataKeys.current(chain, cohort);
  const builder = new SegmentBuilder(nodeCrypto, { archive: opened.archive.id, chain, seq: before.seqs }, writer.nextOffset);
  builder.add({ offset: writer.nextOffset, timestamp: 0n, timestampType: 'create', key: null, value: bytes(text), headers: [] }, cohort, () => ({
    dataKeyId: key.id,
    wraps: key.wraps,
    dataKey: key.key,
    random: opened.archive.random(32),
  }));
  return { writer, staged: await writer.stage(before.seqs, builder.finish(), opened.governance.rules(), await opened.clock.now()) };
};
// Both find the number taken: one leaves content, the other a manifest too.
await attempt('loser 1');
const loser = await attempt('loser 2');
await append(opened, syntheticEvents({ records: 40, seed: 9, conversations: 4, timestamp: 1_790_000_200_000n }));
await seal(opened);

const winner = (await committed(chain, before.seqs)).hash;
if ((await loser.writer.commit(loser.staged, opened.governance.rules())) !== undefined) throw new Error('the loser won');

// A hold and a longer lock: state that lies beside an object.
const [held] = (await committed('msg/golden/chat/0/0', 0)).manifest.objects;
if (held?.key === undefined || held.version === undefined) throw new Error('the first segment has no object');
await opened.archive.vault.setLegalHold(held.key, held.version, true);
await opened.archive.vault.extendLock(held.key, held.version, {
  mode: 'COMPLIANCE',
  retainUntil: new Date('2040-12-31T23:59:59Z'),
});

// A claim that named something unreadable, and its repair.
const claim = `${chain}/${String(before.seqs).padStart(16, '0')}`;
await opened.archive.claims.remove(claim);
await opened.archive.claims.create(claim, bytes('not a claim'));
const recovery = join(folder, 'keys', 'recovery-private');
const [recoveryFile = ''] = readdirSync(recovery);
const recoveryKey = await readPrivateKeyFile(join(recovery, recoveryFile));
await repairClaim(opened.archive, opened.governance, {
  chain,
  reason: 'the claim was damaged · 声明已损坏',
  principal: 'os:golden',
  manifest: winner,
  signStatement: (payload) => signWithKey(recoveryKey, payload, STATEMENT_TYP),
});

const access = new LedgerWriter(opened.archive, opened.clock, opened.governance, opened.dataKeys, 'access/golden');
await access.append({ subject: 'golden~chat~0~0~1', value: { type: 'access.record.opened', ...event(opened) } });
await access.append({ subject: '合同', value: { type: 'access.search', ...event(opened), query: '合同' } });
await opened.close();
console.log('made', opened.archive.idHex);
