import { generateKeyPairSync, sign } from 'node:crypto';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { rootOf, utf8 } from '@holdfast/seal';
import { LOG_SIGNATURE, consistencyProof, signCheckpoint, verifierKey } from '@holdfast/tlog';
import type { HashReader, Signer, VerifierKey } from '@holdfast/tlog';

/** A log with a key of its own. Histories share their first `fork` leaves, and every later one differs. */
export class TestLog {
  readonly key: VerifierKey;
  readonly sign: Signer;
  readonly #fork: number;

  constructor(origin = 'example.com/log', fork = 5) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { x = '' } = privateKey.export({ format: 'jwk' });
    this.key = verifierKey(crypto, origin, LOG_SIGNATURE, new Uint8Array(Buffer.from(x, 'base64url')));
    this.sign = (data) => Promise.resolve(new Uint8Array(sign(null, data, privateKey)));
    this.#fork = fork;
  }

  root(size: number, history = 0): Uint8Array {
    return this.#range(0, size, history);
  }

  /** A signed checkpoint. */
  at(size: number, history = 0, root = this.root(size, history)): Promise<Uint8Array> {
    return signCheckpoint(crypto, { origin: this.key.name, size, root }, this.key, this.sign);
  }

  proof(old: number, size: number, history = 0): Promise<readonly Uint8Array[]> {
    const hashes: HashReader = {
      tile: (level, n, width) => {
        const unit = 256 ** level;
        const at = (i: number): number => (n * 256 + i) * unit;
        return Promise.resolve(Buffer.concat(Array.from({ length: width }, (_, i) => this.#range(at(i), at(i + 1), history))));
      },
    };
    return consistencyProof(crypto, hashes, old, size);
  }

  #range(begin: number, end: number, history: number): Uint8Array {
    const leaf = (i: number): Uint8Array => utf8(i < this.#fork ? String(i) : `${i} of ${history}`);
    return rootOf(
      crypto,
      Array.from({ length: end - begin }, (_, i) => leaf(begin + i)),
    );
  }
}
