import { nodeCrypto } from '@holdfast/crypto-node';
import { toHex } from '@holdfast/seal';
import { BATCH_PREFIX, CHECKPOINT_PREFIX, LogFold, checkConsistency, consistencyProof, logKeysOf, openCheckpoint, parseLogKey } from '@holdfast/tlog';
import { LogFollower, LogTiles, countClaims, readBatch, readCommitted } from '@holdfast/vault';
import type { MemoryArchive, Process } from './memory-archive.js';

/** Everything that a log must be, whatever its notaries went through: nothing, when it is. `stopped` chains may lag behind. */
export async function logProblems(memory: MemoryArchive, { stopped = [] }: { readonly stopped?: readonly string[] } = {}): Promise<string[]> {
  const process = await memory.open();
  const { archive, governance } = process;
  const found: string[] = [];
  const fold = LogFold.empty(nodeCrypto, archive.id);
  const sizes = new Map([[0, toHex(fold.root())]]);
  const heads = new Map<string, string[]>();
  for (let no = 0; ; no++) {
    const batch = await readBatch(archive, no, governance.keys);
    if (batch === undefined) break;
    const { entries, size } = fold.applyBatch(batch.bytes, batch.hash);
    sizes.set(size, toHex(fold.root()));
    for (const entry of entries) if (entry.type === 'manifest') heads.set(entry.chain, [...(heads.get(entry.chain) ?? []), toHex(entry.hash)]);
    for (const [index, entry] of entries.entries()) {
      if (entry.type !== 'manifest') continue;
      const committed = await readCommitted(archive, entry.chain, entry.seq, governance.keys);
      if (committed?.hash !== toHex(entry.hash)) found.push(`entry ${String(index)} of batch ${no} is not ${entry.chain} ${entry.seq}`);
      const gov = heads.get('gov') ?? [];
      const { next, hash } = committed?.manifest.governance ?? { next: 0, hash: archive.idHex };
      if (next > 0 && gov[next - 1] !== hash) found.push(`${entry.chain} ${entry.seq} stands before the head of gov that it names`);
    }
  }
  for (const chain of ['gov', ...governance.state.chains.keys()]) {
    if (stopped.includes(chain)) continue;
    const claimed = await countClaims(archive, chain);
    if (fold.next(chain) !== claimed) found.push(`the log has ${fold.next(chain)} manifests of ${chain}, ${claimed} are committed`);
  }
  found.push(...(await checkpointProblems(memory, process, sizes)));
  // Who starts from a stored state sees the same log.
  const resumed = new LogFollower(archive, governance);
  await resumed.refresh();
  if (toHex(resumed.fold.root()) !== toHex(fold.root())) found.push('a follower that resumes from a state sees another log');
  return found;
}

async function checkpointProblems(memory: MemoryArchive, { archive, governance }: Process, sizes: ReadonlyMap<number, string>): Promise<string[]> {
  const found: string[] = [];
  const log = new LogFollower(archive, governance);
  await log.refresh();
  const tiles = new LogTiles(archive, log);
  const { size } = log.fold.end;
  let largest = 0;
  for await (const { key, version } of memory.vault.list(CHECKPOINT_PREFIX)) {
    const { checkpoint } = openCheckpoint(nodeCrypto, await memory.vault.get(key, version), logKeysOf(archive, governance.state));
    largest = Math.max(largest, checkpoint.size);
    if (sizes.get(checkpoint.size) !== toHex(checkpoint.root)) found.push(`${key} is no state of the log after a batch`);
    const proof = await consistencyProof(nodeCrypto, tiles, checkpoint.size, size);
    if (!checkConsistency(nodeCrypto, checkpoint.size, checkpoint.root, size, log.fold.root(), proof))
      found.push(`${key} is not consistent with the log`);
  }
  if (largest !== size) found.push(`the largest checkpoint has ${largest} entries, the log ${size}`);
  return found;
}

/** Versions of batches that no claim names. */
export async function attempts(memory: MemoryArchive): Promise<number> {
  let count = 0;
  for await (const { key } of memory.vault.list(BATCH_PREFIX)) if (parseLogKey(key)?.type === 'batch') count++;
  return count - (await countClaims((await memory.open()).archive, 'log'));
}
