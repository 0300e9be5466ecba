import { HoldfastError } from '@holdfast/record';
import type { ObjectVersion, TimestampAuthority } from '@holdfast/ports';
import { fromHex, toHex } from '@holdfast/seal';
import { TOKEN_PREFIX, parseLogKey, tokenKey } from '@holdfast/tlog';
import type { LogKey } from '@holdfast/tlog';
import { unlessMissing } from '@holdfast/vault';
import type { Archive, GovernanceLog } from '@holdfast/vault';
import type { Published } from './checkpointing.js';

const DAY_MS = 86_400_000;
/** A token is renewed when the certificate that signed it ends within this time. */
const RENEW_MS = 30 * DAY_MS;
/** An authority that has failed is asked again after this time. */
const AGAIN_MS = 60_000;
/** Time for all authorities of one step: the log goes on meanwhile only after it. */
const TIME_LIMIT_MS = 20_000;
/** Stored tokens that one step of a renewal pass looks at. */
const TOKENS_A_STEP = 32;

/** When the certificate behind a stored token ends; undefined for one that proves nothing any more. */
export type InspectToken = (token: Uint8Array, digest: Uint8Array) => Promise<Date | undefined>;

type Token = Extract<LogKey, { readonly type: 'token' }> & { readonly row: ObjectVersion };

/** Asks time-stamp authorities for tokens over checkpoints, and renews old tokens before their certificates end. */
export class Stamping {
  readonly #archive: Archive;
  readonly #governance: GovernanceLog;
  readonly #authorities: readonly TimestampAuthority[];
  readonly #inspect: InspectToken | undefined;
  readonly #warn: (sentence: string) => void;
  /** The checkpoint of the hour, and who has not stamped it yet. */
  #wanted: Pick<Published, 'size' | 'hash'> | undefined;
  #missing = new Set<TimestampAuthority>();
  #notBefore = 0;
  #renewal: AsyncGenerator<void> | undefined;
  #renewAt = 0;
  /** When the newest token was stored by this process. */
  #stampedAt: number | undefined;

  constructor(
    archive: Archive,
    governance: GovernanceLog,
    authorities: readonly TimestampAuthority[],
    inspect: InspectToken | undefined,
    warn: (sentence: string) => void,
  ) {
    this.#archive = archive;
    this.#governance = governance;
    this.#authorities = authorities;
    this.#inspect = inspect;
    this.#warn = warn;
  }

  get any(): boolean {
    return this.#authorities.length > 0;
  }

  get stampedAt(): number | undefined {
    return this.#stampedAt;
  }

  /** The first checkpoint of an hour is time-stamped; the first of a day is the end of the day before. */
  want(published: Published): void {
    if (!published.hourly || !this.any) return;
    // What could not be had for the hour before is not made up for: a token over a later checkpoint covers the earlier one.
    this.#wanted = published;
    this.#missing = new Set(this.#authorities);
    this.#notBefore = 0;
  }

  async step(signal?: AbortSignal): Promise<void> {
    const now = this.#archive.clock.now().getTime();
    await this.#stamp(now, signal);
    await this.#renew(now, signal);
  }

  async #stamp(now: number, signal: AbortSignal | undefined): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#missing.size === 0 || now < this.#notBefore) return;
    const limit = AbortSignal.any([AbortSignal.timeout(TIME_LIMIT_MS), ...(signal === undefined ? [] : [signal])]);
    const digest = fromHex(wanted.hash, 32);
    await Promise.all(
      [...this.#missing].map(async (authority) => {
        const token = await this.#ask(authority, digest, limit);
        if (token === undefined) return;
        // Durable: the checkpoint under it, locked to the horizon. A crash before: the next run asks for another token.
        await this.#put(tokenKey(wanted.size, wanted.hash, this.#hash(token)), token);
        this.#missing.delete(authority);
        this.#stampedAt = this.#archive.clock.now().getTime();
      }),
    );
    this.#notBefore = now + AGAIN_MS;
  }

  /** A few tokens of a pass over all of them; the next pass begins a day later. */
  async #renew(now: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#inspect === undefined || !this.any || now < this.#renewAt) return;
    this.#renewal ??= this.#pass(now, this.#inspect, signal);
    if ((await this.#renewal.next()).done !== true) return;
    this.#renewal = undefined;
    this.#renewAt = now + DAY_MS;
  }

  async *#pass(now: number, inspect: InspectToken, signal: AbortSignal | undefined): AsyncGenerator<void> {
    let looked = 0;
    for await (const tokens of this.#byCheckpoint()) {
      const renewed = new Set(tokens.flatMap(({ renews }) => renews ?? []));
      for (const token of tokens) {
        if (!renewed.has(token.hash)) await this.#renewOne(token, now, inspect, signal);
        if (++looked % TOKENS_A_STEP === 0) yield;
      }
    }
  }

  /** Tokens of one checkpoint after the other: they share a folder, so listings bring them together. */
  async *#byCheckpoint(): AsyncGenerator<readonly Token[]> {
    let tokens: Token[] = [];
    for await (const row of this.#archive.vault.list(TOKEN_PREFIX)) {
      const name = parseLogKey(row.key);
      if (name?.type !== 'token' || row.deleteMarker) continue;
      if (tokens[0] !== undefined && tokens[0].checkpoint !== name.checkpoint) {
        yield tokens;
        tokens = [];
      }
      if (!tokens.some(({ hash }) => hash === name.hash)) tokens.push({ ...name, row });
    }
    if (tokens.length > 0) yield tokens;
  }

  async #renewOne(token: Token, now: number, inspect: InspectToken, signal: AbortSignal | undefined): Promise<void> {
    const bytes = await unlessMissing(this.#archive.vault.get(token.row.key, token.row.version));
    if (bytes === undefined || this.#hash(bytes) !== token.hash) return;
    const ends = await inspect(bytes, fromHex(token.renews ?? token.checkpoint, 32));
    // One that proves nothing is not worth renewing; `verify` tells of it.
    if (ends === undefined || ends.getTime() - now > RENEW_MS) return;
    for (const authority of this.#authorities) {
      const renewal = await this.#ask(authority, fromHex(token.hash, 32), signal);
      if (renewal === undefined) continue;
      // Durable: the old token. A crash before: the next pass renews it; after: it finds that it is renewed.
      await this.#put(tokenKey(token.size, token.checkpoint, this.#hash(renewal), token.hash), renewal);
      return;
    }
  }

  /** Undefined when the authority gives none now: anchoring goes on with the others. */
  async #ask(authority: TimestampAuthority, digest: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    try {
      return await authority.stamp(digest, signal);
    } catch (error) {
      if (!(error instanceof HoldfastError) || !['timestamp_unavailable', 'timestamp_refused', 'stopped'].includes(error.code)) throw error;
      this.#warn(`The time-stamp authority ${authority.name} gave no token: ${error.message}`);
      return undefined;
    }
  }

  async #put(key: string, token: Uint8Array): Promise<void> {
    const { vault, clock } = this.#archive;
    await vault.put(key, token, { mode: 'COMPLIANCE', retainUntil: this.#governance.ledgerUntil(clock.now()) });
  }

  #hash(bytes: Uint8Array): string {
    return toHex(this.#archive.crypto.sha256(bytes));
  }
}
