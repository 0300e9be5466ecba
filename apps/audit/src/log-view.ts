import { HoldfastError } from '@holdfast/record';
import { TILE_WIDTH, parseTilePath } from '@holdfast/tlog';
import { LogCheckpoints, LogTiles } from '@holdfast/vault';
import type { Archive, GovernanceLog, LogFollower, StoredCheckpoint } from '@holdfast/vault';

/** How old an answer may be: strangers ask, and each look at the store costs requests. */
const FRESH_MS = 1_000;

/** A tile as it is served. */
export interface ServedTile {
  readonly bytes: Uint8Array;
  /** It never changes. */
  readonly full: boolean;
}

/** The public side of the transparency log (C2SP tlog-tiles): its newest checkpoint and its tiles. */
export class LogView {
  readonly #log: LogFollower;
  readonly #checkpoints: LogCheckpoints;
  readonly #tiles: LogTiles;
  #newest: Promise<StoredCheckpoint | undefined> | undefined;
  #lookedAt = 0;

  constructor(archive: Archive, governance: GovernanceLog) {
    this.#log = governance.log;
    this.#checkpoints = new LogCheckpoints(archive, governance);
    this.#tiles = new LogTiles(archive, governance.log);
  }

  /** @throws HoldfastError `object_missing` before the first checkpoint */
  async checkpoint(): Promise<Uint8Array> {
    const newest = await this.#look();
    if (newest === undefined) throw new HoldfastError('object_missing', 'The log has no checkpoint yet.');
    return newest.bytes;
  }

  /** `path`: `tile/<L>/<N>[.p/<W>]`, L a number or `entries`. @throws HoldfastError `object_missing` for a tile that the log does not have */
  async tile(path: string): Promise<ServedTile> {
    const name = parseTilePath(path);
    const size = (await this.#look())?.checkpoint.size ?? 0;
    // Only what a checkpoint covers: the rest is not signed yet.
    const hashes = name === undefined ? 0 : Math.floor(size / TILE_WIDTH ** (name.level === 'entries' ? 0 : name.level));
    if (name === undefined || name.n * TILE_WIDTH + name.width > hashes) throw new HoldfastError('object_missing', 'The log has no such tile.');
    const { level, n, width } = name;
    const bytes = await (level === 'entries' ? this.#tiles.entriesTile(n, width) : this.#tiles.tile(level, n, width));
    return { bytes, full: width === TILE_WIDTH };
  }

  /** The newest checkpoint, and the log read at least as far as it goes. */
  #look(): Promise<StoredCheckpoint | undefined> {
    const now = performance.now();
    if (this.#newest !== undefined && now - this.#lookedAt < FRESH_MS) return this.#newest;
    this.#lookedAt = now;
    const newest = this.#read();
    this.#newest = newest;
    newest.catch(() => {
      // The next request looks again.
      if (this.#newest === newest) this.#newest = undefined;
    });
    return newest;
  }

  async #read(): Promise<StoredCheckpoint | undefined> {
    const newest = await this.#checkpoints.newest();
    await this.#log.refresh();
    return newest !== undefined && newest.checkpoint.size <= this.#log.fold.end.size ? newest : undefined;
  }
}
