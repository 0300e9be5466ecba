import { HoldfastError } from '@holdfast/record';

/** A chain, or a pattern of chains, and which of its segments: `from` to `to`, not included. */
export interface ChainRange {
  readonly chain: string;
  readonly from?: number;
  readonly to?: number;
}

/**
 * `CHAIN`, `CHAIN:FROM-` or `CHAIN:FROM-TO`, comma separated. In CHAIN a `*` stands for one part of a name or a piece of it, `**`
 * for any number of parts. @throws HoldfastError `bad_request`
 */
export function parseChainRanges(text: string): ChainRange[] {
  return text.split(',').map((part) => {
    const [, chain, from, to] = /^([^:\s]+)(?::(\d{1,15})-(\d{0,15}))?$/.exec(part.trim()) ?? [];
    if (chain === undefined) throw new HoldfastError('bad_request', `${JSON.stringify(part)} is no chain: CHAIN, or CHAIN:FROM-TO.`);
    const range = { chain, ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && to !== '' && { to: Number(to) }) };
    checkRange(range);
    return range;
  });
}

function checkRange({ chain, from = 0, to = Infinity }: ChainRange): void {
  if (from >= to) throw new HoldfastError('bad_request', `${chain}:${from}-${to} has no segments: TO is not included.`);
  if (chain === 'gov' && (from > 0 || to < Infinity))
    throw new HoldfastError('bad_request', 'gov is always walked whole: everything else is judged by it.');
}

/** Which chains are walked, and how much of each. The first that fits counts. */
export class Selection {
  readonly #ranges: readonly { readonly range: ChainRange; readonly name: RegExp }[];

  constructor(chains: readonly (string | ChainRange)[]) {
    this.#ranges = chains
      .map((one): ChainRange => (typeof one === 'string' ? { chain: one } : one))
      .map((range) => {
        checkRange(range);
        return { range, name: patternOf(range.chain) };
      });
  }

  includes(chain: string): boolean {
    return this.rangeOf(chain) !== undefined;
  }

  /** `from` is 0 for the beginning; without `to`, up to the end. */
  rangeOf(chain: string): { readonly from: number; readonly to?: number } | undefined {
    const range = this.#ranges.find(({ name }) => name.test(chain))?.range;
    return range === undefined ? undefined : { from: range.from ?? 0, ...(range.to !== undefined && { to: range.to }) };
  }

  /** What was asked for and fits none of `chains`: misspelt, or the chain is gone. */
  unmet(chains: readonly string[]): string[] {
    return this.#ranges.filter(({ name }) => !chains.some((chain) => name.test(chain))).map(({ range }) => range.chain);
  }

  /** As it was asked for. */
  get ranges(): readonly ChainRange[] {
    return this.#ranges.map(({ range }) => range);
  }
}

function patternOf(chain: string): RegExp {
  const pieces = chain
    .split(/(\*+)/)
    .map((piece) => (piece.startsWith('**') ? '.*' : piece === '*' ? '[^/]*' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${pieces.join('')}$`);
}
