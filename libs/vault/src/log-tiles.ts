import { HoldfastError } from '@holdfast/record';
import { HASH_BYTES, TILE_WIDTH, encodeEntries, parseBatch, tileKey } from '@holdfast/tlog';
import type { Batch, HashReader, TileName } from '@holdfast/tlog';
import { leafHash, rootInPlace } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { BatchPlace, LogFollower } from './log-follower.js';
import { unlessMissing } from './relocated.js';

/** Kept in memory: full tiles of 8 KiB, and batches of at most 2 MiB. */
const MOST_TILES = 64;
const MOST_BATCHES = 2;

/**
 * Tiles of the log as the follower has it. Full ones are read from `t/tile/…`, or made from the batches where they are
 * missing; partial ones come from the tree's edge. Stored tiles are believed as they are: a wrong one makes a proof that
 * does not hold. `fromBatches` believes no stored tile.
 */
export class LogTiles implements HashReader {
  readonly #archive: Archive;
  readonly #log: LogFollower;
  readonly #stored: boolean;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();
  readonly #batches = new Map<number, Promise<Batch>>();

  constructor(archive: Archive, log: LogFollower, options: { readonly fromBatches?: boolean } = {}) {
    this.#archive = archive;
    this.#log = log;
    this.#stored = options.fromBatches !== true;
  }

  /** @throws HoldfastError `bad_request` for a tile that the log does not have */
  async tile(level: number, n: number, width: number): Promise<Uint8Array> {
    const { edge, full } = this.#where({ level, n, width });
    const bytes = full ? await this.#full(level, n) : edge;
    return bytes.slice(0, width * HASH_BYTES);
  }

  /** An entries tile. @throws HoldfastError `bad_request` for one that the log does not have */
  async entriesTile(n: number, width: number): Promise<Uint8Array> {
    const { full } = this.#where({ level: 0, n, width });
    if (full && width === TILE_WIDTH) {
      const stored = await this.#read({ level: 'entries', n, width });
      if (stored !== undefined) return stored;
    }
    return encodeEntries(await this.entries(n * TILE_WIDTH, n * TILE_WIDTH + width));
  }

  /** The bytes of the entries from `begin` to before `end`, from the batches. */
  async entries(begin: number, end: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = [];
    if (begin >= end) return entries;
    for (let no = await this.#batchOf(begin); begin + entries.length < end; no++) {
      const batch = await this.#batch(no);
      const from = begin + entries.length - batch.sizeBefore;
      const taken = batch.entries.slice(from, from + end - begin - entries.length);
      if (from < 0 || taken.length === 0) throw new HoldfastError('log_differs', `batch ${no} of the log does not hold what it should.`);
      entries.push(...taken);
    }
    return entries;
  }

  /** The version of a full tile that is stored; undefined while none is. */
  async storedVersion(tile: TileName): Promise<string | undefined> {
    const key = tileKey(tile);
    for await (const row of this.#archive.vault.list(key)) {
      if (row.key !== key) return undefined;
      if (!row.deleteMarker) return row.version;
    }
    return undefined;
  }

  #where({ level, n, width }: TileName & { readonly level: number }): { readonly full: boolean; readonly edge: Uint8Array } {
    const { fold } = this.#log;
    const hashes = Math.floor(fold.end.size / TILE_WIDTH ** level);
    if (n < 0 || width < 1 || width > TILE_WIDTH || n * TILE_WIDTH + width > hashes)
      throw new HoldfastError('bad_request', `a log of ${fold.end.size} entries has no tile ${n} of level ${level} with ${width} hashes.`);
    const full = (n + 1) * TILE_WIDTH <= hashes;
    return { full, edge: full ? new Uint8Array(0) : (fold.edge().levels()[level] ?? new Uint8Array(0)) };
  }

  #full(level: number, n: number): Promise<Uint8Array> {
    return remember(this.#tiles, MOST_TILES, `${level}/${n}`, async () => {
      const stored = this.#stored ? await this.#read({ level, n, width: TILE_WIDTH }) : undefined;
      return stored?.length === TILE_WIDTH * HASH_BYTES ? stored : this.#made(level, n);
    });
  }

  async #read(tile: TileName): Promise<Uint8Array | undefined> {
    if (!this.#stored) return undefined;
    const version = await this.storedVersion(tile);
    return version === undefined ? undefined : unlessMissing(this.#archive.vault.get(tileKey(tile), version));
  }

  /** A tile from the entries under it. */
  async #made(level: number, n: number): Promise<Uint8Array> {
    const { crypto } = this.#archive;
    const hashes = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    if (level === 0) {
      const entries = await this.entries(n * TILE_WIDTH, (n + 1) * TILE_WIDTH);
      entries.forEach((entry, i) => {
        hashes.set(leafHash(crypto, entry), i * HASH_BYTES);
      });
      return hashes;
    }
    for (let i = 0; i < TILE_WIDTH; i++) {
      const below = await this.#full(level - 1, n * TILE_WIDTH + i);
      hashes.set(rootInPlace(crypto, below.slice(), TILE_WIDTH), i * HASH_BYTES);
    }
    return hashes;
  }

  /** The number of the batch that holds entry `index`: known since it was read, else found by halving. */
  async #batchOf(index: number): Promise<number> {
    const { places, fold } = this.#log;
    const known = places.findLast(({ sizeBefore }) => sizeBefore <= index);
    if (known !== undefined) return known.no;
    let low = 0;
    let high = (places[0]?.no ?? fold.end.no) - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((await this.#place(middle)).sizeBefore <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #place(no: number): Promise<BatchPlace> {
    const { sizeBefore, entries } = await this.#batch(no);
    return { no, sizeBefore, count: entries.length };
  }

  #batch(no: number): Promise<Batch> {
    return remember(this.#batches, MOST_BATCHES, no, async () => parseBatch((await this.#log.batch(no)).bytes));
  }
}

/** The last few answers; a failure is not remembered. */
function remember<K, V>(known: Map<K, Promise<V>>, most: number, key: K, make: () => Promise<V>): Promise<V> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  const [oldest] = known.keys();
  if (known.size > most && oldest !== undefined) known.delete(oldest);
  return made;
}
