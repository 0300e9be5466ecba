import { HoldfastError } from '@holdfast/record';
import type { GovernanceState, KeyStatement } from '@holdfast/governance';
import { encodeJson, equalBytes, parseJws, toHex, utf8, verifyJws } from '@holdfast/seal';
import type { PublicKey } from '@holdfast/seal';
import type { Archive } from '../archive.js';
import type { GovernanceLog } from '../governance-log.js';

/** Type of a statement about a key (format section 13). */
export const KEY_STATEMENT_TYP = 'holdfast-key-statement';
/** Recovery keys that must stand behind a decision about keys in a cluster; a folder has one person. */
const PEOPLE = 2;

/** The bytes that are signed. */
export function statementBytes(statement: KeyStatement): Uint8Array {
  return encodeJson(statement);
}

/** Recovery keys that may sign now. */
export function recoveryKeysOf(archive: Pick<Archive, 'genesis'>, state: GovernanceState): ReadonlyMap<string, PublicKey> {
  const keys = new Map<string, PublicKey>(archive.genesis.recovery.map((jwk) => [jwk.kid, jwk]));
  for (const [kid, { jwk }] of state.recoveryKeys) keys.set(kid, jwk);
  for (const kid of state.closedRecoveryKeys.keys()) keys.delete(kid);
  return keys;
}

/** How many recovery keys must sign. */
export function signersNeeded(archive: Pick<Archive, 'genesis'>, state: GovernanceState): number {
  return state.profile === 'embedded' ? 1 : Math.min(PEOPLE, recoveryKeysOf(archive, state).size);
}

/**
 * Checks the signatures over a statement and stores them, locked; answers their hashes, which the event names.
 * @throws HoldfastError `bad_request`: not these bytes, not by recovery keys, or too few
 */
export async function storeStatements(
  archive: Archive,
  governance: GovernanceLog,
  statement: KeyStatement,
  signed: readonly string[],
): Promise<string[]> {
  const { crypto, vault, clock } = archive;
  const keys = recoveryKeysOf(archive, governance.state);
  const bytes = statementBytes(statement);
  const signers = new Set<string>();
  for (const one of signed) {
    const jws = parseJws(utf8(one));
    const key = keys.get(jws.kid);
    if (key === undefined || !verifyJws(crypto, jws, KEY_STATEMENT_TYP, key))
      throw new HoldfastError(
        'bad_request',
        `A statement is signed by ${jws.kid}, which is no valid recovery key of this archive, or its signature does not verify.`,
      );
    if (!equalBytes(jws.payload, bytes))
      throw new HoldfastError(
        'bad_request',
        `The statement signed by ${jws.kid} is about something else, or the archive has gone on since it was prepared: prepare and sign again.`,
      );
    signers.add(jws.kid);
  }
  const needed = signersNeeded(archive, governance.state);
  if (signers.size < needed) throw new HoldfastError('bad_request', `${needed} recovery keys must sign this statement, ${signers.size} have.`);
  const hashes: string[] = [];
  for (const one of signed) {
    const body = utf8(one);
    const hash = toHex(crypto.sha256(body));
    // Durable first: what is sealed names it. A crash before the event leaves a statement that gov does not name, a note.
    await vault.put(`s/${hash}.jws`, body, { mode: 'COMPLIANCE', retainUntil: governance.ledgerUntil(clock.now()) });
    hashes.push(hash);
  }
  return hashes;
}
