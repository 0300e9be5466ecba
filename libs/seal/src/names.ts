import type { Cohort } from './cohort.js';

/** Keys of stored objects (format section 2). */
export const GENESIS_KEY = 'genesis.jws';
export const GENESIS_CLAIM = 'genesis/0000000000000000';
/** What claims of batches of the transparency log say as their chain. No chain of the vault has this name. */
export const LOG_CHAIN = 'log';

/** seq in decimal, zero-padded to 16 digits, so that listings come in order. */
export function paddedSeq(seq: number): string {
  return String(seq).padStart(16, '0');
}

export function manifestPrefix(chain: string): string {
  return `m/${chain}/`;
}

export function manifestKey(chain: string, seq: number, hash: string): string {
  return `m/${chain}/${paddedSeq(seq)}/${hash}.jws`;
}

export function contentPrefix(chain: string): string {
  return `o/${chain}/`;
}

export function contentKey(chain: string, seq: number, no: number, cohort: Pick<Cohort, 'className' | 'period'>, sha256: string): string {
  return `o/${chain}/${paddedSeq(seq)}/${no}-${cohort.className}-${cohort.period}-${sha256}.hfo`;
}

export function claimKey(chain: string, seq: number): string {
  return `${chain}/${paddedSeq(seq)}`;
}

export function wrapPrefix(chain: string, cohort: Pick<Cohort, 'className' | 'period'>, day: string): string {
  return `${chain}/${cohort.className}/${cohort.period}/${day}/`;
}

export function wrapKey(chain: string, cohort: Pick<Cohort, 'className' | 'period'>, day: string, dataKey: string, kind: 'kek' | 'escrow'): string {
  return `${wrapPrefix(chain, cohort, day)}${dataKey}/${kind}.jwe`;
}

const MANIFEST_KEY = /^m\/(.+)\/(\d{16})\/([0-9a-f]{64})\.jws$/;
const CONTENT_KEY = /^o\/(.+)\/(\d{16})\/(0|[1-9]\d{0,4})-([a-z][a-z0-9-]*)-(\d{4}(?:-\d{2})?)-([0-9a-f]{64})\.hfo$/;

export interface ManifestName {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** What a manifest's key says, or undefined when `key` is no manifest key. */
export function parseManifestKey(key: string): ManifestName | undefined {
  const [, chain, seq, hash] = MANIFEST_KEY.exec(key) ?? [];
  return chain === undefined || seq === undefined || hash === undefined ? undefined : { chain, seq: Number(seq), hash };
}

export interface ContentName {
  readonly chain: string;
  readonly seq: number;
  readonly no: number;
  readonly className: string;
  readonly period: string;
  readonly sha256: string;
}

/** What a content object's key says, or undefined when `key` is no content key. */
export function parseContentKey(key: string): ContentName | undefined {
  const [, chain, seq, no, className, period, sha256] = CONTENT_KEY.exec(key) ?? [];
  if (chain === undefined || seq === undefined || no === undefined || className === undefined || period === undefined || sha256 === undefined)
    return undefined;
  return { chain, seq: Number(seq), no: Number(no), className, period, sha256 };
}
