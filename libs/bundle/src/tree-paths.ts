import { leafHash } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';

/**
 * All levels of one RFC 6962 tree, so that many audit paths cost one pass over its leaves. An odd last node is carried
 * upward, which gives the tree of the RFC's recursive definition.
 */
export class TreePaths {
  readonly #levels: Uint8Array[][];
  readonly #empty: Uint8Array;

  constructor(crypto: Crypto, data: readonly Uint8Array[]) {
    let level = data.map((each) => leafHash(crypto, each));
    this.#levels = [level];
    const node = new Uint8Array(65);
    node[0] = 1;
    while (level.length > 1) {
      const above: Uint8Array[] = [];
      for (let i = 0; i < level.length; i += 2) {
        const [left, right] = [level[i], level[i + 1]];
        if (left === undefined) continue;
        if (right === undefined) {
          above.push(left);
          continue;
        }
        node.set(left, 1);
        node.set(right, 33);
        above.push(crypto.sha256(node));
      }
      level = above;
      this.#levels.push(level);
    }
    this.#empty = crypto.sha256(new Uint8Array(0));
  }

  get root(): Uint8Array {
    return this.#levels.at(-1)?.[0] ?? this.#empty;
  }

  /** Audit path of leaf `index`, from its sibling up (RFC 9162 §2.1.3.1). */
  path(index: number): Uint8Array[] {
    const path: Uint8Array[] = [];
    let at = index;
    for (const level of this.#levels) {
      const sibling = level[at ^ 1];
      if (sibling !== undefined) path.push(sibling);
      at >>= 1;
    }
    return path;
  }
}
