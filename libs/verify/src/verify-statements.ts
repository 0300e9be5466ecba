import { HoldfastError } from '@holdfast/record';
import { horizonMonths } from '@holdfast/governance';
import type { ClearEvent } from '@holdfast/governance';
import { MAX_JWS, parseJson, parseJws, retainUntil, toHex, verifyJws } from '@holdfast/seal';
import { checkLock } from './check-lock.js';
import type { VerifyContext } from './context.js';
import { finding } from './findings.js';

/** Prefix of signed statements in the vault (format section 13). */
export const STATEMENT_PREFIX = 's/';
const STATEMENT_TYP = 'holdfast-statement';
const KEY_STATEMENT_TYP = 'holdfast-key-statement';
/** Recovery keys that must stand behind a decision about keys, except where one person is all there is (format section 13). */
const PEOPLE = 2;
const DAY_MS = 86_400_000;

/** Events that name statements, by the hash of the statement. */
export type NamedStatements = Map<string, { readonly event: ClearEvent; readonly seq: number }>;

/** Notes the statements that an event of `gov` number `seq` names. */
export function noteStatements(named: NamedStatements, event: ClearEvent, seq: number): void {
  if (event.type === 'claims.repaired') named.set(event.statement, { event, seq });
  if (event.type === 'key.introduced' || event.type === 'key.closed') for (const hash of event.statements ?? []) named.set(hash, { event, seq });
}

/**
 * Signed statements: bytes as their name says, signed by a recovery key that `gov` held valid then, saying what the event says
 * that names them; and enough of them behind each event about keys.
 */
export async function verifyStatements(context: VerifyContext, named: NamedStatements): Promise<void> {
  /** Versions with the bytes that the name says. */
  const met = new Map<string, readonly string[]>();
  const signers = new Map<ClearEvent, Set<string>>();
  for await (const { key, version, deleteMarker } of context.evidence.list(STATEMENT_PREFIX)) {
    const hash = /^s\/([0-9a-f]{64})\.jws$/.exec(key)?.[1];
    if (deleteMarker) context.add(finding('DELETE_MARKER', key, 'a delete marker hides a statement.'));
    else if (hash === undefined) context.add(finding('ORPHAN', key, 'this is not the name of a statement.'));
    if (hash === undefined || deleteMarker) continue;
    const bytes = await context.evidence.get(key, version, MAX_JWS);
    if (bytes === undefined || toHex(context.crypto.sha256(bytes)) !== hash) {
      met.set(hash, met.get(hash) ?? []);
      context.add(finding('OBJECT_DIFFERS', key, 'its bytes are not those that its name says.'));
      continue;
    }
    const versions = met.get(hash) ?? [];
    met.set(hash, [...versions, version]);
    if (versions.length > 0) {
      context.add(finding('EQUAL_COPY', key, 'a second version with the same bytes.'));
      continue;
    }
    const by = named.get(hash);
    const signer = signerOf(context, bytes, by?.seq);
    if (typeof signer !== 'object') context.add(finding('STATEMENT_INVALID', key, signer));
    else if (by === undefined)
      context.add(finding('ABANDONED_ATTEMPT', key, 'a statement that gov does not name: what it was signed for was not finished.'));
    else if (by.event.type === 'key.introduced' || by.event.type === 'key.closed') {
      if (says(context.archiveHex, signer.payload, by.event)) signers.set(by.event, (signers.get(by.event) ?? new Set()).add(signer.kid));
      else context.add(finding('STATEMENT_INVALID', key, 'it says something else than the event of gov that names it.'));
    }
  }
  for (const [hash, { event, seq }] of named) {
    const versions = met.get(hash);
    if (versions === undefined) context.add(finding('OBJECT_MISSING', `s/${hash}.jws`, 'gov names this statement, and it is not there.'));
    else if (versions.length > 0) await checkStatementLock(context, `s/${hash}.jws`, versions, event, seq);
  }
  for (const { event, seq } of new Set(named.values())) {
    if (event.type === 'claims.repaired') continue;
    const needed = context.state.profile === 'embedded' ? 1 : Math.min(PEOPLE, openRecoveryKeys(context, seq).size);
    const there = signers.get(event)?.size ?? 0;
    if (there < needed)
      context.add(finding('STATEMENT_INVALID', `gov ${seq}`, `${event.type} needs statements of ${needed} recovery keys, ${there} stand behind it.`));
  }
}

/**
 * A statement is locked like the event of `gov` that names it, which was sealed right after it: it may have been stored on the
 * last day of the month before.
 */
async function checkStatementLock(context: VerifyContext, key: string, versions: readonly string[], event: ClearEvent, seq: number): Promise<void> {
  const stored = Date.parse(event.time) - DAY_MS;
  // Whatever stands there as a time may be none.
  const least = Number.isNaN(stored) ? new Date(0) : retainUntil(new Date(stored), horizonMonths(context.state.classesAt(seq).values()));
  await checkLock(context, key, versions, least, 'the statement');
}

/** Recovery keys that were valid when `gov` had `seq` segments. */
function openRecoveryKeys({ genesis, state }: VerifyContext, seq: number): ReadonlyMap<string, VerifyContext['genesis']['recovery'][number]> {
  const keys = new Map(genesis.recovery.map((jwk) => [jwk.kid, jwk]));
  for (const [kid, { jwk, from }] of state.recoveryKeys) if (from <= seq) keys.set(kid, jwk);
  for (const [kid, from] of state.closedRecoveryKeys) if (from <= seq) keys.delete(kid);
  return keys;
}

/** Who signed a statement and what it says, or what is wrong with it. `seq`: of the event that names it. */
function signerOf(context: VerifyContext, bytes: Uint8Array, seq: number | undefined): { readonly kid: string; readonly payload: unknown } | string {
  try {
    const jws = parseJws(bytes);
    const payload = parseJson(jws.payload);
    const key = openRecoveryKeys(context, seq ?? context.ends.get('gov')?.end ?? 0).get(jws.kid);
    if (key === undefined) return 'the statement is not signed by a recovery key that was valid then.';
    const right = [STATEMENT_TYP, KEY_STATEMENT_TYP].some((typ) => verifyJws(context.crypto, jws, typ, key));
    return right ? { kid: jws.kid, payload } : 'the signature of the statement does not verify.';
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `${error.message}.`;
  }
}

/** Whether a statement says exactly what an event about a key says (format section 13). */
function says(archive: string, payload: unknown, event: Extract<ClearEvent, { type: 'key.introduced' | 'key.closed' }>): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  const { principal, time, ...rest } = payload as Readonly<Record<string, unknown>>;
  const closing = event.type === 'key.closed';
  const expected = {
    format: 'holdfast.key-statement/1',
    archive,
    action: closing ? 'close' : 'introduce',
    use: event.use,
    kid: closing ? event.kid : event.jwk.kid,
    chains: closing ? event.chains : [],
    logSize: closing ? (event.logSize ?? null) : null,
    reason: closing ? event.reason : null,
  };
  return typeof principal === 'string' && typeof time === 'string' && JSON.stringify(rest) === JSON.stringify(expected);
}
