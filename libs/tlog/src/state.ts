import { compareBytes, concat, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { ByteReader, logMalformed, u16, u32, u64, u8 } from './byte-reader.js';
import { checkChain } from './entry.js';
import { Heads } from './heads.js';
import { HASH_BYTES, TreeEdge } from './tree.js';

/** The log after one batch (docs/transparency-log.md section 5). */
export interface LogState {
  readonly archive: Uint8Array;
  readonly batch: { readonly no: number; readonly hash: Uint8Array };
  readonly edge: TreeEdge;
  readonly heads: Heads;
}

const MAGIC = Uint8Array.of(...utf8('HFS'), 1);
const SUITE = 1;

/** @throws HoldfastError `log_malformed` for what the format cannot carry */
export function encodeState({ archive, batch, edge, heads }: LogState): Uint8Array {
  const levels = edge.levels();
  if (archive.length !== HASH_BYTES || batch.hash.length !== HASH_BYTES) throw logMalformed('an archive id and a hash have 32 bytes');
  return concat(
    MAGIC,
    u8(SUITE),
    archive,
    u64(batch.no),
    batch.hash,
    u64(edge.size),
    u8(levels.length),
    ...levels.flatMap((hashes) => [u16(hashes.length / HASH_BYTES), hashes]),
    u32(heads.size),
    heads.encode(),
  );
}

/**
 * A state in the one spelling that it has. That it is true is for LogFold.resume to say.
 * @throws HoldfastError `log_malformed`
 */
export function parseState(crypto: Crypto, bytes: Uint8Array): LogState {
  const reader = new ByteReader(bytes, 'a state');
  reader.expect(MAGIC, 'magic');
  reader.expect(u8(SUITE), 'suite');
  const archive = reader.hash();
  const batch = { no: reader.u64(), hash: reader.hash() };
  const size = reader.u64();
  const levels = Array.from({ length: reader.u8() }, () => reader.bytes(reader.u16() * HASH_BYTES));
  const edge = TreeEdge.fromLevels(crypto, size, levels);
  const heads = new Heads();
  let before: Uint8Array | undefined;
  // Counted against the bytes, not allocated for: a count alone must not cost memory.
  for (let left = reader.u32(); left > 0; left--) {
    const chain = checkChain(reader.text());
    const name = utf8(chain);
    if (before !== undefined && compareBytes(before, name) >= 0) throw reader.fail(`the chain ${chain} stands out of order`);
    before = name;
    const next = reader.u64();
    if (next === 0) throw reader.fail(`the chain ${chain} has no entry`);
    heads.set(chain, { next, hash: reader.hash() });
  }
  reader.end();
  return { archive, batch, edge, heads };
}
