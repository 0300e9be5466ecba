// Sealing and verifying alone: what the processor costs without source, stores and index.
import { Classifier } from '@holdfast/archiving';
import { syntheticEvents } from '@holdfast/connectors';
import { nodeCrypto, randomBytes } from '@holdfast/crypto-node';
import { GovernanceFold } from '@holdfast/governance';
import { ObjectReader, SegmentBuilder, coverageProblem, encodeRecord, manifestEntry } from '@holdfast/seal';
import { constants, zstdCompressSync } from 'node:zlib';
import { measure, rate } from './measure.mjs';

const SEGMENT = 16_000;
const ROUNDS = 5;
const RETAIN_UNTIL = new Date('2033-11-30T23:59:59Z');

/** @param {{ events: boolean }} options whether classification has to read events */
function classifierState({ events }) {
  const state = new GovernanceFold();
  const base = { id: '0'.repeat(32), time: new Date().toISOString(), principal: 'os:bench' };
  state.apply({ type: 'class.defined', ...base, name: 'standard', number: 1, months: 84, lengthenMonths: 0 }, 0);
  // Then the cohort of a record depends on whether it can be read.
  if (events) state.apply({ type: 'class.defined', ...base, name: 'longer', number: 2, months: 120, lengthenMonths: 0 }, 0);
  state.apply({ type: 'policy.set', ...base, defaultClass: 'standard' }, 0);
  return state;
}

/** Lines of the report. */
export async function benchCore() {
  /** @type {import('@holdfast/record').RawRecord[]} */
  const records = [...syntheticEvents({ records: SEGMENT, seed: 1, conversations: 300 })].map((record, i) => ({
    offset: BigInt(i),
    timestamp: record.timestamp,
    timestampType: 'create',
    key: record.key,
    value: record.value,
    headers: record.headers,
  }));
  const averageBytes = Math.round(records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) / SEGMENT);
  const archive = randomBytes(32);
  const dataKey = randomBytes(32);
  const chain = 'msg/bench/chat/0/0';
  const oneClass = classifierState({ events: false });
  const twoClasses = classifierState({ events: true });
  const seal = (/** @type {number} */ seq, state = oneClass) => {
    const classifier = new Classifier(state, new Date());
    const builder = new SegmentBuilder(nodeCrypto, { archive, chain, seq }, 0n);
    const random = randomBytes(32);
    for (const record of records) {
      builder.add(record, classifier.classify(record).cohort, () => ({ dataKeyId: '', wraps: { kek: '', escrow: '' }, dataKey, random }));
    }
    return builder.finish();
  };
  // The first rounds only warm the compiler.
  for (let i = 0; i < 3; i++) seal(i);
  for (let i = 0; i < 3; i++) seal(i, twoClasses);
  /** @type {ReturnType<typeof seal>[]} */
  const segments = [];
  const sealing = await measure(() => {
    for (let i = 0; i < ROUNDS; i++) segments.push(seal(i));
  });
  const reading = await measure(() => {
    for (let i = 0; i < ROUNDS; i++) seal(i, twoClasses);
  });
  const verifySegment = (/** @type {ReturnType<typeof seal>} */ segment, /** @type {number} */ seq) => {
    const walked = segment.objects.map((object) =>
      new ObjectReader(nodeCrypto, { archive, chain, seq }, { ...manifestEntry(object, RETAIN_UNTIL), inline: '' }, dataKey).walk(object.bytes),
    );
    const problem = coverageProblem({ first: '0', next: String(SEGMENT), records: SEGMENT, holes: { count: 0, sum: '0', losses: [] } }, walked);
    if (problem !== undefined) throw new Error(problem);
  };
  segments.forEach((segment, i) => verifySegment(segment, i));
  const verifying = await measure(() => {
    segments.forEach((segment, i) => verifySegment(segment, i));
  });
  const stored = segments[0]?.objects.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0;
  const plain = Buffer.concat(records.map(({ value }) => Buffer.from(value ?? [])));
  const whole = Buffer.concat(records.map((record) => encodeRecord(record, 0n)));
  return [
    rate('seal alone', SEGMENT * ROUNDS, sealing, { 'bytes a record': averageBytes }),
    rate('seal alone, two classes, so that events are read', SEGMENT * ROUNDS, reading),
    rate('verify alone', SEGMENT * ROUNDS, verifying),
    {
      name: 'vault size',
      'of zstd-1 of the same record bytes': Number(
        (stored / zstdCompressSync(whole, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }).length).toFixed(3),
      ),
      'of the raw values': Number((stored / plain.length).toFixed(3)),
    },
  ];
}
