import type { OpenedArchive } from '@holdfast/assembly';
import type { Logger } from '@holdfast/platform';
import type { Alarms } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { pause, readCommitted } from '@holdfast/vault';
import { firstMissingKeys } from './key-horizon.js';

const EVERY_MS = 60_000;
/** Keys that run out within this time are reported. */
const DAY_MS = 24 * 3600 * 1000;
const WARN_BEFORE_MS = 60 * DAY_MS;

/**
 * What nobody notices until it is late, looked at once a minute: keys for the coming months, the restore drill, this machine's clock against
 * the store's, and segments whose time ran ahead of the clock of their writer.
 */
export class StandingChecks {
  readonly #opened: OpenedArchive;
  readonly #alarms: Alarms;
  readonly #logger: Logger;
  readonly #drillMs: number;
  readonly #abort = new AbortController();
  /** Newest segment of each chain since the last look. */
  readonly #committed = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  /** `drillDays`: a restore drill of the escrow is due that long after the last; 0: never. */
  constructor(opened: OpenedArchive, alarms: Alarms, logger: Logger, drillDays = 0) {
    this.#drillMs = drillDays * DAY_MS;
    this.#opened = opened;
    this.#alarms = alarms;
    this.#logger = logger;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Notes a segment that this process has sealed. */
  committed(chain: string, seq: number): void {
    this.#committed.set(chain, seq);
  }

  /** All checks once. */
  async look(): Promise<void> {
    await this.#guarded('keys', () => this.#keys());
    await this.#guarded('escrow', () => this.#drill());
    await this.#guarded('clock', () => this.#clock());
    for (const [chain, seq] of this.#committed) await this.#guarded(chain, () => this.#clockAhead(chain, seq));
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.look();
      // Rejects only when this is stopped.
      await pause(EVERY_MS, signal).catch(() => undefined);
    }
  }

  async #keys(): Promise<void> {
    const { archive, governance } = this.#opened;
    const now = archive.clock.now();
    const present = (await archive.keys.cohorts()).map(({ cohort }) => cohort);
    const missing = firstMissingKeys([...governance.state.classes.values()], present, now);
    if (missing === undefined || missing.neededFrom.getTime() - now.getTime() > WARN_BEFORE_MS) {
      this.#alarms.clear('KEYS_RUNNING_OUT', 'keys');
      return;
    }
    const { cohort, neededFrom } = missing;
    const day = neededFrom.toISOString().slice(0, 10);
    this.#alarms.raise('KEYS_RUNNING_OUT', 'keys', 'warning', `There are no keys for ${cohort.className}/${cohort.period}, needed from ${day} on.`);
  }

  /** The escrow opens data when everything else is lost, and nobody would notice before that it does not. */
  #drill(): Promise<void> {
    if (this.#drillMs > 0) this.#judgeDrill();
    return Promise.resolve();
  }

  #judgeDrill(): void {
    const { archive, governance } = this.#opened;
    const { drill } = governance.state;
    const since = drill?.time ?? archive.genesis.created;
    const age = archive.clock.now().getTime() - new Date(since).getTime();
    if (age <= this.#drillMs && (drill?.failed ?? 0) === 0) {
      this.#alarms.clear('ESCROW_DRILL_DUE', 'escrow');
      return;
    }
    const day = since.slice(0, 10);
    const what =
      drill === undefined
        ? `No restore drill of the escrow was held since the archive was made on ${day}.`
        : drill.failed > 0
          ? `In the restore drill of ${day} ${drill.failed} of ${drill.sampled} wraps did not open with the escrow keys.`
          : `The last restore drill of the escrow was held on ${day}.`;
    this.#alarms.raise('ESCROW_DRILL_DUE', 'escrow', 'warning', what);
  }

  async #clock(): Promise<void> {
    await this.#opened.clock.now();
    this.#alarms.clear('CLOCK_SKEW', 'clock');
  }

  async #clockAhead(chain: string, seq: number): Promise<void> {
    const { archive, governance } = this.#opened;
    const committed = await readCommitted(archive, chain, seq, governance.keys);
    this.#committed.delete(chain);
    if (committed === undefined || committed.manifest.time === committed.manifest.clock) {
      this.#alarms.clear('CLOCK_AHEAD', chain);
      return;
    }
    const { time, clock } = committed.manifest;
    this.#alarms.raise('CLOCK_AHEAD', chain, 'warning', `The time of ${chain} (${time}) is ahead of this machine's clock (${clock}).`);
  }

  /** A fault of a check is an alarm of its own kind and ends when the check succeeds again. */
  async #guarded(place: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
      for (const code of ['STORE_UNAVAILABLE', 'KEY_MISSING', 'CLAIM_UNREADABLE'] as const) this.#alarms.clear(code, place);
    } catch (error) {
      if (!(error instanceof HoldfastError)) this.#logger.error({ err: error }, 'a standing check failed in an unforeseen way');
      else if (error.code === 'clock_skew') this.#alarms.raise('CLOCK_SKEW', place, 'stopped', error.message);
      else if (error.code === 'key_missing' || error.code === 'key_malformed') this.#alarms.raise('KEY_MISSING', place, 'stopped', error.message);
      else if (error.code === 'claim_unreadable') this.#alarms.raise('CLAIM_UNREADABLE', place, 'stopped', error.message);
      else this.#alarms.raise('STORE_UNAVAILABLE', place, 'waiting', error.message);
    }
  }
}
