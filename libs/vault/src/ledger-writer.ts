import { HoldfastError } from '@holdfast/record';
import { LEDGER_CLASS, SegmentBuilder, toHex, utf8 } from '@holdfast/seal';
import type { Archive } from './archive.js';
import type { CheckedClock } from './checked-clock.js';
import { ChainWriter } from './chain-writer.js';
import type { DataKeys } from './data-keys.js';
import type { GovernanceLog } from './governance-log.js';
import { readHead } from './head.js';
import type { Committed } from './manifests.js';

/** An event of an encrypted ledger chain: JSON under a subject. */
export interface LedgerEvent {
  readonly subject: string;
  readonly value: object;
}

interface Waiting {
  readonly event: LedgerEvent;
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
  readonly chain: string;
  #writer: ChainWriter | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(archive: Archive, clock: CheckedClock, governance: GovernanceLog, dataKeys: DataKeys, chain: string) {
    this.#archive = archive;
    this.#clock = clock;
    this.#governance = governance;
    this.#dataKeys = dataKeys;
    this.chain = chain;
  }

  append(event: LedgerEvent): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_PER_SEGMENT);
      try {
        const committed = await this.#commit(batch.map(({ event }) => event));
        for (const { resolve } of batch) resolve(committed);
      } catch (error) {
        // The outcome may be unknown: the next append looks at the chain anew.
        this.#writer = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    // In the same turn as the last look at the queue: an event that comes later finds nobody running and starts anew.
    this.#running = undefined;
  }

  async #commit(events: readonly LedgerEvent[]): Promise<Committed> {
    for (let lost = 0; lost < MAX_LOST_RACES; lost++) {
      await this.#governance.refresh();
      await this.#register();
      if (this.#writer === undefined) {
        this.#writer = new ChainWriter(this.#archive, this.#clock, this.chain, await readHead(this.#archive, this.chain, this.#governance.keys));
        // Whoever wrote last may have obeyed a head that is newer than ours.
        await this.#governance.refresh();
      }
      const writer = this.#writer;
      const clock = await this.#clock.now();
      const cohort = { className: LEDGER_CLASS.name, classNumber: LEDGER_CLASS.number, period: String(clock.getUTCFullYear()) };
      const key = await this.#dataKeys.current(this.chain, cohort);
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
      const committed = await writer.commit(staged, rules).catch((error: unknown) => {
        // Nobody stops this writer: the signing key was changed between the look at gov and the signature.
        if (error instanceof HoldfastError && error.code === 'stopped') return undefined;
        throw error;
      });
      if (committed !== undefined) return committed;
      // Another process writes under the same name: look at the head again and append behind it.
      this.#writer = undefined;
    }
    throw new HoldfastError('claim_lost', `the chain ${this.chain} moved on ${MAX_LOST_RACES} times; is another process using the same writer name?`);
  }

  async #register(): Promise<void> {
    if (this.#governance.state.chains.has(this.chain)) return;
    await this.#governance.append((state) =>
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
    );
  }
}
