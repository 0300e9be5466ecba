/** `TimestampAuthority` over HTTP: asks, verifies what comes back, tries again where that may help. */
import type { Clock, TimestampAuthority } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { Certificate } from './certificate.js';
import { judged } from './check-token.js';
import { exchange } from './http-exchange.js';
import type { Endpoint } from './http-exchange.js';
import { encodeQuery, newNonce, parseAnswer } from './query.js';
import { problemText } from './token-problem.js';
import { TOLERANCE_MS } from './tst-info.js';

export interface TimestampAuthorityOptions {
  /** The operator's name for it. */
  readonly name: string;
  /** `http:` is as good as `https:`: the token is signed, and a digest tells nothing. */
  readonly url: string;
  /** DER certificates; at least one. The token must lead to one of them. */
  readonly roots: readonly Uint8Array[];
  readonly clock: Clock;
  /** Ask for this policy (dotted object identifier) and refuse a token under another. */
  readonly policy?: string;
  /** Value of the header `Authorization`: a secret. */
  readonly authorization?: string;
  /** For each try. */
  readonly timeoutMs?: number;
  /** Pauses before the second, third … try; as many tries as pauses, and one. */
  readonly pausesMs?: readonly number[];
}

const TIMEOUT_MS = 20_000;
const PAUSES_MS = [1_000, 4_000, 15_000];

export class HttpTimestampAuthority implements TimestampAuthority {
  readonly name: string;
  readonly #endpoint: Endpoint;
  readonly #roots: readonly Certificate[];
  readonly #clock: Clock;
  readonly #policy: string | undefined;
  readonly #pausesMs: readonly number[];

  /** @throws HoldfastError `bad_configuration` */
  constructor(options: TimestampAuthorityOptions) {
    this.name = options.name;
    this.#endpoint = {
      name: options.name,
      url: urlOf(options),
      authorization: options.authorization,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    };
    this.#roots = rootsOf(options);
    this.#clock = options.clock;
    this.#policy = options.policy;
    if (options.policy !== undefined && !/^[0-2](\.(0|[1-9]\d*))+$/.test(options.policy))
      throw new HoldfastError('bad_configuration', `time-stamp authority ${options.name}: the policy is not a dotted object identifier`);
    this.#pausesMs = options.pausesMs ?? PAUSES_MS;
  }

  async stamp(digest: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (digest.length !== 32) throw new HoldfastError('bad_request', `a SHA-256 digest has 32 bytes, not ${digest.length}`);
    for (const pauseMs of this.#pausesMs) {
      try {
        return await this.#tryOnce(digest, signal);
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'timestamp_unavailable') throw error;
      }
      await pause(pauseMs, signal);
    }
    return this.#tryOnce(digest, signal);
  }

  /** A new nonce each time: an answer that comes late belongs to a query that nobody waits for. */
  async #tryOnce(digest: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (signal?.aborted) throw stopped();
    const nonce = newNonce();
    const asked = this.#clock.now();
    const body = await exchange(this.#endpoint, encodeQuery(digest, nonce, this.#policy), signal);
    const answered = this.#clock.now();
    try {
      const answer = parseAnswer(body);
      if (answer.kind === 'refused') {
        const code = answer.passing ? 'timestamp_unavailable' : 'timestamp_refused';
        throw new HoldfastError(code, `time-stamp authority ${this.name} does not grant the request: ${answer.reason}`);
      }
      const { timestamp, nonce: returned } = await judged(answer.token, digest, this.#roots, answered);
      if (returned !== nonce) throw this.#refused('the token answers another request (nonce)');
      if (this.#policy !== undefined && timestamp.policy !== this.#policy) throw this.#refused(`the token is under policy ${timestamp.policy}`);
      // Ours or theirs is wrong; either way the token would prove another moment than the one that we believe in.
      const early = asked.getTime() - timestamp.time.getTime();
      const late = timestamp.time.getTime() - answered.getTime();
      if (!(early <= TOLERANCE_MS && late <= TOLERANCE_MS)) throw this.#refused('its time is more than five minutes off our clock');
      return answer.token;
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      throw this.#refused(problemText(error), error);
    }
  }

  #refused(problem: string, cause?: unknown): HoldfastError {
    return new HoldfastError('timestamp_refused', `the answer of time-stamp authority ${this.name} is not accepted: ${problem}`, { cause });
  }
}

function urlOf({ name, url }: TimestampAuthorityOptions): URL {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '')
    throw new HoldfastError('bad_configuration', `time-stamp authority ${name}: its address is not an http or https address without a user name`);
  return parsed;
}

function rootsOf({ name, roots }: TimestampAuthorityOptions): readonly Certificate[] {
  if (roots.length === 0)
    throw new HoldfastError('bad_configuration', `time-stamp authority ${name} has no root certificate: nothing it signs could be trusted`);
  try {
    return roots.map((der) => new Certificate(der, 'a root certificate'));
  } catch (error) {
    throw new HoldfastError('bad_configuration', `time-stamp authority ${name}: ${problemText(error)}`, { cause: error });
  }
}

function stopped(): HoldfastError {
  return new HoldfastError('stopped', 'time stamping was stopped');
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(stopped());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
  });
}
