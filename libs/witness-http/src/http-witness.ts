/** `Witness` over HTTP (c2sp.org/tlog-witness v1.0.0, add-checkpoint): asks, and verifies what comes back. */
import type { Clock, Witness, WitnessAnswer } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { fromUtf8 } from '@holdfast/seal';
import type { Crypto } from '@holdfast/seal';
import {
  COSIGNATURE,
  WITNESS_SIZE_TYPE,
  encodeAddCheckpoint,
  formatSignatures,
  parseCheckpointText,
  parseNote,
  parseSignatures,
  parseWitnessSize,
  verifyNote,
} from '@holdfast/tlog';
import type { Note, VerifierKey } from '@holdfast/tlog';
import { exchange } from './http-exchange.js';
import type { Endpoint, HttpAnswer } from './http-exchange.js';

export interface HttpWitnessOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Its name in the policy. */
  readonly name: string;
  /** Its submission prefix; `http:` is as good as `https:`, for what is sent is public and what comes back is signed. */
  readonly url: string;
  /** Its key in the policy. */
  readonly key: VerifierKey;
  /** For a whole request. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 8_000;
/** As for time stamps: a co-signature whose time is off would be a finding of every verifier for as long as it is kept. */
const TOLERANCE_MS = 300_000;

export class HttpWitness implements Witness {
  readonly name: string;
  readonly #crypto: Crypto;
  readonly #clock: Clock;
  readonly #key: VerifierKey;
  readonly #endpoint: Endpoint;

  /** @throws HoldfastError `bad_configuration` */
  constructor({ crypto, clock, name, url, key, timeoutMs = TIMEOUT_MS }: HttpWitnessOptions) {
    if (key.type !== COSIGNATURE) throw new HoldfastError('bad_configuration', `witness ${name}: its key is one of a log, not of a witness`);
    this.name = name;
    this.#crypto = crypto;
    this.#clock = clock;
    this.#key = key;
    this.#endpoint = { name, url: addressOf(name, url), timeoutMs };
  }

  async addCheckpoint(old: number, proof: readonly Uint8Array[], checkpoint: Uint8Array, signal?: AbortSignal): Promise<WitnessAnswer> {
    if (signal?.aborted === true) throw new HoldfastError('stopped', `asking the witness ${this.name} was stopped`);
    const note = parseNote(checkpoint);
    const { size } = parseCheckpointText(note.text);
    const answer = await exchange(this.#endpoint, encodeAddCheckpoint({ old, proof, checkpoint }), signal);
    switch (answer.status) {
      case 200:
        return { outcome: 'cosigned', signatures: this.#verified(note, answer.body) };
      case 409:
        return this.#conflict(answer, old, size);
      case 422:
        return { outcome: 'inconsistent' };
      case 404:
        throw this.#refused('does not know this log (HTTP 404): give its operator the vkey of the log, and check the address');
      case 403:
        throw this.#refused('does not accept the signature of this log (HTTP 403): it knows another key for this origin');
      default:
        if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
          throw new HoldfastError('witness_unavailable', `the witness ${this.name} answers with HTTP ${answer.status}`);
        throw this.#refused(`answers with HTTP ${answer.status}: check its address`);
    }
  }

  #conflict({ type, body }: HttpAnswer, old: number, size: number): WitnessAnswer {
    if (type === WITNESS_SIZE_TYPE) {
      const held = this.#parsed(body, (text) => parseWitnessSize(fromUtf8(text)));
      // It would go round in circles.
      if (held === old) throw this.#refused(`holds size ${held} and refuses a proof that begins there`);
      return { outcome: 'conflict', size: held };
    }
    // Before version 1.0.0 of the protocol this was the answer to a second root of the size that it holds.
    if (old === size) return { outcome: 'inconsistent' };
    throw this.#refused('answers 409 without the size that it holds');
  }

  /** Only the lines of our key: those of others prove nothing to us, and would be stored for ever. */
  #verified(note: Note, body: Uint8Array): string {
    const own = this.#parsed(body, (bytes) => parseSignatures(bytes)).filter(
      ({ name, keyId }) => name === this.#key.name && keyId === this.#key.keyId,
    );
    if (own.length === 0) throw this.#refused('has not signed with the key that the policy has for it');
    const judged = verifyNote(this.#crypto, { text: note.text, signatures: own }, [this.#key]);
    if ('invalid' in judged) throw this.#refused('has made a signature that does not verify');
    const now = this.#clock.now().getTime();
    if (!judged.valid.every(({ time = 0 }) => Math.abs(time * 1000 - now) <= TOLERANCE_MS))
      throw this.#refused('signs with a time that is more than five minutes off our clock');
    return fromUtf8(formatSignatures(own));
  }

  #parsed<T>(body: Uint8Array, parse: (body: Uint8Array) => T): T {
    try {
      return parse(body);
    } catch (cause) {
      throw this.#refused('answers with what is none of the protocol', cause);
    }
  }

  #refused(what: string, cause?: unknown): HoldfastError {
    return new HoldfastError('witness_refused', `the witness ${this.name} ${what}`, { cause });
  }
}

function addressOf(name: string, url: string): URL {
  const prefix = URL.parse(url);
  if (prefix === null || !/^https?:$/.test(prefix.protocol) || prefix.username !== '' || prefix.password !== '' || /[?#]/.test(url))
    throw new HoldfastError('bad_configuration', `witness ${name}: its address is not an http or https address without user name, ? and #`);
  return new URL('add-checkpoint', url.endsWith('/') ? url : `${url}/`);
}
