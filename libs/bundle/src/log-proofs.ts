import { HoldfastError } from '@holdfast/record';
import { encodeJson } from '@holdfast/seal';
import { toBase64 } from '@holdfast/tlog';
import { z } from 'zod';
import { compareNames } from './bundle-index.js';
import { bytesFromBase64, parseStrictly } from './parse-strictly.js';

/** Where a manifest stands in the transparency log: the audit path from its entry to the checkpoint's root. */
export interface LogProof {
  readonly chain: string;
  readonly seq: number;
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

const schema = z.array(
  z.strictObject({ chain: z.string().min(1).max(400), seq: z.int().min(0), index: z.int().min(0), path: z.array(z.string().length(44)).max(64) }),
);

function compare(a: Pick<LogProof, 'chain' | 'seq'>, b: Pick<LogProof, 'chain' | 'seq'>): number {
  return compareNames(a.chain, b.chain) || a.seq - b.seq;
}

/** `proofs/log.json` (bundle format section 4), in its order. */
export function encodeLogProofs(proofs: readonly LogProof[]): Uint8Array {
  const sorted = [...proofs].sort(compare);
  return encodeJson(sorted.map(({ chain, seq, index, path }) => ({ chain, seq, index, path: path.map(toBase64) })));
}

/** @throws HoldfastError `format_malformed` */
export function parseLogProofs(bytes: Uint8Array): LogProof[] {
  const proofs = parseStrictly(schema, bytes, 'proofs/log.json').map(({ path, ...rest }) => ({
    ...rest,
    path: path.map((hash) => bytesFromBase64(hash, 32)),
  }));
  if (proofs.some((proof, i) => i > 0 && compare(proofs[i - 1] ?? proof, proof) >= 0))
    throw new HoldfastError('format_malformed', 'proofs/log.json is not ascending by chain and seq');
  return proofs;
}
