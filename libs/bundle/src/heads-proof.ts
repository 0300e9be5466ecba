import { HoldfastError } from '@holdfast/record';
import { compareBytes, concat, fromUtf8, toHex, fromHex, utf8, viewOf } from '@holdfast/seal';

/** Where a chain stood at a tick. */
export interface ChainHead {
  readonly chain: string;
  /** Number of its manifests in the log. */
  readonly next: number;
  /** Manifest hash of the last, hexadecimal. */
  readonly hash: string;
}

/** `log/heads` (bundle format section 3): the tick under the checkpoint, its place, and the heads that it commits to. */
export interface HeadsProof {
  /** The entry of the tick. */
  readonly tick: Uint8Array;
  /** Audit path of the last entry. */
  readonly path: readonly Uint8Array[];
  /** Ascending by chain, bytewise. */
  readonly heads: readonly ChainHead[];
}

/** `lp(chain) ‖ u64 next ‖ hash`: what the tick's heads root is made over. */
export function headBytes({ chain, next, hash }: ChainHead): Uint8Array {
  const name = utf8(chain);
  const bytes = new Uint8Array(2 + name.length + 40);
  const view = viewOf(bytes);
  view.setUint16(0, name.length);
  bytes.set(name, 2);
  view.setBigUint64(2 + name.length, BigInt(next));
  bytes.set(fromHex(hash, 32), 10 + name.length);
  return bytes;
}

export function encodeHeadsProof({ tick, path, heads }: HeadsProof): Uint8Array {
  const fixed = new Uint8Array(2);
  viewOf(fixed).setUint16(0, tick.length);
  const count = new Uint8Array(4);
  viewOf(count).setUint32(0, heads.length);
  return concat(fixed, tick, Uint8Array.of(path.length), ...path, count, ...heads.map(headBytes));
}

/** @throws HoldfastError `format_malformed` */
export function parseHeadsProof(bytes: Uint8Array): HeadsProof {
  const view = viewOf(bytes);
  let at = 0;
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > bytes.length) throw new HoldfastError('format_malformed', 'log/heads ends too early');
    return from;
  };
  const tickLength = view.getUint16(take(2));
  const tick = bytes.slice(take(tickLength), at);
  const path: Uint8Array[] = [];
  for (let left = view.getUint8(take(1)); left > 0; left--) path.push(bytes.slice(take(32), at));
  const heads: ChainHead[] = [];
  let last: Uint8Array | undefined;
  for (let left = view.getUint32(take(4)); left > 0; left--) {
    const nameLength = view.getUint16(take(2));
    const name = bytes.slice(take(nameLength), at);
    const next = view.getBigUint64(take(8));
    const hash = toHex(bytes.subarray(take(32), at));
    if (last !== undefined && compareBytes(last, name) >= 0) throw new HoldfastError('format_malformed', 'the heads of log/heads do not ascend');
    if (next > BigInt(Number.MAX_SAFE_INTEGER)) throw new HoldfastError('format_malformed', 'log/heads counts more than any chain has');
    last = name;
    heads.push({ chain: fromUtf8(name), next: Number(next), hash });
  }
  if (at !== bytes.length) throw new HoldfastError('format_malformed', 'log/heads has bytes after its end');
  return { tick, path, heads };
}
