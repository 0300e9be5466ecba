import { HoldfastError } from '@holdfast/record';
import { equalBytes } from '@holdfast/seal';
import { LogCheckpoints } from '@holdfast/vault';
import type { Archive, GovernanceLog } from '@holdfast/vault';

/** A checkpoint comes every minute; who reads records asks for many of them at once. */
const FRESH_MS = 10_000;

/**
 * Which manifests the transparency log has under a signed checkpoint (invariant I6: younger records are marked). What cannot be
 * found out counts as not anchored.
 */
export class AnchoredHeads {
  readonly #archive: Archive;
  readonly #log: GovernanceLog['log'];
  readonly #checkpoints: LogCheckpoints;
  #heads: ReadonlyMap<string, number> = new Map();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(archive: Archive, governance: GovernanceLog) {
    this.#archive = archive;
    this.#log = governance.log;
    this.#checkpoints = new LogCheckpoints(archive, governance);
  }

  async covers(chain: string, seq: number): Promise<boolean> {
    if (seq < (this.#heads.get(chain) ?? 0)) return true;
    const now = this.#archive.clock.now().getTime();
    if (Math.abs(now - this.#lookedAt) >= FRESH_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#lookedAt = now;
        this.#looking = undefined;
      });
    }
    await this.#looking;
    return seq < (this.#heads.get(chain) ?? 0);
  }

  async #look(): Promise<void> {
    try {
      await this.#log.refresh();
      const { fold, resumedAt } = this.#log;
      const newest = await this.#checkpoints.newest(resumedAt);
      // A batch that was claimed and is not signed yet: what was known before stays true, the rest is told at the next look.
      if (newest?.checkpoint.size !== fold.end.size || !equalBytes(newest.checkpoint.root, fold.root())) return;
      this.#heads = new Map([...fold.heads()].map(([chain, { next }]) => [chain, next]));
    } catch (error) {
      // The record was read and checked all the same; a log that is damaged or away is told of by the notary and by `verify`.
      if (!(error instanceof HoldfastError)) throw error;
    }
  }
}
