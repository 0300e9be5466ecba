/**
 * Every error code of the product, one union: codes are API, documented in `docs/errors.md`, never renamed.
 * Callers branch on `code`, never on the message. Findings of the verifier and query diagnostics have codes of their own.
 */
export type ErrorCode =
  /** Wrong arguments, environment or configuration file; the message says which and how to mend it. Exit 78. */
  | 'bad_configuration'
  /** A request that cannot be carried out as asked; exit 1, HTTP 400. */
  | 'bad_request'
  /** Something that goes on one at a time goes on already; ask again when it has ended. */
  | 'busy'
  /** Several candidates, or claims behind the manifests: nobody writes until `holdfast claims rebuild`. */
  | 'claims_rolled_back'
  /** A claim whose manifest is missing or does not verify; the chain stops until `holdfast claims repair`. */
  | 'claim_unreadable'
  /** A checkpoint, signed note, proof file or witness message that does not follow its form. */
  | 'checkpoint_malformed'
  /** A checkpoint that no key of the log has signed, or that one has not really signed. */
  | 'checkpoint_refused'
  /** Another writer won this number of the chain. */
  | 'claim_lost'
  /** The chain broke: a link, a number or an offset does not follow. */
  | 'chain_broken'
  /** A chain that no sealed event of `gov` registers. */
  | 'chain_unregistered'
  /** The local clock is more than 60 s off the object store's. */
  | 'clock_skew'
  /** Content does not decrypt, or does not decode as the format says. */
  | 'content_damaged'
  /** No space left; nothing acknowledged was lost. */
  | 'disk_full'
  /** Bytes that do not follow their format. */
  | 'format_malformed'
  /** The handler of a partition failed in a way nobody foresaw; the partition stops. */
  | 'handler_failed'
  /** An export that cannot be imported as it is: unsafe archive, wrong format, damaged. Nothing was written. */
  | 'import_refused'
  /** A search index that cannot answer (down, partial, too old). */
  | 'index_unavailable'
  /** An index made by another tokenizer version. */
  | 'index_rebuild_needed'
  /** No such job: it never was, or the service was started since. */
  | 'job_missing'
  /** A key that the key ring does not hold. */
  | 'key_missing'
  /** A key ring file that cannot be used. */
  | 'key_malformed'
  /** A batch or state that does not continue, or does not add up to, the log it is part of. */
  | 'log_differs'
  /** Bytes of the transparency log that do not follow their format or its rules. */
  | 'log_malformed'
  /** Two histories of the log exist under its key, or somebody outside holds another one: nothing is signed. */
  | 'log_forked'
  /** The log that is stored is shorter than what was signed: nothing is signed. */
  | 'log_rolled_back'
  /** The loser's records differ from the winner's at the same offsets: hard alarm. */
  | 'sealed_differs'
  /** A manifest that does not verify. */
  | 'manifest_invalid'
  /** The object, or that version of it, is not there. */
  | 'object_missing'
  /** The store refuses because of a lock or a legal hold. */
  | 'object_locked'
  /** A query that was refused; its diagnostics say where and why. */
  | 'query_refused'
  /** No such record. */
  | 'record_missing'
  /** Records the vault does not hold are gone from the source: loss, hard alarm. */
  | 'source_lost'
  /** The source is not the one that was sealed: truncated or recreated, hard alarm. */
  | 'source_recreated'
  /** Bytes from the source that do not match their checksum. */
  | 'source_damaged'
  /** The source cannot be used as it is set up (compacted topic, unknown codec, wrong credentials). */
  | 'source_refused'
  /** Source cannot be reached now; retried. */
  | 'source_unavailable'
  /** A store that breaks a promise Holdfast relies on. */
  | 'store_refused'
  /** The object store cannot be reached or answers with a server fault; retried. */
  | 'store_unavailable'
  /** Work that was stopped on request. */
  | 'stopped'
  /** A time-stamp authority refuses the request, or its answer does not verify. */
  | 'timestamp_refused'
  /** A time-stamp authority cannot be reached, is too slow or has a fault of its own; asked again later. */
  | 'timestamp_unavailable'
  /** A witness that does not know the log, or answers something that is none of its protocol. */
  | 'witness_refused'
  /** A witness cannot be reached, is too slow or has a fault of its own; asked again with the next checkpoint. */
  | 'witness_unavailable';

/** The one error class of the product. `message` is one sentence for a person; it never carries record content or secrets. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What to do about an error: retry it, seal what it concerns raw, or stop and page someone. */
export type ErrorKind = 'transient' | 'permanent' | 'integrity';

const KINDS: Partial<Record<ErrorCode, ErrorKind>> = {
  store_unavailable: 'transient',
  source_unavailable: 'transient',
  index_unavailable: 'transient',
  disk_full: 'transient',
  stopped: 'transient',
  claim_lost: 'transient',
  timestamp_unavailable: 'transient',
  witness_unavailable: 'transient',
  bad_configuration: 'permanent',
  bad_request: 'permanent',
  busy: 'transient',
  import_refused: 'permanent',
  job_missing: 'permanent',
  query_refused: 'permanent',
  record_missing: 'permanent',
  source_refused: 'permanent',
  timestamp_refused: 'permanent',
  witness_refused: 'permanent',
};

/** The kind of `error`. Unknown means integrity: an error nobody foresaw stops the partition rather than skip a record. */
export function kindOf(error: unknown): ErrorKind {
  return error instanceof HoldfastError ? (KINDS[error.code] ?? 'integrity') : 'integrity';
}
