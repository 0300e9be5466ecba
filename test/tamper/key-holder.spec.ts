import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeCrypto as crypto, randomBytes } from '@holdfast/crypto-node';
import type { RawRecord } from '@holdfast/record';
import {
  CLAIM_TYP,
  MANIFEST_TYP,
  SegmentBuilder,
  claimKey,
  contentKey,
  decodeRecord,
  encodeDocument,
  manifestEntry,
  manifestKey,
  toHex,
  utf8,
} from '@holdfast/seal';
import type { Manifest, ManifestObject } from '@holdfast/seal';
import { TestClock } from '@holdfast/test-kit';
import { readCommitted } from '@holdfast/vault';
import type { FindingCode } from '@holdfast/verify';
import { verifyArchive } from '@holdfast/verify';
import { evidenceOf } from '../../apps/cli/src/evidence.js';
import { Outside } from '../harness/anchored.js';
import { MemoryArchive, SOURCE, TOPIC, TestAlarms } from '../harness/memory-archive.js';
import type { Process } from '../harness/memory-archive.js';

// Whoever has every key of the archive, data keys and manifest key, and the disks: he can seal history anew, byte for byte as
// an honest writer would. Threats 4, 7 and 16 of docs/threat-model.md.

const CHAIN = `msg/${SOURCE}/${TOPIC}/0/0`;
const LAST = 3;

let memory: MemoryArchive;
let process: Process;
let outside: Outside;

beforeEach(async () => {
  const clock = new TestClock();
  memory = await MemoryArchive.create({ clock });
  memory.append(4 * (LAST + 1));
  process = await memory.open();
  const alarms = new TestAlarms();
  // Full segments of four, however slow the machine.
  const worker = memory.worker(process, alarms, { group: 'honest', limits: { segmentAgeMs: 600_000 } });
  await worker.start();
  await memory.untilSealed(worker, alarms);
  await worker.stop();
  outside = new Outside(process.archive, clock);
});

async function committed(seq: number): Promise<{ readonly manifest: Manifest; readonly object: ManifestObject; readonly hash: string }> {
  const found = await readCommitted(process.archive, CHAIN, seq, process.governance.keys);
  const [object] = found?.manifest.objects ?? [];
  if (found === undefined || object === undefined) throw new Error(`no segment ${seq}`);
  return { manifest: found.manifest, object, hash: found.hash };
}

async function recordsOf(manifest: Manifest): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  await process.reader.walk(manifest, () => (plain, start, end) => records.push(decodeRecord(plain.slice(start, end)).record));
  return records;
}

/** Everything under a number goes, and these records take its place; answers the hash of the new manifest. */
async function rewrite(seq: number, records: readonly RawRecord[], over: Partial<Manifest> = {}, dataKey?: Uint8Array): Promise<string> {
  const { manifest, object } = await committed(seq);
  const key = dataKey ?? (await process.dataKeys.open(CHAIN, object));
  const random = randomBytes(32);
  const { class: className, number: classNumber, period } = object.cohort;
  const builder = new SegmentBuilder(crypto, { archive: process.archive.id, chain: CHAIN, seq }, BigInt(manifest.first));
  const { dataKey: dataKeyId = '', wraps = { kek: '', escrow: '' } } = object;
  for (const record of records) builder.add(record, { className, classNumber, period }, () => ({ dataKeyId, wraps, dataKey: key, random }));
  const segment = builder.finish();
  const [sealed] = segment.objects;
  if (sealed === undefined) throw new Error('nothing was sealed');
  for (const prefix of ['m', 'o']) {
    for await (const { key: old, version } of memory.vault.list(`${prefix}/${CHAIN}/${String(seq).padStart(16, '0')}/`))
      memory.vault.destroy(old, version);
  }
  const name = contentKey(CHAIN, seq, 0, { className, period }, toHex(sealed.sha256));
  const retainUntil = new Date(object.retainUntil);
  const version = await memory.vault.put(name, sealed.bytes, { mode: 'COMPLIANCE', retainUntil });
  const forged: Manifest = {
    ...manifest,
    root: toHex(segment.root),
    objects: [{ ...manifestEntry(sealed, retainUntil), key: name, version }],
    ...over,
  };
  return sign(forged);
}

/** Signs a manifest with the real key, stores it locked, and claims its number for it. */
async function sign(manifest: Manifest): Promise<string> {
  const { chain, seq } = manifest;
  const bytes = utf8(await memory.keys.sign(encodeDocument(manifest), MANIFEST_TYP));
  const hash = toHex(crypto.sha256(bytes));
  for await (const { key, version } of memory.vault.list(`m/${chain}/${String(seq).padStart(16, '0')}/`)) memory.vault.destroy(key, version);
  const version = await memory.vault.put(manifestKey(chain, seq, hash), bytes, {
    mode: 'COMPLIANCE',
    retainUntil: process.governance.ledgerUntil(memory.clock.now()),
  });
  await memory.claims.remove(claimKey(chain, seq));
  const claim = { format: 'holdfast.claim/1' as const, archive: process.archive.idHex, chain, seq, manifest: hash, version };
  await memory.claims.create(claimKey(chain, seq), utf8(await memory.keys.sign(encodeDocument(claim), CLAIM_TYP)));
  return hash;
}

