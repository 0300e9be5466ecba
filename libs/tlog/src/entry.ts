import { LOG_CHAIN, concat, utf8 } from '@holdfast/seal';
import { ByteReader, logMalformed, lp, u32, u64, u8 } from './byte-reader.js';

/** A committed manifest (docs/transparency-log.md section 1). */
export interface ManifestEntry {
  readonly type: 'manifest';
  readonly chain: string;
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** What the heads of all chains were at `time`, in milliseconds. */
export interface TickEntry {
  readonly type: 'tick';
  readonly time: number;
  /** Chains that the `gov` entries before it have registered. */
  readonly registered: number;
  /** Chains that have an entry before it. */
  readonly chains: number;
  readonly headsRoot: Uint8Array;
}

export type LogEntry = ManifestEntry | TickEntry;

/** An entry of a later release: the finding LOG_ENTRY_UNKNOWN, while the tree stays checkable. */
export interface UnknownEntry {
  readonly type: 'unknown';
  readonly code: number;
}

const MANIFEST = 1;
const TICK = 2;
const MAX_ENTRY = 0xffff;
const MAX_CHAIN = 400;

/** @throws HoldfastError `log_malformed` for values that the format cannot carry */
export function encodeEntry(entry: LogEntry): Uint8Array {
  const bytes =
    entry.type === 'manifest'
      ? concat(u8(MANIFEST), lp(utf8(entry.chain.slice(0, MAX_CHAIN + 1))), u64(safe(entry.seq)), entry.hash)
      : concat(u8(TICK), u64(safe(entry.time)), u32(count(entry.registered)), u32(count(entry.chains)), entry.headsRoot);
  // What we would not read must not be written: it is locked for years.
  parseEntry(bytes);
  return bytes;
}

/** @throws HoldfastError `log_malformed` */
export function parseEntry(bytes: Uint8Array): LogEntry | UnknownEntry {
  const reader = new ByteReader(bytes, 'an entry');
  if (bytes.length > MAX_ENTRY) throw reader.fail(`it has ${bytes.length} bytes`);
  const code = reader.u8();
  if (code === MANIFEST) {
    const entry = { type: 'manifest', chain: checkChain(reader.text()), seq: reader.u64(), hash: reader.hash() } as const;
    reader.end();
    return entry;
  }
  if (code === TICK) {
    const entry = { type: 'tick', time: reader.u64(), registered: reader.u32(), chains: reader.u32(), headsRoot: reader.hash() } as const;
    reader.end();
    return entry;
  }
  return { type: 'unknown', code };
}

/** The name, when it can be one of a chain. `log` is the log's own name among the claims. @throws HoldfastError `log_malformed` */
export function checkChain(chain: string): string {
  if (chain.length === 0 || chain.length > MAX_CHAIN || chain === LOG_CHAIN) {
    throw logMalformed(`${JSON.stringify(chain.slice(0, 80))} cannot be the name of a chain`);
  }
  return chain;
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw logMalformed(`the number ${value} is out of range`);
  return value;
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > 0xffffffff) throw logMalformed(`the count ${value} is out of range`);
  return value;
}
