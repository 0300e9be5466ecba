import { HoldfastError } from '@holdfast/record';
import { CLAIM_TYP, claimKey, encodeDocument, encodeJson, toHex, utf8 } from '@holdfast/seal';
import type { Archive } from './archive.js';
import { settleClaim } from './claiming.js';
import { committedPath } from './committed-path.js';
import type { FoundManifest } from './committed-path.js';
import type { GovernanceLog } from './governance-log.js';
import { countClaims } from './head.js';
import { readCommitted } from './manifests.js';

/** Type of the signed statement of a repair. */
export const STATEMENT_TYP = 'holdfast-statement';

export interface RepairOptions {
  readonly chain: string;
  readonly reason: string;
  readonly principal: string;
  /** Hash of the manifest to take when several verify. */
  readonly manifest?: string;
  /** Signs with a recovery key; its private half is offline, embedded archives keep it in `keys/recovery-private`. */
  readonly signStatement: (payload: Uint8Array) => Promise<string>;
}

/**
 * Ends CLAIM_UNREADABLE: the last claim of a chain names a manifest that does not verify. With every writer stopped, a
 * statement signed by a recovery key is stored locked, the claim is replaced by one for the manifest that follows the chain
 * (or removed when there is none, so that the number is written anew), and `gov` seals that it happened.
 */
export async function repairClaim(
  archive: Archive,
  governance: GovernanceLog,
  options: RepairOptions,
): Promise<{ readonly seq: number; readonly manifest: string | undefined; readonly statement: string }> {
  const { chain } = options;
  const seq = (await countClaims(archive, chain)) - 1;
  if (seq < 0) throw new HoldfastError('bad_request', `The chain ${chain} has no claims.`);
  if (await isReadable(archive, governance, chain, seq))
    throw new HoldfastError('bad_request', `The last claim of ${chain}, number ${seq}, is in order: there is nothing to repair.`);
  const chosen = await choose(archive, governance, options, seq);
  const bad = await archive.claims.read(claimKey(chain, seq));
  const statement = {
    format: 'holdfast.statement/1',
    archive: archive.idHex,
    chain,
    seq,
    claim: toHex(archive.crypto.sha256(bad ?? new Uint8Array(0))),
    manifest: chosen?.hash ?? null,
    reason: options.reason,
    principal: options.principal,
    time: archive.clock.now().toISOString(),
  };
  const bytes = utf8(await options.signStatement(encodeJson(statement)));
  const hash = toHex(archive.crypto.sha256(bytes));
  // Durable first: nobody replaces a claim without leaving a signed, locked account of it.
  await archive.vault.put(`s/${hash}.jws`, bytes, { mode: 'COMPLIANCE', retainUntil: governance.ledgerUntil(archive.clock.now()) });
  await archive.claims.remove(claimKey(chain, seq));
  if (chosen !== undefined) {
    const claim = { format: 'holdfast.claim/1' as const, archive: archive.idHex, chain, seq, manifest: chosen.hash, version: chosen.version };
    await settleClaim(archive.claims, claimKey(chain, seq), utf8(await archive.keys.sign(encodeDocument(claim), CLAIM_TYP)));
  }
  await governance.append(() => [
    {
      type: 'claims.repaired',
      id: toHex(archive.random(16)),
      time: statement.time,
      principal: options.principal,
      chain,
      seq,
      statement: hash,
      reason: options.reason,
    },
  ]);
  return { seq, manifest: chosen?.hash, statement: hash };
}

async function isReadable(archive: Archive, governance: GovernanceLog, chain: string, seq: number): Promise<boolean> {
  try {
    await readCommitted(archive, chain, seq, governance.keys);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'claim_unreadable') return false;
    throw error;
  }
}

/** The manifest of the last number that verifies and follows the chain. */
async function choose(archive: Archive, governance: GovernanceLog, options: RepairOptions, seq: number): Promise<FoundManifest | undefined> {
  for await (const level of committedPath(archive, options.chain, governance.keys)) {
    if (level.seq !== seq) continue;
    if (options.manifest !== undefined) {
      const named = level.candidates.find(({ hash }) => hash === options.manifest);
      if (named === undefined) throw new HoldfastError('bad_request', `No manifest ${options.manifest} of ${options.chain} ${seq} verifies.`);
      return named;
    }
    if (level.committed === undefined && level.candidates.length > 1) {
      throw new HoldfastError(
        'bad_request',
        `Several manifests of ${options.chain} ${seq} verify: name one with --manifest (${level.candidates.map(({ hash }) => hash).join(', ')}).`,
      );
    }
    return level.committed;
  }
  return undefined;
}
