import type { Position } from '@holdfast/ports';
import { toHex, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';

/** What an access event says of the position that a search covered. */
export interface PositionDigest {
  /** SHA-256 of `canonicalPosition`. */
  readonly sha256: string;
  /** How many chains the position names. */
  readonly chains: number;
  readonly governance: number;
  readonly generation: string;
}

/** A position in its one spelling, RFC 8785: members in order of their names, no white space. */
export function canonicalPosition({ chains, governance, generation }: Position): string {
  const sorted = Object.entries(chains).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ chains: Object.fromEntries(sorted), generation, governance });
}

/**
 * A position of a thousand chains has 60 KB, which every search would seal. Its digest is as good as proof: the answer carries the
 * position itself, and whoever kept it can show that it is the one.
 */
export function digestOf(crypto: Pick<Crypto, 'sha256'>, position: Position): PositionDigest {
  return {
    sha256: toHex(crypto.sha256(utf8(canonicalPosition(position)))),
    chains: Object.keys(position.chains).length,
    governance: position.governance,
    generation: position.generation,
  };
}
