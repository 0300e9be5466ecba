import type { OpenedArchive } from '@holdfast/assembly';
import { DayKeeper, IndexAuditor, IndexFollower, indexLag } from '@holdfast/indexing';
import type { AttestReport } from '@holdfast/indexing';
import type { Component, Logger } from '@holdfast/platform';
import type { RecordIndex } from '@holdfast/ports';
import { pause } from '@holdfast/vault';
import { AlarmBoard } from './alarm-board.js';
import type { RoleOptions } from './seal-role.js';

const LAG_EVERY_MS = 5_000;

/** How often a sample of the index is compared with the vault, and how large it is. */
export interface IndexAuditSettings {
  readonly everyMs: number;
  readonly segments: number;
}

/** The role index in this process: vault → search index, for as long as the process lives. */
export class IndexRole {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #pollMs: number;
  readonly #audit: IndexAuditSettings;
  readonly #abort = new AbortController();
  readonly alarms: AlarmBoard;
  #index: RecordIndex | undefined;
  #follower: IndexFollower | undefined;
  #auditor: IndexAuditor | undefined;
  #days: DayKeeper | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** Segments that are sealed and not searchable, by chain, as of the last look; undefined before the first. */
  lag: readonly { readonly chain: string; readonly segments: number }[] | undefined;

  constructor({ health, logger }: RoleOptions, pollMs: number, audit: IndexAuditSettings) {
    this.#pollMs = pollMs;
    this.#audit = audit;
    this.#component = health.component('index');
    this.#logger = logger.child({ role: 'index' });
    this.alarms = new AlarmBoard(this.#component, this.#logger);
  }

  get follower(): IndexFollower | undefined {
    return this.#follower;
  }

  get days(): DayKeeper | undefined {
    return this.#days;
  }

  get auditor(): IndexAuditor | undefined {
    return this.#auditor;
  }

  start(opened: OpenedArchive): void {
    this.#index = opened.index();
    this.#follower = new IndexFollower({ ...opened, index: this.#index, alarms: this.alarms, pollMs: this.#pollMs });
    this.#follower.start();
    this.#auditor = new IndexAuditor({
      ...opened,
      ...this.#audit,
      index: this.#index,
      alarms: this.alarms,
      onSample: (report) => this.#sampled(report),
      onSkipped: (error) => this.#logger.debug({ err: error }, 'no sample of the index could be compared'),
    });
    this.#auditor.start();
    // Behind the index: what is searchable was verified, and a dead search engine only delays day directories.
    const follower = this.#follower;
    this.#days = new DayKeeper({
      ...opened,
      alarms: this.alarms,
      onRange: (chain, { day, firstSeq, lastSeq, objects }) =>
        this.#logger.info({ chain, day, seq: firstSeq, segments: lastSeq - firstSeq + 1, records: objects.records }, 'day directories sealed'),
    });
    this.#days.start(() => follower.position);
    this.#component.to('running');
    this.#watching = this.#watch(opened, this.#follower).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) throw error;
    });
  }

  /** A segment was committed by this process. */
  hint(chain: string): void {
    this.#follower?.hint(chain);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#component.to('draining');
    await this.#watching;
    await this.#days?.stop();
    await this.#auditor?.stop();
    await this.#follower?.stop();
    this.#component.to('stopped');
  }

  async close(): Promise<void> {
    await this.#index?.close();
  }

  /** The seed is told, so that the sample can be taken again; a finding names ids and members, never text. */
  #sampled({ seed, segments, compared, findings, findingsTotal, unreadable }: AttestReport): void {
    const facts = { ...(seed !== undefined && { seed }), segments, events: compared, count: findingsTotal };
    const [finding] = findings;
    const [unread] = unreadable;
    if (finding !== undefined)
      this.#logger.error(
        { ...facts, finding: finding.code, reason: `${finding.place}: ${finding.message}` },
        'the search index differs from the vault',
      );
    else if (unread !== undefined)
      this.#logger.warn({ ...facts, reason: `${unread.place}: ${unread.message}` }, 'a sample of the index could not be compared');
    else this.#logger.debug(facts, 'a sample of the index is as the vault says');
  }

  /** Metrics read what was seen last: a scrape must not wait for a store. */
  async #watch(opened: OpenedArchive, follower: IndexFollower): Promise<void> {
    const { signal } = this.#abort;
    // Ends when the pause is stopped.
    for (;;) {
      try {
        if (follower.position !== undefined) this.lag = await indexLag(opened.archive, opened.governance, follower.position);
      } catch (error) {
        // The follower meets the same fault and raises the alarm.
        this.#logger.debug({ err: error }, 'index lag is unknown');
        this.lag = undefined;
      }
      await pause(LAG_EVERY_MS, signal);
    }
  }
}
