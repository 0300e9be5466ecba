/**
 * A time-stamp authority (RFC 3161): a third party that signs "this digest existed at this time".
 * All methods may be called concurrently.
 */
export interface TimestampAuthority {
  /** The operator's own name for it, for logs, alarms and the names of stored tokens; unique among the configured ones. */
  readonly name: string;

  /**
   * A time-stamp token over `digest` (SHA-256, 32 bytes), made now: DER, a CMS ContentInfo, exactly the bytes that were received.
   * It was verified before it is returned: it would pass the `TimestampCheck` of the same adapter with the roots that this
   * authority was configured with, answers this very request, and its time is within five minutes of our clock.
   *
   * Transient faults are retried a bounded number of times, with growing pauses; then the caller goes on without a token
   * and asks again later (nothing is lost: the digest can be stamped any time, only the proven moment moves).
   * Not idempotent: each call makes another token; any of them is good.
   * @throws HoldfastError `timestamp_unavailable` when it cannot be reached, is too slow or has a fault of its own, after the
   * last try; `timestamp_refused` when it refuses the request or its answer does not verify: not retried, a person must look;
   * `bad_request` for a digest that is none; `stopped` when `signal` ended it
   */
  stamp(digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
}

/** What a verified token says. */
export interface Timestamp {
  readonly ok: true;
  /** When the digest existed, by the authority's clock; fractions under a millisecond are cut off. */
  readonly time: Date;
  /** Subject of the certificate that signed the token, RFC 4514 text. */
  readonly authority: string;
  /** When that certificate ends: the token should be renewed (stamped over) before. */
  readonly certificateEnds: Date;
  /** The authority's policy, a dotted object identifier. */
  readonly policy: string;
  /** Serial number of the token, as `openssl ts -reply -text` prints it: `0x` and hexadecimal digits. */
  readonly serial: string;
}

/** A token that proves nothing. `problem` is one sentence for a person, free of the token's bytes. */
export interface NoTimestamp {
  readonly ok: false;
  readonly problem: string;
}

/**
 * Judges a stored token offline: no network, no clock of its own. Never throws for any bytes: what cannot be read is a problem.
 * `roots` are DER certificates of the authorities' certificate authorities that the caller trusts; nothing in the token is trusted.
 *
 * Without `at` the authority's certificate, and each above it, must have been valid at the token's own time: a certificate that
 * ended since does not spoil the token by itself (renewal is the caller's matter, hence `certificateEnds`). With `at` they must
 * be valid at `at` as well, and the token's time must not lie after it (five minutes of difference between clocks are allowed).
 */
export type TimestampCheck = (token: Uint8Array, digest: Uint8Array, roots: readonly Uint8Array[], at?: Date) => Promise<Timestamp | NoTimestamp>;
