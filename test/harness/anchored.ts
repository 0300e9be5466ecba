import { nodeCrypto } from '@holdfast/crypto-node';
import { Notary } from '@holdfast/notary';
import type { NotaryOptions } from '@holdfast/notary';
import type { Clock } from '@holdfast/ports';
import { MemoryAuthority, MemoryWitness } from '@holdfast/test-kit';
import { logKeysOf } from '@holdfast/tlog';
import type { Policy } from '@holdfast/tlog';
import type { Archive } from '@holdfast/vault';
import type { Anchors, TimestampCheck } from '@holdfast/verify';
import { TestAlarms } from './memory-archive.js';

/** A witness and a time-stamp authority outside an archive, what an auditor believes of them, and what he has kept. */
export class Outside {
  readonly witness: MemoryWitness;
  readonly authority: MemoryAuthority;
  /** The checkpoint that the witness co-signed last. */
  newest: Uint8Array | undefined;
  readonly #clock: Clock;

  constructor(archive: Archive, clock: Clock) {
    this.witness = new MemoryWitness(nodeCrypto, 'w', logKeysOf(archive));
    this.authority = new MemoryAuthority('t', clock, new Date('2040-01-01T00:00:00Z'));
    this.#clock = clock;
  }

  get policy(): Policy {
    return {
      logs: [],
      witnesses: [{ name: 'w', key: this.witness.key }],
      groups: [],
      quorum: 'w',
      tsas: [{ name: 't', certificate: Uint8Array.of(1) }],
    };
  }

  /** Whoever trusts witness and authority, and has kept nothing. */
  believing(): Anchors {
    return { policy: this.policy, timestampCheck: this.#timestampCheck };
  }

  /** Whoever has the newest co-signed checkpoint besides, as a witness gives it to everybody who asks. */
  holding(): Anchors {
    return { ...this.believing(), ...(this.newest !== undefined && { checkpoints: [this.newest] }) };
  }

  /** One notary over everything that is sealed; `asked`: witness and authority are asked. */
  async notarise(process: Pick<NotaryOptions, 'archive' | 'governance' | 'clock'>, asked = true): Promise<Uint8Array> {
    const { archive, governance, clock } = process;
    const notary = new Notary({ archive, governance, clock, alarms: new TestAlarms(), ...(asked && this.#asked()) });
    const published = await notary.untilCovered();
    if (published === undefined) throw new Error('nothing was published');
    if (asked) this.newest = published.bytes;
    return published.bytes;
  }

  #asked(): Partial<NotaryOptions> {
    this.witness.time = Math.floor(this.#clock.now().getTime() / 1000);
    const inspect = (token: Uint8Array, digest: Uint8Array): Promise<Date | undefined> => MemoryAuthority.inspect(token, digest);
    return { policy: this.policy, witnesses: [this.witness], authorities: [this.authority], inspect };
  }

  readonly #timestampCheck: TimestampCheck = async (token, digest) => {
    const certificateEnds = await MemoryAuthority.inspect(token, digest);
    if (certificateEnds === undefined) return { ok: false, problem: 'the token does not stand over this digest.' };
    return { ok: true, time: this.#clock.now(), authority: 't', certificateEnds, policy: '1.2.3', serial: '0x1' };
  };
}
