import { HoldfastError } from '@holdfast/record';
import { BATCH_PREFIX, CHECKPOINT_PREFIX, logKeysOf, openCheckpoint, parseBatch, parseLogKey } from '@holdfast/tlog';
import type { Batch } from '@holdfast/tlog';
import { equalBytes, paddedSeq, toHex } from '@holdfast/seal';
import type { GovernanceState } from '@holdfast/governance';
import type { Archive } from './archive.js';
import { unlessMissing } from './relocated.js';

/** A batch that was found by listing and not by its claim. */
export interface FoundBatch {
  readonly no: number;
  readonly hash: string;
  readonly version: string;
}

/** What the batches of one number say about which of them is committed. */
export interface LogLevel {
  readonly no: number;
  readonly committed: FoundBatch | undefined;
  readonly candidates: readonly FoundBatch[];
}

interface Candidate extends FoundBatch {
  readonly batch: Pick<Batch, 'previous' | 'sizeBefore' | 'root'> & { readonly count: number };
}

interface Level {
  readonly no: number;
  readonly candidates: Candidate[];
}

/**
 * Walks the log by its batches alone, without claims: a notary stores batch n+1 only after it has read claim n, so what
 * n+1 names is committed; of the last number the only one that follows, or the one that a checkpoint was signed for.
 */
export async function* logPath(archive: Archive, governance: { readonly state: GovernanceState }): AsyncGenerator<LogLevel> {
  let current: Level | undefined;
  let previous = archive.idHex;
  for await (const next of levels(archive)) {
    if (current !== undefined) {
      const decided: LogLevel = await decide(archive, governance.state, current, next, previous);
      yield decided;
      previous = decided.committed?.hash ?? '';
    }
    current = next;
  }
  if (current !== undefined) yield await decide(archive, governance.state, current, undefined, previous);
}

async function* levels(archive: Archive): AsyncGenerator<Level> {
  let level: Level | undefined;
  for await (const { key, version, deleteMarker } of archive.vault.list(BATCH_PREFIX)) {
    const name = parseLogKey(key);
    if (name?.type !== 'batch' || deleteMarker) continue;
    if (level !== undefined && level.no !== name.no) yield level;
    if (level?.no !== name.no) level = { no: name.no, candidates: [] };
    const { candidates } = level;
    if (candidates.some(({ hash }) => hash === name.hash)) continue;
    const batch = await read(archive, key, version, name.no, name.hash);
    if (batch !== undefined) candidates.push({ no: name.no, hash: name.hash, version, batch });
  }
  if (level !== undefined) yield level;
}

/** Undefined for what is no batch of this archive under this name: whoever may write to the store can put anything there. */
async function read(archive: Archive, key: string, version: string, no: number, hash: string): Promise<Candidate['batch'] | undefined> {
  const bytes = await unlessMissing(archive.vault.get(key, version));
  if (bytes === undefined || toHex(archive.crypto.sha256(bytes)) !== hash) return undefined;
  try {
    const { archive: id, no: own, previous, sizeBefore, root, entries } = parseBatch(bytes);
    return equalBytes(id, archive.id) && own === no ? { previous, sizeBefore, root, count: entries.length } : undefined;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'log_malformed') return undefined;
    throw error;
  }
}

async function decide(
  archive: Archive,
  state: GovernanceState,
  { no, candidates }: Level,
  next: Level | undefined,
  previous: string,
): Promise<LogLevel> {
  const named = new Set(next?.no === no + 1 ? next.candidates.map(({ batch }) => toHex(batch.previous)) : []);
  const follow = candidates.filter(({ batch }) => toHex(batch.previous) === previous);
  let chosen = follow.filter(({ hash }) => named.has(hash));
  if (chosen.length === 0) chosen = follow.length === 1 ? follow : await signed(archive, state, follow);
  return { no, candidates, committed: chosen.length === 1 ? chosen[0] : undefined };
}

/** Those that a checkpoint in the vault was signed for. */
async function signed(archive: Archive, state: GovernanceState, candidates: readonly Candidate[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const candidate of candidates) {
    const { sizeBefore, count, root } = candidate.batch;
    for await (const { key, version, deleteMarker } of archive.vault.list(`${CHECKPOINT_PREFIX}${paddedSeq(sizeBefore + count)}-`)) {
      if (deleteMarker || found.includes(candidate)) continue;
      const bytes = await unlessMissing(archive.vault.get(key, version));
      if (bytes !== undefined && isSigned(archive, state, bytes, root)) found.push(candidate);
    }
  }
  return found;
}

function isSigned(archive: Archive, state: GovernanceState, bytes: Uint8Array, root: Uint8Array): boolean {
  try {
    return equalBytes(openCheckpoint(archive.crypto, bytes, logKeysOf(archive, state)).checkpoint.root, root);
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'checkpoint_malformed' || error.code === 'checkpoint_refused')) return false;
    throw error;
  }
}
