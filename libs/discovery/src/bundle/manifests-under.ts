import { HoldfastError } from '@holdfast/record';
import { readPlaced } from '@holdfast/vault';
import type { Archive, GovernanceLog, PlacedManifest } from '@holdfast/vault';
import type { LogPosition } from './log-position.js';

const MOST = 256;

/** Committed manifests under the checkpoint of a bundle, checked against the heads that it commits to. */
export class ManifestsUnder {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #position: LogPosition;
  readonly #known = new Map<string, Promise<PlacedManifest>>();

  constructor(archive: Archive, governance: GovernanceLog, position: LogPosition) {
    this.#archive = archive;
    this.#governance = governance;
    this.#position = position;
  }

  /** @throws HoldfastError `claims_rolled_back` when the log has it and the claims do not; `claim_unreadable` */
  get(chain: string, seq: number): Promise<PlacedManifest> {
    const name = `${chain} ${seq}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const read = this.#read(chain, seq);
    this.#known.set(name, read);
    read.catch(() => this.#known.delete(name));
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value ?? '');
    return read;
  }

  /**
   * The segment that holds `offset`, if it lies under the checkpoint. Undefined for an offset that no record can have here.
   * @throws HoldfastError `record_missing` with the reason when the chain or the offset is younger than the checkpoint
   */
  async find(chain: string, offset: bigint, id: string): Promise<PlacedManifest | undefined> {
    const next = this.#position.next(chain);
    let low = 0;
    let high = next;
    while (low < high) {
      const middle = (low + high) >> 1;
      const placed = await this.get(chain, middle);
      if (BigInt(placed.manifest.first) <= offset && offset < BigInt(placed.manifest.next)) return placed;
      if (offset < BigInt(placed.manifest.first)) high = middle;
      else low = middle + 1;
    }
    const younger = await readPlaced(this.#archive, chain, next, this.#governance.keys);
    if (younger !== undefined && offset >= BigInt(younger.manifest.first))
      throw new HoldfastError(
        'record_missing',
        `The record ${id} cannot be proven yet: the checkpoint of ${this.#position.time.toISOString()} has ${next} segments of ${chain}, and it would lie behind them.`,
      );
    return undefined;
  }

  async #read(chain: string, seq: number): Promise<PlacedManifest> {
    const placed = await readPlaced(this.#archive, chain, seq, this.#governance.keys);
    if (placed === undefined) throw new HoldfastError('claims_rolled_back', `The log has the manifest ${chain} ${seq}, and its claim is gone.`);
    return placed;
  }
}
