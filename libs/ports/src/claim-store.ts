/**
 * Conditional create of tiny objects: the commit point of every chain. One site, unversioned, nothing is ever overwritten.
 * Adapters never retry `create` themselves: the rule after an unsure answer (read the claim, write the same again until
 * some claim exists, answer nobody before) lives in libs/vault.
 */
export interface ClaimStore {
  /**
   * Creates `key` with `body` (1 byte to 4 KiB) if it does not exist. Atomic: of any number of racers one creates.
   * `created` = durable and ours; `exists` = somebody's claim is there; `unsure` = any other answer or none: it may have
   * been created, now or later. What was answered `exists`, or was read, survives a power cut.
   * @throws HoldfastError `bad_request` for a key or body that is none; `bad_configuration` when the store refuses for good
   * (credentials, no such bucket)
   */
  create(key: string, body: Uint8Array): Promise<'created' | 'exists' | 'unsure'>;

  /** The claim, or undefined when the store says that it is absent. @throws HoldfastError `store_unavailable` */
  read(key: string): Promise<Uint8Array | undefined>;

  /** Keys that start with `prefix`, ascending (bytewise). */
  list(prefix: string): AsyncIterable<string>;

  /** Removes a claim, if it is there; for `holdfast claims repair` only, with every writer stopped. */
  remove(key: string): Promise<void>;
}
