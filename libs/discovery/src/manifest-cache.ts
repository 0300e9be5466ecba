import { HoldfastError } from '@holdfast/record';
import { readCommitted } from '@holdfast/vault';
import type { Archive, Committed, GovernanceLog } from '@holdfast/vault';

const MOST = 4_000;

/** Committed manifests by chain and number; they never change, so a cache of them can never be stale. */
export class ManifestCache {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #known = new Map<string, Promise<Committed>>();

  constructor(archive: Archive, governance: GovernanceLog) {
    this.#archive = archive;
    this.#governance = governance;
  }

  /** @throws HoldfastError `record_missing` when that number is not committed */
  get(chain: string, seq: number): Promise<Committed> {
    const name = `${chain} ${seq}`;
    let found = this.#known.get(name);
    if (found === undefined) {
      found = this.#read(chain, seq);
      this.#known.set(name, found);
      found.catch(() => this.#known.delete(name));
      if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value ?? '');
    }
    return found;
  }

  async #read(chain: string, seq: number): Promise<Committed> {
    const committed = await readCommitted(this.#archive, chain, seq, this.#governance.keys);
    if (committed === undefined) throw new HoldfastError('record_missing', `${chain} has no segment ${seq}.`);
    return committed;
  }
}
