import { HoldfastError } from '@holdfast/record';
import type { Alarms } from '@holdfast/ports';
import { SegmentBuilder, toHex, utf8 } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { CheckedClock } from './checked-clock.js';
import { ChainWriter } from './chain-writer.js';
import type { DataKeys } from './data-keys.js';
import { givenUp, unlessGivenUp, whenAllGiveUp } from './deadline.js';
import type { GovernanceLog } from './governance-log.js';
import { readHead } from './head.js';
import { ledgerKey } from './ledger-key.js';
import type { Committed } from './manifests.js';

/** An event of an encrypted ledger chain: JSON under a subject. */
export interface LedgerEvent {
  readonly subject: string;
  readonly value: object;
}

interface Waiting {
  readonly event: LedgerEvent;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

const MOST_PER_SEGMENT = 1_000;
const MAX_LOST_RACES = 20;

/**
 * Appends events to one encrypted ledger chain (`access/<writer>`). Events that arrive while a segment is being committed
 * share the next one, so that a burst of readers costs few claims. `append` resolves when the event is committed: only
 * then may the data that it accounts for be shown (invariant I6).
 */
export class LedgerWriter {
  readonly #archive: Archive;
  readonly #clock: CheckedClock;
  readonly #governance: GovernanceLog;
  readonly #dataKeys: DataKeys;
  readonly #alarms: Pick<Alarms, 'raise' | 'clear'> | undefined;
  readonly chain: string;
  #writer: ChainWriter | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(archive: Archive, clock: CheckedClock, governance: GovernanceLog, dataKeys: DataKeys, chain: string, alarms?: Alarms) {
    this.#archive = archive;
    this.#clock = clock;
    this.#governance = governance;
    this.#dataKeys = dataKeys;
    this.#alarms = alarms;
    this.chain = chain;
  }

  /**
   * While the claims store is away this goes on until the outcome is known, however long; `signal` ends that.
   * @throws HoldfastError after `signal`: `store_unavailable` when it was a deadline (`AbortSignal.timeout`), else `stopped`. Whether
   * the event is sealed is unknown then
   */
  append(event: LedgerEvent, signal?: AbortSignal): Promise<Committed> {
    const appended = new Promise<Committed>((resolve, reject) => {
      this.#waiting.push({ event, signal, resolve, reject });
      this.#running ??= this.#drain();
    });
    return unlessGivenUp(appended, signal);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, MOST_PER_SEGMENT);
      // Whoever has given up before it began gets nothing sealed in his name.
      const batch = taken.filter(({ signal }) => signal?.aborted !== true);
      for (const { signal, reject } of taken) if (signal?.aborted === true) reject(givenUp(signal));
      if (batch.length === 0) continue;
      const giveUp = whenAllGiveUp(batch.map(({ signal }) => signal));
      try {
        const committed = await this.#commit(
          batch.map(({ event }) => event),
          giveUp.signal,
        );
        for (const { resolve } of batch) resolve(committed);
      } catch (error) {
        // The outcome may be unknown: the next append looks at the chain anew.
        this.#writer = undefined;
        for (const { reject } of batch) reject(error);
      } finally {
        giveUp.release();
      }
    }
    // In the same turn as the last look at the queue: an event that comes later finds nobody running and starts anew.
    this.#running = undefined;
  }

  async #commit(events: readonly LedgerEvent[], signal: AbortSignal | undefined): Promise<Committed> {
    for (let lost = 0; lost < MAX_LOST_RACES; lost++) {
      await this.#governance.refresh();
      await this.#register(signal);
      if (this.#writer === undefined) {
        this.#writer = new ChainWriter(
          this.#archive,
          this.#clock,
          this.chain,
          await readHead(this.#archive, this.chain, this.#governance.keys, 0, this.#governance.log),
        );
        // Whoever wrote last may have obeyed a head that is newer than ours.
        await this.#governance.refresh();
      }
      const writer = this.#writer;
      const clock = await this.#clock.now();
      const { cohort, key } = await ledgerKey(this.#dataKeys, this.chain, clock.getUTCFullYear(), this.#alarms);
      const builder = new SegmentBuilder(
        this.#archive.crypto,
        { archive: this.#archive.id, chain: this.chain, seq: writer.head.seqs },
        writer.nextOffset,
      );
      events.forEach((event, i) => {
        builder.add(
          {
            offset: writer.nextOffset + BigInt(i),
            timestamp: BigInt(clock.getTime()),
            timestampType: 'create',
            key: utf8(event.subject),
            value: utf8(JSON.stringify(event.value)),
            headers: [],
          },
          cohort,
          () => ({ dataKeyId: key.id, wraps: key.wraps, dataKey: key.key, random: this.#archive.random(32) }),
        );
      });
      const rules = this.#governance.rules();
      const staged = await writer.stage(writer.head.seqs, builder.finish(), rules, clock);
      const committed = await writer.commit(staged, rules, {}, signal).catch((error: unknown) => {
        // Nobody has stopped this writer: the signing key was changed between the look at gov and the signature.
        if (error instanceof HoldfastError && error.code === 'stopped' && signal?.aborted !== true) return undefined;
        throw error;
      });
      if (committed !== undefined) return committed;
      // Another process writes under the same name: look at the head again and append behind it.
      this.#writer = undefined;
    }
    throw new HoldfastError('claim_lost', `the chain ${this.chain} moved on ${MAX_LOST_RACES} times; is another process using the same writer name?`);
  }

  async #register(signal: AbortSignal | undefined): Promise<void> {
    if (this.#governance.state.chains.has(this.chain)) return;
    await this.#governance.append(
      (state) =>
        state.chains.has(this.chain)
          ? []
          : [
              {
                type: 'chain.registered',
                id: toHex(this.#archive.random(16)),
                time: this.#archive.clock.now().toISOString(),
                principal: 'service:holdfast',
                chain: this.chain,
              },
            ],
      signal,
    );
  }
}
