import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Witness, WitnessAnswer } from '@holdfast/ports';
import type { Crypto } from '@holdfast/seal';
import { COSIGNATURE, cosign, formatSignatures, judgeAddCheckpoint, verifierKey } from '@holdfast/tlog';
import type { VerifierKey } from '@holdfast/tlog';
import { HoldfastError } from '@holdfast/record';

/** A witness in memory that follows c2sp.org/tlog-witness: it remembers one checkpoint a log and refuses forks and rollbacks. */
export class MemoryWitness implements Witness {
  readonly name: string;
  readonly key: VerifierKey;
  /** Runs before each request; a throw is its answer. */
  before: () => void | Promise<void> = () => undefined;
  /** What it was asked, and how it answered. */
  readonly asked: { readonly old: number; readonly outcome: string }[] = [];
  /** Seconds since 1970 that it signs with. */
  time = 1_800_000_000;
  readonly #crypto: Crypto;
  readonly #logKeys: readonly VerifierKey[];
  readonly #sign: (data: Uint8Array) => Promise<Uint8Array>;
  readonly #held = new Map<string, { readonly size: number; readonly root: Uint8Array }>();

  constructor(crypto: Crypto, name: string, logKeys: readonly VerifierKey[]) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const jwk = privateKey.export({ format: 'jwk' });
    this.name = name;
    this.#crypto = crypto;
    this.#logKeys = logKeys;
    this.key = verifierKey(crypto, `witness.example/${name}`, COSIGNATURE, new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url')));
    this.#sign = (data) => Promise.resolve(new Uint8Array(sign(null, data, createPrivateKey({ key: jwk, format: 'jwk' }))));
  }

  /** Size that it holds. */
  held(origin: string): number {
    return this.#held.get(origin)?.size ?? 0;
  }

  async addCheckpoint(old: number, proof: readonly Uint8Array[], checkpoint: Uint8Array): Promise<WitnessAnswer> {
    await this.before();
    const memory = { logKeys: () => this.#logKeys, held: (origin: string) => this.#held.get(origin) };
    const judged = judgeAddCheckpoint(this.#crypto, memory, { old, proof, checkpoint });
    this.asked.push({ old, outcome: 'accept' in judged ? 'cosigned' : String(judged.status) });
    if ('accept' in judged) {
      const { note, checkpoint: accepted } = judged.accept;
      this.#held.set(accepted.origin, accepted);
      return {
        outcome: 'cosigned',
        signatures: new TextDecoder().decode(formatSignatures([await cosign(this.key, this.time, note.text, this.#sign)])),
      };
    }
    if (judged.status === 409) return { outcome: 'conflict', size: judged.size };
    if (judged.status === 422) return { outcome: 'inconsistent' };
    throw new HoldfastError('witness_refused', judged.why);
  }
}
