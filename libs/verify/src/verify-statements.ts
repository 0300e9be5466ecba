import { HoldfastError } from '@holdfast/record';
import { MAX_JWS, parseJson, parseJws, toHex, verifyJws } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';

/** Prefix of signed statements in the vault (format section 13). */
export const STATEMENT_PREFIX = 's/';
const STATEMENT_TYP = 'holdfast-statement';

/** Statements of `claims repair`: bytes as their name says, signed by a recovery key of the genesis, named by `gov`. */
export async function verifyStatements(context: VerifyContext, named: ReadonlySet<string>): Promise<void> {
  const met = new Set<string>();
  for await (const { key, version, deleteMarker } of context.evidence.list(STATEMENT_PREFIX)) {
    const hash = /^s\/([0-9a-f]{64})\.jws$/.exec(key)?.[1];
    if (hash === undefined || deleteMarker) {
      context.add(
        finding(
          deleteMarker ? 'DELETE_MARKER' : 'ORPHAN',
          key,
          deleteMarker ? 'a delete marker hides a statement.' : 'this is not the name of a statement.',
        ),
      );
      continue;
    }
    met.add(hash);
    const bytes = await context.evidence.get(key, version, MAX_JWS);
    if (bytes === undefined || toHex(context.crypto.sha256(bytes)) !== hash) {
      context.add(finding('OBJECT_DIFFERS', key, 'its bytes are not those that its name says.'));
      continue;
    }
    if (!isSigned(context, bytes)) context.add(finding('MANIFEST_INVALID', key, 'the statement is not signed by a recovery key of the genesis.'));
    else if (!named.has(hash)) context.add(finding('ABANDONED_ATTEMPT', key, 'a statement that gov does not name: a repair that was not finished.'));
  }
  for (const hash of named)
    if (!met.has(hash)) context.add(finding('OBJECT_MISSING', `s/${hash}.jws`, 'gov names this statement, and it is not there.'));
}

function isSigned(context: VerifyContext, bytes: Uint8Array): boolean {
  try {
    const jws = parseJws(bytes);
    parseJson(jws.payload);
    const key = context.genesis.recovery.find(({ kid }) => kid === jws.kid);
    return key !== undefined && verifyJws(context.crypto, jws, STATEMENT_TYP, key);
  } catch (error) {
    if (error instanceof HoldfastError) return false;
    throw error;
  }
}
