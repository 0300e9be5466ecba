/** A public key as JWK (RFC 7517) with `kid`. */
export interface PublicJwk {
  readonly kty: 'EC' | 'OKP';
  readonly crv: 'P-256' | 'Ed25519';
  readonly x: string;
  readonly y?: string;
  readonly kid: string;
}

/** Cohort = retention class and period: expiry month `YYYY-MM`, or for the class `ledger` year of sealing `YYYY`. */
export interface CohortName {
  readonly className: string;
  readonly period: string;
}

/** What the protected header of a wrap names; an unwrap with other names is refused. */
export interface WrapContext {
  /** Archive id, 64 hex digits. */
  readonly archive: string;
  readonly chain: string;
  /** Data key id, 32 hex digits. */
  readonly dataKey: string;
  readonly cohort: CohortName;
}

/** A cohort's key pair of names: the KEK (secret) and the escrow public key. */
export interface CohortKeys {
  readonly cohort: CohortName;
  readonly kek: string;
  readonly escrow: PublicJwk;
}

/**
 * The keys of an archive. JOSE happens here, per segment and per day, never per record.
 * @throws HoldfastError `key_missing` when a key is not in the ring, `key_malformed` when a file cannot be used
 */
export interface KeyRing {
  /** The key that signs manifests and claims now, public half. */
  manifestKey(): Promise<PublicJwk>;
  /** Ed25519 key of the transparency log, public half. */
  logKey(): Promise<PublicJwk>;
  /** Offline recovery keys, public halves. */
  recoveryKeys(): Promise<readonly PublicJwk[]>;
  /** Compact JWS, ES256, protected header exactly {alg, kid, typ} in this order. */
  sign(payload: Uint8Array, typ: string): Promise<string>;
  /** 64-byte Ed25519 signature of the log key over the text of a checkpoint (C2SP signed-note). Signs what it is given: only the notary may ask. */
  signCheckpoint(text: Uint8Array): Promise<Uint8Array>;
  /** Two compact JWEs of a 32-byte data key: for the cohort's KEK and for its escrow key. */
  wrap(dataKey: Uint8Array, context: WrapContext): Promise<{ readonly kek: string; readonly escrow: string }>;
  /** Opens a KEK wrap. Anything in the protected header that differs from `context` is refused with `key_malformed`. */
  unwrap(jwe: string, context: WrapContext): Promise<Uint8Array>;
  /** Cohorts that both keys exist for, ascending. */
  cohorts(): Promise<readonly CohortKeys[]>;
}
