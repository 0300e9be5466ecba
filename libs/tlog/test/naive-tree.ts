import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { fromHex, leafHash, rootOf, utf8 } from '@holdfast/seal';
import type { HashReader } from '../src/proofs.js';

/** Leaves of the reference implementation of RFC 6962. */
export const RFC_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
  fromHex(hex, hex.length / 2),
);

/** Trees and proofs as RFC 6962 §2.1 defines them, over leaf hashes and by recursion alone; ranges are made once. */
export class NaiveTree {
  readonly #leaves: readonly Uint8Array[];
  readonly #known = new Map<string, Uint8Array>();

  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves;
  }

  /** A tree over `count` different leaves. */
  static of(count: number): NaiveTree {
    return new NaiveTree(Array.from({ length: count }, (_, i) => leafHash(crypto, utf8(String(i)))));
  }

  leaf(i: number): Uint8Array {
    return this.root(i, i + 1);
  }

  /** MTH(D[begin:end]). */
  root(begin: number, end: number): Uint8Array {
    if (end === begin) return rootOf(crypto, []);
    const only = this.#leaves[begin];
    if (only === undefined) throw new Error(`no leaf ${begin}`);
    if (end - begin === 1) return only;
    const name = `${begin}-${end}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const k = begin + split(end - begin);
    const hash = crypto.sha256(Buffer.concat([Uint8Array.of(1), this.root(begin, k), this.root(k, end)]));
    this.#known.set(name, hash);
    return hash;
  }

  /** PATH(m, D[begin:end]), RFC 6962 §2.1.1. */
  path(m: number, begin: number, end: number): Uint8Array[] {
    if (end - begin === 1) return [];
    const k = split(end - begin);
    if (m < k) return [...this.path(m, begin, begin + k), this.root(begin + k, end)];
    return [...this.path(m - k, begin + k, end), this.root(begin, begin + k)];
  }

  /** PROOF(m, D[0:n]), RFC 6962 §2.1.2. */
  proof(m: number, n: number): Uint8Array[] {
    return this.#subproof(m, 0, n, true);
  }

  /** Tiles as C2SP tlog-tiles defines them, for the tree of the first `size` leaves; `read` counts them. */
  reader(size: number, read: string[] = []): HashReader {
    return {
      tile: (level, n, width) => {
        const unit = 256 ** level;
        const whole = Math.min(Math.floor(size / unit) - n * 256, 256);
        if (width !== whole) throw new Error(`tile ${level}/${n} has ${whole} hashes, not ${width}`);
        read.push(`${level}/${n}`);
        const hashes = Array.from({ length: width }, (_, i) => this.root((n * 256 + i) * unit, (n * 256 + i + 1) * unit));
        return Promise.resolve(Buffer.concat(hashes));
      },
    };
  }

  #subproof(m: number, begin: number, end: number, known: boolean): Uint8Array[] {
    const n = end - begin;
    if (m === n) return known ? [] : [this.root(begin, end)];
    const k = split(n);
    if (m <= k) return [...this.#subproof(m, begin, begin + k, known), this.root(begin + k, end)];
    return [...this.#subproof(m - k, begin + k, end, false), this.root(begin, begin + k)];
  }
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