/** Signs every later manifest anew, so that the links hold. */
async function relink(from: number, prev: string): Promise<void> {
  let before = prev;
  for (let seq = from; seq <= LAST; seq++) before = await sign({ ...(await committed(seq)).manifest, prev: before });
}

/** Two records exchange their places: each has the offset and time of the other. */
function exchanged(records: readonly RawRecord[]): RawRecord[] {
  const [first, second, ...others] = records;
  if (first === undefined || second === undefined) throw new Error('too few records');
  const { offset, timestamp } = first;
  return [{ ...second, offset, timestamp }, { ...first, offset: second.offset, timestamp: second.timestamp }, ...others];
}

async function found(): Promise<{ readonly codes: FindingCode[]; readonly places: string[] }> {
  const evidence = evidenceOf({
    ...memory.parts(),
    async *strays() {
      yield* [];
    },
  });
  const { findings } = await verifyArchive(evidence, { crypto, anchors: outside.holding() });
  return { codes: [...new Set(findings.map(({ code }) => code))].sort(), places: [...new Set(findings.map(({ place }) => place))] };
}

describe('whoever has every key of the archive', () => {
  it('4: exchanges two records of a segment: the next manifest still names the old one', async () => {
    const { manifest } = await committed(1);
    const hash = await rewrite(1, exchanged(await recordsOf(manifest)));
    expect(hash).not.toBe((await committed(2)).manifest.prev);
    expect(await found()).toEqual({ codes: expect.arrayContaining(['CHAIN_LINK_BROKEN']), places: expect.arrayContaining([`${CHAIN} 1`]) });
  });

  it('4: exchanges two segments: each names its number, and the one before it', async () => {
    const [one, two] = [await committed(1), await committed(2)];
    const [firstRecords, secondRecords] = [await recordsOf(one.manifest), await recordsOf(two.manifest)];
    const moved = (records: readonly RawRecord[], from: bigint): RawRecord[] => records.map((record, i) => ({ ...record, offset: from + BigInt(i) }));
    await rewrite(1, moved(secondRecords, BigInt(one.manifest.first)));
    await rewrite(2, moved(firstRecords, BigInt(two.manifest.first)));
    const { codes, places } = await found();
    expect(codes).toContain('CHAIN_LINK_BROKEN');
    expect(places).toEqual(expect.arrayContaining([`${CHAIN} 1`, `${CHAIN} 2`]));
  });

  it('7: and signs every later manifest anew: nothing inside the archive shows it, before the log has it', async () => {
    const { manifest } = await committed(1);
    await relink(2, await rewrite(1, exchanged(await recordsOf(manifest))));
    // The threat model says so: the tail above the newest checkpoint is the word of whoever has the key.
    expect((await found()).codes).toEqual([]);
  });

  it('7: the same under a log that he leaves alone: the log has other hashes', async () => {
    await outside.notarise(process);
    const { manifest } = await committed(1);
    await relink(2, await rewrite(1, exchanged(await recordsOf(manifest))));
    const { codes } = await found();
    expect(codes.some((code) => code === 'LOG_DIFFERS' || code === 'MANIFEST_MISSING')).toBe(true);
  });

  it('7: and the last segment alone, which no manifest names: the log does', async () => {
    await outside.notarise(process);
    const { manifest } = await committed(LAST);
    await rewrite(LAST, exchanged(await recordsOf(manifest)));
    expect(await found()).toMatchObject({
      codes: expect.arrayContaining(['MANIFEST_MISSING']),
      places: expect.arrayContaining([`${CHAIN} ${LAST}`]),
    });
  });

  it('16: seals under another key than the manifest names, to show one text here and another there: the commitment differs', async () => {
    const { manifest } = await committed(LAST);
    await rewrite(LAST, await recordsOf(manifest), {}, randomBytes(32));
    expect(await found()).toMatchObject({ codes: ['CONTENT_DAMAGED'] });
  });

  it('16: names the commitment of the right key over content of another: nothing decrypts', async () => {
    const { manifest, object } = await committed(LAST);
    await rewrite(LAST, await recordsOf(manifest), {}, randomBytes(32));
    const forged = await committed(LAST);
    const { commitment, random } = object;
    if (commitment === undefined || random === undefined) throw new Error('the object is not encrypted');
    await sign({ ...forged.manifest, objects: [{ ...forged.object, commitment, random }] });
    expect(await found()).toMatchObject({ codes: ['CONTENT_DAMAGED'] });
  });
});
