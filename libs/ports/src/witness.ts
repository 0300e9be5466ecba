/** What a witness says of a checkpoint that it was asked to co-sign. */
export type WitnessAnswer =
  /** `signatures`: its lines of the signed note, as received, unverified; each ends in a line feed. */
  | { readonly outcome: 'cosigned'; readonly signatures: string }
  /** It holds another size than the proof began at: the proof must begin at `size`. */
  | { readonly outcome: 'conflict'; readonly size: number }
  /** The proof does not lead from what it holds to what it was asked to sign: somebody was shown another history. */
  | { readonly outcome: 'inconsistent' };

/**
 * A witness of the transparency log (c2sp.org/tlog-witness v1.0.0): remembers the last checkpoint that it has co-signed and
 * co-signs another only with a proof that the log has grown from it. All methods may be called concurrently.
 */
export interface Witness {
  /** Its name in the policy. */
  readonly name: string;

  /**
   * Asks for a co-signature. `old`: size of the checkpoint that the proof begins at, 0 for none; `proof`: consistency proof
   * from there, empty when `old` is 0 or the size of the checkpoint itself; `checkpoint`: the signed note. One request, not
   * repeated; idempotent. Nothing that comes back is trusted: the caller verifies every signature.
   * @throws HoldfastError `witness_unavailable` when it cannot be reached, is too slow or has a fault of its own;
   * `witness_refused` when it does not know the log or its key, or answers what is none of the protocol; `stopped` when
   * `signal` ended it
   */
  addCheckpoint(old: number, proof: readonly Uint8Array[], checkpoint: Uint8Array, signal?: AbortSignal): Promise<WitnessAnswer>;
}
