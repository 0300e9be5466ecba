import { HoldfastError } from '@holdfast/record';
import type { DrillAnswer, DrillChallenge } from '@holdfast/governance';
import type { CohortName, WrapContext } from '@holdfast/ports';
import { ObjectReader, blockOf, fromBase64Url, fromHex, fromUtf8, toHex, utf8 } from '@holdfast/seal';
import type { Crypto, Manifest, ManifestObject } from '@holdfast/seal';
import type { Archive } from '../archive.js';
import type { GovernanceLog } from '../governance-log.js';
import { countClaims } from '../head.js';
import { readCommitted } from '../manifests.js';
import { findRelocated, unlessMissing } from '../relocated.js';
import { command } from './close-key.js';

/** `<chain>/<class>/<period>/<day>/<data key id>/escrow.jwe` (format section 2). */
const ESCROW = /^(.+)\/([a-z][a-z0-9-]*)\/(\d{4}(?:-\d{2})?)\/(\d{4}-\d{2}-\d{2})\/([0-9a-f]{32})\/escrow\.jwe$/;
/** Segments of a day that are looked at for an object under a data key; the first of a day has it, where nothing was abandoned. */
const MOST_SEGMENTS = 64;

/** Outcome of a drill. */
export interface Drilled {
  readonly seed: string;
  readonly begun: string;
  readonly wraps: number;
  readonly sampled: number;
  readonly opened: number;
  readonly failed: number;
  /** Records that were opened with the data keys. */
  readonly records: number;
  readonly problems: readonly { readonly key: string; readonly problem: string }[];
}

/** Chooses `sample` escrow wraps at random, reproducibly by their seed; one listing, and memory for the sample only. */
export async function challengeEscrow(archive: Archive, sample: number, seed = toHex(archive.random(16))): Promise<DrillChallenge> {
  const { crypto, wraps, idHex } = archive;
  const begun = archive.clock.now().toISOString();
  let count = 0;
  let last = '';
  let chosen: { readonly rank: string; readonly key: string; readonly version: string }[] = [];
  for await (const { key, version, deleteMarker } of wraps.list('')) {
    if (deleteMarker || key === last || !ESCROW.test(key)) continue;
    last = key;
    count++;
    // The lowest of a keyed hash: every wrap has the same chance, and nobody knows which before the seed.
    chosen.push({ rank: toHex(crypto.hmacSha256(fromHex(seed, 16), utf8(key))), key, version });
    if (chosen.length > 2 * sample + 16) chosen = lowest(chosen, sample);
  }
  const picked: DrillChallenge['sample'] = [];
  for (const { key, version } of lowest(chosen, sample))
    picked.push({ key, jwe: fromUtf8(await wraps.get(key, version)), context: contextOf(idHex, key) });
  return { format: 'holdfast.drill/1', archive: idHex, seed, begun, wraps: count, sample: picked };
}

function lowest<T extends { readonly rank: string }>(all: T[], most: number): T[] {
  return all.sort((a, b) => (a.rank < b.rank ? -1 : 1)).slice(0, most);
}

function contextOf(archive: string, key: string): WrapContext {
  const [, chain = '', className = '', period = '', , dataKey = ''] = ESCROW.exec(key) ?? [];
  return { archive, chain, dataKey, cohort: { className, period } };
}

/** Opens the wraps of a challenge where the escrow keys are: no archive, no network. `open` throws what cannot be opened. */
export async function answerEscrow(
  crypto: Crypto,
  challenge: DrillChallenge,
  open: (jwe: string, context: WrapContext) => Promise<Uint8Array>,
): Promise<DrillAnswer> {
  const answers: DrillAnswer['answers'][number][] = [];
  for (const { key, jwe, context } of challenge.sample) {
    try {
      answers.push({ key, proof: proofOf(crypto, challenge.seed, key, await open(jwe, context)) });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      answers.push({ key, problem: error.message });
    }
  }
  return { format: 'holdfast.drill-answer/1', seed: challenge.seed, answers };
}

/** Only who has the data key can make it, and it tells nothing about the key. */
function proofOf(crypto: Crypto, seed: string, key: string, dataKey: Uint8Array): string {
  return toHex(crypto.hmacSha256(dataKey, utf8(`holdfast/1 drill\0${seed}${key}`)));
}

