import { randomBytes } from 'node:crypto';
import type { Clock, TimestampAuthority } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';

const MAGIC = 'fake token\0';

/** A time-stamp authority in memory. Its tokens prove nothing to anybody but `inspect`: they name digest, time and end of the certificate. */
export class MemoryAuthority implements TimestampAuthority {
  readonly name: string;
  /** Runs before each request; a throw is its answer. */
  before: () => void | Promise<void> = () => undefined;
  /** Digests that it has stamped, hex. */
  readonly stamped: string[] = [];
  certificateEnds: Date;
  readonly #clock: Clock;

  constructor(name: string, clock: Clock, certificateEnds: Date) {
    this.name = name;
    this.#clock = clock;
    this.certificateEnds = certificateEnds;
  }

  async stamp(digest: Uint8Array): Promise<Uint8Array> {
    if (digest.length !== 32) throw new HoldfastError('bad_request', 'a SHA-256 digest has 32 bytes');
    await this.before();
    const hex = Buffer.from(digest).toString('hex');
    this.stamped.push(hex);
    const facts = { digest: hex, time: this.#clock.now(), certificateEnds: this.certificateEnds, nonce: randomBytes(8).toString('hex') };
    return new Uint8Array(Buffer.from(`${MAGIC}${JSON.stringify(facts)}`));
  }

  /** When the certificate behind a token ends; undefined for bytes that are no token over this digest. */
  static inspect(token: Uint8Array, digest: Uint8Array): Promise<Date | undefined> {
    const text = Buffer.from(token).toString();
    if (!text.startsWith(MAGIC)) return Promise.resolve(undefined);
    // Only `stamp` writes behind the magic.
    const facts = JSON.parse(text.slice(MAGIC.length)) as { readonly digest: string; readonly certificateEnds: string };
    return Promise.resolve(facts.digest === Buffer.from(digest).toString('hex') ? new Date(facts.certificateEnds) : undefined);
  }
}
