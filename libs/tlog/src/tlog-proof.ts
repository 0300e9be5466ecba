import { concat, utf8 } from '@holdfast/seal';
import { fromBase64, fromDecimal, textMalformed, toBase64 } from './base64.js';
import { NOTE_LIMITS } from './note.js';
import { splitHead } from './text-head.js';

/** Evidence that the log has an entry, in one file (C2SP tlog-proof@v1). Nothing in it is verified. */
export interface TlogProof {
  readonly index: number;
  readonly path: readonly Uint8Array[];
  /** The checkpoint as it is stored, with its cosignatures. */
  readonly checkpoint: Uint8Array;
  /** Not authenticated by anything. */
  readonly extra?: Uint8Array;
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const MAX_EXTRA = 64 * 1024;
const MAX_PATH = 64;

export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): Uint8Array {
  const lines = [FIRST_LINE, ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]), `index ${index}`, ...path.map(toBase64), '', ''];
  const bytes = concat(utf8(lines.join('\n')), checkpoint);
  parseTlogProof(bytes);
  return bytes;
}

/** @throws HoldfastError `checkpoint_malformed` */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > NOTE_LIMITS.bytes + 2 * MAX_EXTRA) throw textMalformed('A proof file is too long');
  const { lines, rest } = splitHead(bytes, 'A proof file');
  const [first, ...others] = lines;
  if (first !== FIRST_LINE) throw textMalformed(`A proof file does not begin with ${FIRST_LINE}`);
  const encoded = others[0]?.startsWith('extra ') === true ? others.shift()?.slice(6) : undefined;
  const extra = encoded === undefined ? undefined : fromBase64(encoded);
  if (encoded !== undefined && (extra === undefined || extra.length > MAX_EXTRA))
    throw textMalformed('The extra data of a proof file is not base64, or too long');
  const [indexLine = '', ...hashes] = others;
  const index = indexLine.startsWith('index ') ? fromDecimal(indexLine.slice(6)) : undefined;
  if (index === undefined) throw textMalformed('A proof file does not say the index of its entry');
  if (hashes.length > MAX_PATH) throw textMalformed('A proof file has more hashes than a tree has levels');
  return { index, path: hashes.map((line) => hashLine(line, 'A proof file')), checkpoint: rest, ...(extra !== undefined && { extra }) };
}

/** 32 bytes in base64. @throws HoldfastError `checkpoint_malformed` */
export function hashLine(line: string, what: string): Uint8Array {
  const hash = fromBase64(line);
  if (hash?.length !== 32) throw textMalformed(`${what} has a line that is no hash in base64`);
  return hash;
}
