import type { ChainHead, HeadsProof } from '@holdfast/bundle';
import { HoldfastError } from '@holdfast/record';
import { equalBytes, leafHash, paddedSeq, toHex } from '@holdfast/seal';
import {
  CHECKPOINT_PREFIX,
  TOKEN_PREFIX,
  inclusionProof,
  logKeysOf,
  openCheckpoint,
  parseEntry,
  parseLogKey,
  rootFromInclusion,
} from '@holdfast/tlog';
import type { LogFold, OpenCheckpoint } from '@holdfast/tlog';
import { LogFollower, LogTiles, unlessMissing } from '@holdfast/vault';
import type { Archive, GovernanceLog } from '@holdfast/vault';
import { locateManifests, resumeBefore } from './log-places.js';
import type { LoggedPlace } from './log-places.js';

/** Heads of this many ticks are remembered while the log is followed; the notary signs each within seconds. */
const MOST_TICKS = 200;

/** What a bundle is made under: a checkpoint whose last entry is a tick, and everything that leads to it. */
export interface LogPosition {
  readonly checkpoint: OpenCheckpoint & { readonly bytes: Uint8Array };
  /** Time of the tick. */
  readonly time: Date;
  readonly heads: HeadsProof;
  /** Time-stamp tokens over the checkpoint, and renewals. */
  readonly tokens: readonly Uint8Array[];
  /** Number of manifests of a chain under the checkpoint. */
  next(chain: string): number;
  /** Audit path of an entry. @throws HoldfastError `log_differs` when it does not lead to the checkpoint */
  path(index: number, entry: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Where manifests stand in the log. */
  locate(wanted: ReadonlyMap<string, ReadonlySet<number>>): Promise<LoggedPlace[]>;
}

interface Ticked {
  readonly size: number;
  readonly batches: number;
  readonly heads: readonly ChainHead[];
}

/**
 * The newest checkpoint that ends in a tick, or the one of `at` entries; of equal ones the one with most co-signatures.
 * @throws HoldfastError `record_missing` when there is none (yet); what LogFollower throws for a damaged log
 */
export async function openPosition(archive: Archive, governance: GovernanceLog, at?: number): Promise<LogPosition> {
  const log = new LogFollower(archive, governance);
  const recent = await ticksOf(log);
  const ticks = at === undefined ? recent : [recent.find(({ size }) => size === at) ?? (await tickAt(archive, log, at))];
  const found = await checkpointAt(archive, governance, ticks);
  if (found === undefined)
    throw new HoldfastError(
      'record_missing',
      at === undefined
        ? 'The transparency log has no checkpoint that ends in a tick yet: a bundle needs one. The role notary makes one every minute.'
        : `The vault has no signed checkpoint of ${at} entries any more: those that nobody anchored are kept for two days.`,
    );
  const { checkpoint, tick, hash } = found;
  const { size, root } = checkpoint.checkpoint;
  const tiles = new LogTiles(archive, log);
  const path = async (index: number, entry: Uint8Array): Promise<readonly Uint8Array[]> => {
    const proof = await inclusionProof(archive.crypto, tiles, index, size);
    const reached = rootFromInclusion(archive.crypto, leafHash(archive.crypto, entry), index, size, proof);
    if (reached === undefined || !equalBytes(reached, root))
      throw new HoldfastError('log_differs', `The entry ${index} of the log does not lead to the checkpoint of ${size} entries.`);
    return proof;
  };
  const [last] = await tiles.entries(size - 1, size);
  const parsed = last === undefined ? undefined : parseEntry(last);
  if (last === undefined || parsed?.type !== 'tick') throw new HoldfastError('log_differs', 'The last entry under the checkpoint is no tick.');
  const nexts = new Map(tick.heads.map(({ chain, next }) => [chain, next]));
  return {
    checkpoint,
    time: new Date(parsed.time),
    heads: { tick: last, path: await path(size - 1, last), heads: tick.heads },
    tokens: await tokensOf(archive, size, hash),
    next: (chain) => nexts.get(chain) ?? 0,
    path,
    locate: (wanted) => locateManifests(archive, log, { size, batches: tick.batches }, wanted),
  };
}

/** Heads at the last ticks, the newest last. */
async function ticksOf(log: LogFollower): Promise<readonly Ticked[]> {
  const ticks: Ticked[] = [];
  const note = (fold: LogFold): void => {
    ticks.push(tickedOf(fold));
    if (ticks.length > MOST_TICKS) ticks.shift();
  };
  // A state is stored after a tick.
  log.onResume = note;
  log.onBatch = ({ entries }, fold) => {
    if (entries.at(-1)?.type === 'tick') note(fold);
  };
  await log.refresh();
  return ticks;
}

/** The log as it was when it had `at` entries. */
async function tickAt(archive: Archive, log: LogFollower, at: number): Promise<Ticked> {
  const none = new HoldfastError('record_missing', `The log has no tick at ${at} entries: a bundle is made at the end of one.`);
  if (at > log.fold.end.size) throw none;
  const fold = await resumeBefore(archive, log, at);
  while (fold.end.size < at) {
    const { bytes, hash } = await log.batch(fold.end.no);
    fold.applyBatch(bytes, hash, log.facts());
  }
  // A batch with a tick has the time of the tick.
  if (fold.end.size !== at || fold.end.tick?.time !== fold.end.time) throw none;
  return tickedOf(fold);
}

function tickedOf(fold: LogFold): Ticked {
  const heads = [...fold.heads()].map(([chain, { next, hash }]) => ({ chain, next, hash: toHex(hash) }));
  return { size: fold.end.size, batches: fold.end.no, heads };
}

async function checkpointAt(
  archive: Archive,
  governance: GovernanceLog,
  ticks: readonly Ticked[],
): Promise<{ readonly checkpoint: LogPosition['checkpoint']; readonly tick: Ticked; readonly hash: string } | undefined> {
  const bySize = new Map(ticks.map((tick) => [tick.size, tick]));
  const [first] = ticks;
  const last = ticks.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const rows: { readonly key: string; readonly version: string; readonly hash: string; readonly tick: Ticked }[] = [];
  const after = `${CHECKPOINT_PREFIX}${paddedSeq(first.size)}`;
  for await (const { key, version, deleteMarker } of archive.vault.list(CHECKPOINT_PREFIX, { after })) {
    const name = parseLogKey(key);
    if (name?.type !== 'checkpoint' || deleteMarker) continue;
    if (name.size > last.size) break;
    const tick = bySize.get(name.size);
    if (tick !== undefined) rows.push({ key, version, hash: name.hash, tick });
  }
  let best: { checkpoint: LogPosition['checkpoint']; tick: Ticked; hash: string } | undefined;
  for (const { key, version, hash, tick } of rows.reverse()) {
    if (best !== undefined && tick.size < best.tick.size) break;
    const bytes = await unlessMissing(archive.vault.get(key, version));
    if (bytes === undefined || toHex(archive.crypto.sha256(bytes)) !== hash) continue;
    const checkpoint = opened(archive, governance, bytes, tick.size);
    if (checkpoint?.checkpoint.size !== tick.size) continue;
    if (best === undefined || checkpoint.note.signatures.length > best.checkpoint.note.signatures.length)
      best = { checkpoint: { ...checkpoint, bytes }, tick, hash };
  }
  return best;
}

/** Undefined for what no log key has signed: anybody who may write to the store can put anything there. `verify` tells of it. */
function opened(archive: Archive, governance: GovernanceLog, bytes: Uint8Array, size: number): OpenCheckpoint | undefined {
  try {
    return openCheckpoint(archive.crypto, bytes, logKeysOf(archive, governance.state, size));
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'checkpoint_malformed' || error.code === 'checkpoint_refused')) return undefined;
    throw error;
  }
}

async function tokensOf(archive: Archive, size: number, checkpoint: string): Promise<Uint8Array[]> {
  const tokens: Uint8Array[] = [];
  for await (const { key, version, deleteMarker } of archive.vault.list(`${TOKEN_PREFIX}${paddedSeq(size)}-${checkpoint}/`)) {
    const name = parseLogKey(key);
    if (name?.type !== 'token' || deleteMarker) continue;
    const bytes = await unlessMissing(archive.vault.get(key, version));
    // Put there by somebody else: it would be a finding of the bundle.
    if (bytes !== undefined && toHex(archive.crypto.sha256(bytes)) === name.hash) tokens.push(bytes);
  }
  return tokens;
}
