import { concat } from '@holdfast/seal';
import { ByteReader, logMalformed, lp } from './byte-reader.js';
import { TILE_WIDTH } from './tree.js';

/** A tile: hashes of a level, or the entries under level 0. `width` is 256 for a full one. */
export interface TileName {
  readonly level: number | 'entries';
  readonly n: number;
  readonly width: number;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)((?:\/x\d{3})*\/\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** `tile/<L>/<N>[.p/<W>]`, for example `tile/0/x001/x234/067.p/8` (C2SP tlog-tiles, Merkle Tree). */
export function tilePath({ level, n, width }: TileName): string {
  let path = '';
  for (let rest = n; path === '' || rest > 0; rest = Math.floor(rest / 1000)) {
    const group = String(rest % 1000).padStart(3, '0');
    path = path === '' ? group : `x${group}/${path}`;
  }
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile that a path names, in its one spelling; undefined for anything else. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level, groups, width] = PATH.exec(path) ?? [];
  if (level === undefined || groups === undefined) return undefined;
  const tile = {
    level: level === 'entries' ? level : Number(level),
    n: Number(groups.replaceAll(/[/x]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  } as const;
  const exists = Number.isSafeInteger(tile.n) && (tile.level === 'entries' || tile.level <= 63);
  return exists && tilePath(tile) === path ? tile : undefined;
}

/** Whether a tree of `size` leaves has this very tile, partial tiles only as that tree makes them. */
export function tileInTree({ level, n, width }: TileName, size: number): boolean {
  const hashes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
  return n >= 0 && width > 0 && Math.min(hashes - n * TILE_WIDTH, TILE_WIDTH) === width;
}

/** Entries one after the other, `u16` length before each: an entries tile, or what a batch carries. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.some(({ length }) => length > 0xffff)) throw logMalformed('an entry of more than 65,535 bytes');
  return concat(...entries.map(lp));
}

/** The entries of a tile. @throws HoldfastError `log_malformed` for bytes that are not whole entries */
export function parseEntries(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new ByteReader(bytes, 'an entries tile');
  const entries: Uint8Array[] = [];
  for (let left = bytes.length; left > 0;) {
    const entry = reader.bytes(reader.u16());
    entries.push(entry);
    left -= 2 + entry.length;
  }
  return entries;
}