/** Compares the answers with the KEK wraps, and opens a record under each data key that was proven. */
export async function judgeDrill(archive: Archive, governance: GovernanceLog, challenge: DrillChallenge, answer: DrillAnswer): Promise<Drilled> {
  if (challenge.archive !== archive.idHex || answer.seed !== challenge.seed)
    throw new HoldfastError('bad_request', 'The challenge is of another archive, or the answer is to another challenge.');
  const proofs = new Map(answer.answers.map((one) => [one.key, one]));
  const problems: { key: string; problem: string }[] = [];
  let opened = 0;
  let records = 0;
  for (const { key, context } of challenge.sample) {
    const answered = proofs.get(key);
    try {
      const dataKey = await openKek(archive, key, context);
      if (answered === undefined) throw new HoldfastError('key_missing', 'nobody has answered for it');
      if ('problem' in answered) throw new HoldfastError('key_missing', answered.problem);
      if (answered.proof !== proofOf(archive.crypto, challenge.seed, key, dataKey))
        throw new HoldfastError('key_malformed', 'the escrow wrap and the KEK wrap hold different data keys');
      if (await opensRecord(archive, governance, context, key, dataKey)) records++;
      opened++;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'store_unavailable') throw error;
      problems.push({ key, problem: error.message });
    }
  }
  const { seed, begun, wraps, sample } = challenge;
  return { seed, begun, wraps, sampled: sample.length, opened, failed: problems.length, records, problems };
}

/** Seals that a drill was held, and how it went. */
export async function sealDrill(archive: Archive, governance: GovernanceLog, principal: string, drilled: Drilled): Promise<void> {
  const { seed, wraps, sampled, opened, failed, records, begun } = drilled;
  await governance.append(() => [{ type: 'escrow.drilled', ...command(archive, principal), seed, wraps, sampled, opened, failed, records, begun }]);
}

async function openKek(archive: Archive, escrow: string, context: WrapContext): Promise<Uint8Array> {
  const key = escrow.replace(/escrow\.jwe$/, 'kek.jwe');
  let refused: unknown;
  for await (const row of archive.wraps.list(key)) {
    if (row.key !== key || row.deleteMarker) continue;
    try {
      return await archive.keys.unwrap(fromUtf8(await archive.wraps.get(key, row.version)), context);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'store_unavailable') throw error;
      refused ??= error;
    }
  }
  throw refused instanceof Error ? refused : new HoldfastError('key_missing', 'its KEK wrap is not in the wraps store');
}

/** Opens the first record under a data key; false where nothing was sealed under it. */
async function opensRecord(
  archive: Archive,
  governance: GovernanceLog,
  { chain, dataKey, cohort }: WrapContext,
  key: string,
  secret: Uint8Array,
): Promise<boolean> {
  const day = ESCROW.exec(key)?.[4] ?? '';
  const found = await firstUnder(archive, governance, chain, `${day}/${dataKey}`, day);
  if (found === undefined) return false;
  const { manifest, object } = found;
  if (!sameCohort(object, cohort)) throw new HoldfastError('key_malformed', `${chain} ${manifest.seq} names it for another cohort`);
  const bytes = await bytesOf(archive, object);
  const reader = new ObjectReader(archive.crypto, { archive: archive.id, chain, seq: manifest.seq }, object, secret);
  const trailer = reader.readTrailer(bytes.subarray(bytes.length - object.trailer));
  const [block] = trailer.blocks;
  if (block === undefined) return false;
  const number = blockOf(trailer, block.firstOffset);
  return reader.openRecord(trailer, number, bytes.subarray(block.at, block.at + block.stored), block.firstOffset) !== undefined;
}

function sameCohort({ cohort }: ManifestObject, { className, period }: CohortName): boolean {
  return cohort.class === className && cohort.period === period;
}

/** The first object under a data key of `day`: order time never falls along a chain, so the day is found by halving. */
async function firstUnder(
  archive: Archive,
  governance: GovernanceLog,
  chain: string,
  dataKey: string,
  day: string,
): Promise<{ readonly manifest: Manifest; readonly object: ManifestObject } | undefined> {
  const segments = await countClaims(archive, chain);
  const manifestOf = async (seq: number): Promise<Manifest | undefined> => (await readCommitted(archive, chain, seq, governance.keys))?.manifest;
  let low = 0;
  let high = segments;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (((await manifestOf(middle))?.time ?? '') < day) low = middle + 1;
    else high = middle;
  }
  for (let seq = low; seq < Math.min(segments, low + MOST_SEGMENTS); seq++) {
    const manifest = await manifestOf(seq);
    const object = manifest?.objects.find((one) => one.dataKey === dataKey);
    if (manifest !== undefined && object !== undefined) return { manifest, object };
  }
  return undefined;
}

async function bytesOf({ vault, crypto }: Archive, object: ManifestObject): Promise<Uint8Array> {
  const { key, version, inline, sha256, size } = object;
  if (inline !== undefined) return fromBase64Url(inline);
  if (key === undefined || version === undefined) throw new HoldfastError('format_malformed', 'an object without a place');
  const bytes = (await unlessMissing(vault.get(key, version))) ?? (await findRelocated(vault, crypto, { key, sha256, size }))?.bytes;
  if (bytes === undefined) throw new HoldfastError('object_missing', `no version of ${key} holds what its manifest names`);
  return bytes;
}
