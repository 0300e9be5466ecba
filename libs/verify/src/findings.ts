/** Codes of findings and notes; API, documented in `docs/findings.md`. */
export type FindingCode =
  | 'GENESIS_MISSING'
  | 'GENESIS_INVALID'
  | 'POLICY_MISMATCH'
  | 'UNKNOWN_SUITE'
  | 'MANIFEST_MISSING'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_HASH_MISMATCH'
  | 'CHAIN_LINK_BROKEN'
  | 'CHAIN_FORKED'
  | 'CHAIN_UNREGISTERED'
  | 'CHAIN_CONTINUES_AFTER_CLOSING'
  | 'GOVERNANCE_HEAD_WRONG'
  | 'GOVERNANCE_INVALID'
  | 'OFFSETS_NOT_COVERED'
  | 'TIME_FALLS'
  | 'CLOCK_AHEAD'
  | 'KEY_CLOSED'
  | 'KEY_DISPUTED'
  | 'STATEMENT_INVALID'
  | 'CLAIM_UNREADABLE'
  | 'CLAIM_DIFFERS'
  | 'CLAIMS_ROLLED_BACK'
  | 'OBJECT_MISSING'
  | 'OBJECT_DIFFERS'
  | 'OBJECT_MALFORMED'
  | 'LOCK_MISSING'
  | 'LOCK_SHORT'
  | 'DELETE_MARKER'
  | 'SHADOW_VERSION'
  | 'ORPHAN'
  | 'STRAY'
  | 'CONTENT_DAMAGED'
  | 'WRAP_MISSING'
  | 'WRAP_DAMAGED'
  | 'LOSS_NOT_ACCEPTED'
  | 'DAY_DIRECTORY_INVALID'
  | 'DAY_DIRECTORY_DIFFERS'
  | 'DAY_NOT_ATTESTED'
  | 'NOT_ANCHORED'
  | 'ABANDONED_ATTEMPT'
  | 'EQUAL_COPY'
  | 'PENDING'
  | 'RELOCATED'
  | 'ACCEPTED_LOSS'
  | 'UNCOMPARED'
  | 'CHECKPOINT_INVALID'
  | 'LOG_FORKED'
  | 'LOG_DIFFERS'
  | 'LOG_MALFORMED'
  | 'LOG_ENTRY_UNKNOWN'
  | 'LOG_BATCH_MISSING'
  | 'LOG_ROLLED_BACK'
  | 'TIME_IMPLAUSIBLE'
  | 'TOKEN_NOT_TRUSTED'
  | 'DERIVED_DIFFERS'
  | 'BUNDLE_ENTRY_TWICE'
  | 'BUNDLE_ENTRY_UNKNOWN'
  | 'BUNDLE_ENTRY_MISSING'
  | 'BUNDLE_ENTRY_DIFFERS'
  | 'BUNDLE_ENTRY_MALFORMED'
  | 'BUNDLE_INDEX_WRONG'
  | 'BUNDLE_POSITION_INVALID'
  | 'BUNDLE_MANIFEST_UNPROVEN'
  | 'BUNDLE_PROOF_INVALID'
  | 'BUNDLE_RECORD_DIFFERS'
  | 'BUNDLE_RECORD_UNPROVEN'
  | 'BUNDLE_RECORD_UNLISTED'
  | 'BUNDLE_SCOPE_DIFFERS'
  | 'BUNDLE_INCOMPLETE'
  | 'BUNDLE_OBJECT_CLOSED'
  | 'BUNDLE_COPY_INVALID'
  | 'BUNDLE_TIME_ZONE'
  | 'BUNDLE_DISCLOSURE_DIFFERS';

/** Codes that tell something and make nothing fail. */
const NOTES = new Set<FindingCode>([
  'ABANDONED_ATTEMPT',
  'EQUAL_COPY',
  'PENDING',
  'RELOCATED',
  'ACCEPTED_LOSS',
  'UNCOMPARED',
  'CLOCK_AHEAD',
  'NOT_ANCHORED',
  'DAY_NOT_ATTESTED',
  // An archive may ask more authorities than a verifier believes.
  'TOKEN_NOT_TRUSTED',
]);

/** One problem met by the verifier, or a note. */
export interface Finding {
  readonly code: FindingCode;
  /** A finding makes `verify` exit 1, a note does not. */
  readonly severity: 'finding' | 'note';
  /** The key, chain or `chain seq` that it concerns. */
  readonly place: string;
  /** What was met, one sentence. */
  readonly message: string;
}

export function finding(code: FindingCode, place: string, message: string): Finding {
  return { code, severity: NOTES.has(code) ? 'note' : 'finding', place, message };
}
