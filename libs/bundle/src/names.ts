import { parseMessageChain } from '@holdfast/record';
import { paddedSeq } from '@holdfast/seal';

/** What an entry of a bundle is, by its name (bundle format section 1). */
export type EntryPlace =
  | { readonly kind: 'index' | 'genesis' | 'checkpoint' | 'heads' | 'policy' | 'log-proofs' | 'transcript' | 'certificate' | 'readme' | 'verifier' }
  | { readonly kind: 'gov-manifest'; readonly seq: number }
  | { readonly kind: 'gov-object'; readonly seq: number; readonly no: number }
  | { readonly kind: 'token'; readonly hash: string }
  | { readonly kind: 'manifest'; readonly chain: string; readonly seq: number }
  | { readonly kind: 'object-proof'; readonly chain: string; readonly seq: number; readonly no: number }
  | { readonly kind: 'record' | 'derived'; readonly chain: string; readonly offset: bigint }
  | { readonly kind: 'attachment'; readonly sha256: string };

const FIXED = {
  index: 'bundle.json',
  genesis: 'genesis.jws',
  checkpoint: 'log/checkpoint',
  heads: 'log/heads',
  policy: 'log/policy',
  'log-proofs': 'proofs/log.json',
  transcript: 'transcript.html',
  certificate: 'certificate.txt',
  readme: 'README.txt',
  verifier: 'verify.html',
} as const;

const BY_NAME = new Map<string, EntryPlace>(
  Object.entries(FIXED).map(([kind, name]) => [name, { kind: kind as keyof typeof FIXED }] satisfies [string, EntryPlace]),
);

const HASH = '([0-9a-f]{64})';
const SEQ = '(\\d{16})';
const NO = '(0|[1-9]\\d{0,4})';
const OFFSET = '(\\d{20})';
const PATTERNS: readonly (readonly [RegExp, (...groups: string[]) => EntryPlace | undefined])[] = [
  [new RegExp(`^gov/${SEQ}\\.jws$`), (seq = '') => ({ kind: 'gov-manifest', seq: Number(seq) })],
  [new RegExp(`^gov/${SEQ}-${NO}\\.hfo$`), (seq = '', no = '') => ({ kind: 'gov-object', seq: Number(seq), no: Number(no) })],
  [new RegExp(`^log/tokens/${HASH}\\.tst$`), (hash = '') => ({ kind: 'token', hash })],
  [new RegExp(`^attachments/${HASH}$`), (sha256 = '') => ({ kind: 'attachment', sha256 })],
  [
    new RegExp(`^manifests/(.+)/${SEQ}\\.jws$`),
    (chain = '', seq = '') => (isChain(chain) ? { kind: 'manifest', chain, seq: Number(seq) } : undefined),
  ],
  [
    new RegExp(`^proofs/(.+)/${SEQ}-${NO}\\.json$`),
    (chain = '', seq = '', no = '') => (isChain(chain) ? { kind: 'object-proof', chain, seq: Number(seq), no: Number(no) } : undefined),
  ],
  [new RegExp(`^records/(.+)/${OFFSET}\\.rec$`), (chain = '', offset = '') => recordPlace('record', chain, offset)],
  [new RegExp(`^derived/(.+)/${OFFSET}\\.jws$`), (chain = '', offset = '') => recordPlace('derived', chain, offset)],
];

function isChain(chain: string): boolean {
  return parseMessageChain(chain) !== undefined;
}

function recordPlace(kind: 'record' | 'derived', chain: string, offset: string): EntryPlace | undefined {
  return isChain(chain) ? { kind, chain, offset: BigInt(offset) } : undefined;
}

/** An offset in decimal, zero-padded to 20 digits. */
export function paddedOffset(offset: bigint): string {
  return String(offset).padStart(20, '0');
}

/** The name of the entry that stands at `place`. */
export function entryName(place: EntryPlace): string {
  switch (place.kind) {
    case 'gov-manifest':
      return `gov/${paddedSeq(place.seq)}.jws`;
    case 'gov-object':
      return `gov/${paddedSeq(place.seq)}-${place.no}.hfo`;
    case 'token':
      return `log/tokens/${place.hash}.tst`;
    case 'manifest':
      return `manifests/${place.chain}/${paddedSeq(place.seq)}.jws`;
    case 'object-proof':
      return `proofs/${place.chain}/${paddedSeq(place.seq)}-${place.no}.json`;
    case 'record':
      return `records/${place.chain}/${paddedOffset(place.offset)}.rec`;
    case 'derived':
      return `derived/${place.chain}/${paddedOffset(place.offset)}.jws`;
    case 'attachment':
      return `attachments/${place.sha256}`;
    default:
      return FIXED[place.kind];
  }
}

/** What an entry of this name is, or undefined: no bundle has such an entry. */
export function parseEntryName(name: string): EntryPlace | undefined {
  const fixed = BY_NAME.get(name);
  if (fixed !== undefined) return fixed;
  for (const [pattern, place] of PATTERNS) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const parsed = place(...match.slice(1));
    // Each place has one name, each name one place.
    return parsed !== undefined && entryName(parsed) === name ? parsed : undefined;
  }
  return undefined;
}
