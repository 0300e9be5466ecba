import { HoldfastError } from '@holdfast/record';
import { toHex } from '@holdfast/seal';
import { CHECKPOINT_PREFIX, TILE_WIDTH, parseLogKey, stateKey, tileKey } from '@holdfast/tlog';
import type { AppliedBatch, LogFold, TileName } from '@holdfast/tlog';
import type { Lock } from '@holdfast/ports';
import { LogTiles, unlessMissing } from '@holdfast/vault';
import type { Archive, GovernanceLog, LogFollower } from '@holdfast/vault';
import { KEPT_MS } from './checkpointing.js';

const HOUR_MS = 3_600_000;
/** Tiles of one step: a log that was never tiled is caught up with bit by bit. */
const TILES_A_STEP = 64;
/** Old checkpoints that one step looks at. */
const CHECKPOINTS_A_STEP = 16;

interface PendingState {
  readonly no: number;
  readonly bytes: Uint8Array;
  /** Full tiles of level 0 that must be there before it: whoever resumes from a state takes the tiles under it for stored. */
  readonly tiles: number;
}

/**
 * What makes the log quick to read and is no truth: full tiles, hourly states; and the end of in-between checkpoints. All of
 * it follows from the batches, so a crash anywhere only leaves it to the next run.
 */
export class Upkeep {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #log: LogFollower;
  readonly #tiles: LogTiles;
  readonly #warn: (sentence: string) => void;
  /** Full tiles of level 0 that are known to be stored, and those above them. */
  #tiled: number | undefined;
  #state: PendingState | undefined;
  #tickHour: number | undefined;
  /** The last checkpoint that was looked at: anchors before it are looked at once in a process. */
  #cleaned = CHECKPOINT_PREFIX;

  constructor(archive: Archive, governance: GovernanceLog, log: LogFollower, warn: (sentence: string) => void) {
    this.#archive = archive;
    this.#governance = governance;
    this.#log = log;
    this.#warn = warn;
    this.#tiles = new LogTiles(archive, log, { fromBatches: true });
  }

  /** Hears of every batch: the state after the first tick of an hour is to be stored. */
  noteBatch({ entries }: AppliedBatch, fold: LogFold): void {
    const last = entries.at(-1);
    if (last?.type !== 'tick') return;
    const hour = Math.floor(last.time / HOUR_MS);
    if (hour === this.#tickHour) return;
    this.#tickHour = hour;
    this.#state = { no: fold.end.no - 1, bytes: fold.state(), tiles: Math.floor(fold.end.size / TILE_WIDTH) };
  }

  /** The log was resumed from a state: its hour has one. */
  noteResumed(fold: LogFold): void {
    if (fold.end.tick !== undefined) this.#tickHour = Math.floor(fold.end.tick.time / HOUR_MS);
  }

  /** `published`: size of the newest checkpoint; tiles and states behind it can wait. */
  async step(published: number): Promise<void> {
    await this.#storeTiles(Math.floor(published / TILE_WIDTH));
    await this.#storeState(published);
    await this.#clean(published);
  }

  async #storeTiles(full: number): Promise<void> {
    let n = this.#tiled ?? Math.floor(this.#log.resumedAt / TILE_WIDTH);
    for (let left = TILES_A_STEP; n < full && left > 0; left--, n++) {
      const entries = { level: 'entries', n, width: TILE_WIDTH } as const;
      await this.#storeTile(entries, () => this.#tiles.entriesTile(n, TILE_WIDTH));
      for (let level = 0, at = n; ; level++, at = (at + 1) / TILE_WIDTH - 1) {
        const tile = { level, n: at, width: TILE_WIDTH };
        await this.#storeTile(tile, () => this.#tiles.tile(tile.level, tile.n, TILE_WIDTH));
        // The last of 256 fills the one above it.
        if ((at + 1) % TILE_WIDTH !== 0) break;
      }
    }
    this.#tiled = n;
  }

  async #storeTile(tile: TileName, bytes: () => Promise<Uint8Array>): Promise<void> {
    if ((await this.#tiles.storedVersion(tile)) !== undefined) return;
    // Durable: the batches that it is made of. A crash before or after: the next run looks whether it is there.
    await this.#archive.vault.put(tileKey(tile), await bytes(), this.#forGood());
  }

  async #storeState(published: number): Promise<void> {
    const pending = this.#state;
    if (pending === undefined || (this.#tiled ?? 0) < Math.min(pending.tiles, Math.floor(published / TILE_WIDTH))) return;
    const key = stateKey(pending.no, toHex(this.#archive.crypto.sha256(pending.bytes)));
    // Durable: its batch, and all full tiles under it. A crash before: the next run passes over that batch again and stores it.
    if (!(await this.#exists(key))) await this.#archive.vault.put(key, pending.bytes, this.#forGood());
    this.#state = undefined;
  }

  /** Deletes in-between checkpoints whose two days are over. */
  async #clean(published: number): Promise<void> {
    const { vault, clock } = this.#archive;
    const now = clock.now();
    let left = CHECKPOINTS_A_STEP;
    for await (const { key, version, deleteMarker, lastModified } of vault.list(CHECKPOINT_PREFIX, { after: this.#cleaned })) {
      const name = parseLogKey(key);
      // The newest stays whatever its age: it is what `/log/checkpoint` answers and what the next one is compared with.
      if (left-- === 0 || lastModified.getTime() > now.getTime() - KEPT_MS || (name?.type === 'checkpoint' && name.size >= published)) return;
      if (name?.type === 'checkpoint' && !deleteMarker) {
        const stored = await unlessMissing(vault.head(key, version));
        // Nothing depends on it: every checkpoint follows from the batches. A crash here leaves it to the next run.
        if (stored?.lock != null && stored.lock.retainUntil <= now && !stored.legalHold) await this.#delete(key, version);
      }
      this.#cleaned = key;
    }
  }

  async #delete(key: string, version: string): Promise<void> {
    try {
      await this.#archive.vault.delete(key, version);
    } catch (error) {
      // Where the notary has no right to delete, old checkpoints stay: they cost a little space and harm nobody.
      if (!(error instanceof HoldfastError) || (error.code !== 'bad_configuration' && error.code !== 'object_locked')) throw error;
      this.#warn(`The old checkpoint ${key} is not deleted: ${error.message}`);
    }
  }

  async #exists(key: string): Promise<boolean> {
    for await (const row of this.#archive.vault.list(key)) {
      if (row.key !== key) return false;
      if (!row.deleteMarker) return true;
    }
    return false;
  }

  #forGood(): Lock {
    return { mode: 'COMPLIANCE', retainUntil: this.#governance.ledgerUntil(this.#archive.clock.now()) };
  }
}
