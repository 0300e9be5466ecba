import { compareBytes, concat, leafHash, rootInPlace, utf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import { logMalformed, lp, u64 } from './byte-reader.js';
import type { ManifestEntry } from './entry.js';

/** The end of a chain as the log has it: number of its entries, manifest hash of the last. */
export interface ChainHead {
  readonly next: number;
  readonly hash: Uint8Array;
}

interface Member {
  readonly chain: string;
  readonly name: Uint8Array;
  head: ChainHead;
  /** Hash of this head as a leaf, as long as it stands: most chains are silent from tick to tick. */
  leaf: Uint8Array | undefined;
}

/** The heads of all chains, in the order of their names' bytes. */
export class Heads {
  readonly #members = new Map<string, Member>();
  readonly #sorted: Member[] = [];

  get size(): number {
    return this.#members.size;
  }

  get(chain: string): ChainHead | undefined {
    return this.#members.get(chain)?.head;
  }

  /** Number of entries that `chain` has. */
  next(chain: string): number {
    return this.#members.get(chain)?.head.next ?? 0;
  }

  /** Bytewise by name. */
  *list(): Generator<readonly [string, ChainHead]> {
    for (const { chain, head } of this.#sorted) yield [chain, head];
  }

  /**
   * Counts a manifest: every chain from 0 on, without a gap, each once, in order; and only `gov` can be first.
   * @throws HoldfastError `log_malformed`, and nothing has changed
   */
  apply({ chain, seq, hash }: ManifestEntry): void {
    const next = this.next(chain);
    if (seq !== next) throw logMalformed(`number ${seq} of the chain ${chain} stands where number ${next} belongs`);
    // Chains are registered by segments of gov, so nothing can stand before gov's first.
    if (this.size === 0 && chain !== 'gov') throw logMalformed(`the chain ${chain} stands before the chain gov that registers it`);
    this.set(chain, { next: next + 1, hash });
  }

  /** Puts `head` as it is, or takes the chain out: to load a state, and to take back what apply did. */
  set(chain: string, head: ChainHead | undefined): void {
    const member = this.#members.get(chain);
    if (member !== undefined && head !== undefined) {
      member.head = head;
      member.leaf = undefined;
      return;
    }
    const name = utf8(chain);
    const at = this.#place(name);
    if (head !== undefined) {
      const added = { chain, name, head, leaf: undefined };
      this.#members.set(chain, added);
      this.#sorted.splice(at, 0, added);
    } else if (this.#members.delete(chain)) this.#sorted.splice(at, 1);
  }

  /** `MTH` over `lp(chain) ‖ u64 next ‖ hash`: the heads root of a tick. */
  root(crypto: Crypto): Uint8Array {
    const hashes = new Uint8Array(this.#sorted.length * 32);
    this.#sorted.forEach((member, i) => {
      member.leaf ??= leafHash(crypto, encodeHead(member.name, member.head));
      hashes.set(member.leaf, i * 32);
    });
    return rootInPlace(crypto, hashes, this.#sorted.length);
  }

  /** The bytes of every head, one after the other, as in a state. */
  encode(): Uint8Array {
    return concat(...this.#sorted.map(({ name, head }) => encodeHead(name, head)));
  }

  copy(): Heads {
    const other = new Heads();
    for (const member of this.#sorted) {
      const mine = { ...member };
      other.#members.set(mine.chain, mine);
      other.#sorted.push(mine);
    }
    return other;
  }

  /** Where `name` stands, or would. */
  #place(name: Uint8Array): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#sorted[middle];
      if (at !== undefined && compareBytes(at.name, name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function encodeHead(name: Uint8Array, { next, hash }: ChainHead): Uint8Array {
  return concat(lp(name), u64(next), hash);
}
