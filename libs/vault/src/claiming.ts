import { HoldfastError } from '@holdfast/record';
import type { ClaimStore } from '@holdfast/ports';
import { equalBytes } from '@holdfast/seal';
import { pause } from './pause.js';

/** The outcome of a claim. */
export type Claimed = { readonly won: true } | { readonly won: false; readonly theirs: Uint8Array };

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

/**
 * Creates a claim and settles every unsure answer (design: "answer nobody before"): after anything but a definite success
 * the claim is read; our bytes = won, others = lost, absent = unknown: the same bytes are put again until some claim
 * exists. A crash in between leaves either no claim (the attempt is abandoned) or ours (a restart finds the head moved).
 * @throws HoldfastError `stopped` when `signal` fires first; then nobody may assume either outcome
 */
export async function settleClaim(claims: ClaimStore, key: string, body: Uint8Array, signal?: AbortSignal): Promise<Claimed> {
  let wait = FIRST_WAIT_MS;
  for (;;) {
    if ((await claims.create(key, body)) === 'created') return { won: true };
    try {
      const there = await claims.read(key);
      if (there !== undefined) return equalBytes(there, body) ? { won: true } : { won: false, theirs: there };
    } catch (error) {
      // A store that cannot be read now: unknown stays unknown, ask again.
      if (!(error instanceof HoldfastError) || error.code !== 'store_unavailable') throw error;
    }
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}
