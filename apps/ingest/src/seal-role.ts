import type { OpenedArchive } from '@holdfast/assembly';
import { SealWorker } from '@holdfast/archiving';
import type { SealLimits } from '@holdfast/archiving';
import type { Component, Health, Logger } from '@holdfast/platform';
import type { RecordSource } from '@holdfast/ports';
import { HoldfastError, kindOf } from '@holdfast/record';
import { pause } from '@holdfast/vault';
import { AlarmBoard } from './alarm-board.js';
import { StandingChecks } from './checks/standing-checks.js';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export interface RoleOptions {
  readonly health: Health;
  readonly logger: Logger;
}

/** What the role needs besides the archive. */
export interface SealSettings {
  readonly limits: SealLimits;
  readonly escrowDrillDays: number;
}

/** The role seal in this process: source → vault, for as long as the process lives. */
export class SealRole {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #limits: SealLimits;
  readonly #escrowDrillDays: number;
  readonly #onCommitted: (chain: string) => void;
  readonly #abort = new AbortController();
  readonly alarms: AlarmBoard;
  #source: RecordSource | undefined;
  #worker: SealWorker | undefined;
  #checks: StandingChecks | undefined;
  #starting: Promise<void> = Promise.resolve();

  /** `onCommitted` hears of each segment of this process, as a hint. */
  constructor({ health, logger }: RoleOptions, { limits, escrowDrillDays }: SealSettings, onCommitted: (chain: string) => void) {
    this.#component = health.component('seal');
    this.#logger = logger.child({ role: 'seal' });
    this.#limits = limits;
    this.#escrowDrillDays = escrowDrillDays;
    this.#onCommitted = onCommitted;
    this.alarms = new AlarmBoard(this.#component, this.#logger);
  }

  /** The worker, once the source could be reached. */
  get worker(): SealWorker | undefined {
    return this.#worker;
  }

  start(opened: OpenedArchive): void {
    this.#checks = new StandingChecks(opened, this.alarms, this.#logger, this.#escrowDrillDays);
    this.#checks.start();
    this.#starting = this.#start(opened).catch((error: unknown) => {
      // Only `stop` ends the attempts; anything else is a fault in the program.
      if (this.#abort.signal.aborted) return;
      this.#logger.error({ err: error }, 'the role seal failed in an unforeseen way');
      this.#component.to('failed', 'it failed in an unforeseen way; the log says how');
    });
  }

  /**
   * Stops intake, wins the claims of what was taken, commits the offsets as hints. What cannot be committed within the grace
   * is given up: the next start reads it again.
   */
  async stop(graceMs: number): Promise<void> {
    this.#abort.abort();
    await this.#starting;
    this.#component.to('draining');
    await this.#checks?.stop();
    await this.#worker?.stop(graceMs);
    this.#component.to('stopped');
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  async #start(opened: OpenedArchive): Promise<void> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const source = opened.source();
      try {
        const worker = new SealWorker({
          ...opened,
          source,
          limits: this.#limits,
          closeDays: true,
          alarms: this.alarms,
          onCommitted: (_at, chain, { seq }) => {
            this.#checks?.committed(chain, seq);
            this.#onCommitted(chain);
          },
        });
        await worker.start();
        this.#source = source;
        this.#worker = worker;
        break;
      } catch (error) {
        await source.close();
        this.#waiting(error);
      }
      await pause(wait, this.#abort.signal);
    }
    this.alarms.clear('SOURCE_UNAVAILABLE', 'source');
    this.alarms.clear('SOURCE_REFUSED', 'source');
    this.#component.to('running');
    await this.#warn(this.#source);
  }

  async #warn(source: RecordSource): Promise<void> {
    try {
      for (const reason of await source.warnings()) this.#logger.warn({ reason }, 'a setting of the source endangers records');
    } catch (error) {
      this.#logger.warn({ err: error }, 'the settings of the source cannot be read now');
    }
  }

  /** A source that cannot be reached, or is set up so that it must not be used, is looked at again: mending it is enough. */
  #waiting(error: unknown): void {
    if (!(error instanceof HoldfastError)) this.#logger.error({ err: error }, 'the source failed in an unforeseen way');
    const message = error instanceof HoldfastError ? error.message : 'The source failed in an unforeseen way; the log says how.';
    const waits = error instanceof HoldfastError && kindOf(error) === 'transient';
    this.alarms.raise(waits ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', 'source', waits ? 'waiting' : 'stopped', message);
    this.#component.to('starting', message);
  }
}
