import { paddedSeq } from '@holdfast/seal';
import { parseTilePath, tilePath } from './tiles.js';
import type { TileName } from './tiles.js';

/** Keys of the log's objects in the vault bucket; hashes are hex. */
export type LogKey =
  | { readonly type: 'batch'; readonly no: number; readonly hash: string }
  | { readonly type: 'checkpoint'; readonly size: number; readonly hash: string }
  | { readonly type: 'state'; readonly no: number; readonly hash: string }
  /** `renews` is the hash of the token that this one renews. */
  | { readonly type: 'token'; readonly size: number; readonly checkpoint: string; readonly hash: string; readonly renews?: string }
  | { readonly type: 'tile'; readonly tile: TileName };

/** Everything of the log stands under it. */
export const LOG_PREFIX = 't/';
export const BATCH_PREFIX = 't/batch/';
export const CHECKPOINT_PREFIX = 't/checkpoint/';
export const STATE_PREFIX = 't/state/';
export const TOKEN_PREFIX = 't/token/';
export const TILE_PREFIX = 't/tile/';

/** What every object of batch number `no` begins with. */
export function batchPrefix(no: number): string {
  return `${BATCH_PREFIX}${paddedSeq(no)}/`;
}

export function batchKey(no: number, hash: string): string {
  return `${batchPrefix(no)}${hash}.hfb`;
}

export function checkpointKey(size: number, hash: string): string {
  return `${CHECKPOINT_PREFIX}${paddedSeq(size)}-${hash}.txt`;
}

export function stateKey(no: number, hash: string): string {
  return `${STATE_PREFIX}${paddedSeq(no)}-${hash}.hfs`;
}

/** `renews` is the hash of the token that this one renews. */
export function tokenKey(size: number, checkpoint: string, hash: string, renews?: string): string {
  return `${TOKEN_PREFIX}${paddedSeq(size)}-${checkpoint}/${renews === undefined ? '' : `${renews}/`}${hash}.tst`;
}

export function tileKey(tile: TileName): string {
  return `t/${tilePath(tile)}`;
}

const BATCH = /^t\/batch\/(\d{16})\/([0-9a-f]{64})\.hfb$/;
const CHECKPOINT = /^t\/checkpoint\/(\d{16})-([0-9a-f]{64})\.txt$/;
const STATE = /^t\/state\/(\d{16})-([0-9a-f]{64})\.hfs$/;
const TOKEN = /^t\/token\/(\d{16})-([0-9a-f]{64})\/(?:([0-9a-f]{64})\/)?([0-9a-f]{64})\.tst$/;

/** What a key says, or undefined when it is none of the log's. */
export function parseLogKey(key: string): LogKey | undefined {
  const parsed = parse(key);
  // 16 digits go beyond 2^53, where numbers are no longer exact.
  const number = parsed === undefined || parsed.type === 'tile' ? 0 : 'no' in parsed ? parsed.no : parsed.size;
  return Number.isSafeInteger(number) ? parsed : undefined;
}

function parse(key: string): LogKey | undefined {
  const [, no, batch] = BATCH.exec(key) ?? [];
  if (no !== undefined && batch !== undefined) return { type: 'batch', no: Number(no), hash: batch };
  const [, size, checkpoint] = CHECKPOINT.exec(key) ?? [];
  if (size !== undefined && checkpoint !== undefined) return { type: 'checkpoint', size: Number(size), hash: checkpoint };
  const [, at, state] = STATE.exec(key) ?? [];
  if (at !== undefined && state !== undefined) return { type: 'state', no: Number(at), hash: state };
  const [, stamped, over, renews, token] = TOKEN.exec(key) ?? [];
  if (stamped !== undefined && over !== undefined && token !== undefined) {
    return { type: 'token', size: Number(stamped), checkpoint: over, hash: token, ...(renews !== undefined && { renews }) };
  }
  const tile = key.startsWith(TILE_PREFIX) ? parseTilePath(key.slice(2)) : undefined;
  return tile === undefined ? undefined : { type: 'tile', tile };
}
