import type { OpenedArchive } from '@holdfast/assembly';
import { IndexFollower, indexLag } from '@holdfast/indexing';
import type { Component, Logger } from '@holdfast/platform';
import type { RecordIndex } from '@holdfast/ports';
import { pause } from '@holdfast/vault';
import { AlarmBoard } from './alarm-board.js';
import type { RoleOptions } from './seal-role.js';

const LAG_EVERY_MS = 5_000;

/** The role index in this process: vault → search index, for as long as the process lives. */
export class IndexRole {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #pollMs: number;
  readonly #abort = new AbortController();
  readonly alarms: AlarmBoard;
  #index: RecordIndex | undefined;
  #follower: IndexFollower | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** Segments that are sealed and not searchable, by chain, as of the last look; undefined before the first. */
  lag: readonly { readonly chain: string; readonly segments: number }[] | undefined;

  constructor({ health, logger }: RoleOptions, pollMs: number) {
    this.#pollMs = pollMs;
    this.#component = health.component('index');
    this.#logger = logger.child({ role: 'index' });
    this.alarms = new AlarmBoard(this.#component, this.#logger);
  }

  get follower(): IndexFollower | undefined {
    return this.#follower;
  }

  start(opened: OpenedArchive): void {
    this.#index = opened.index();
    this.#follower = new IndexFollower({ ...opened, index: this.#index, alarms: this.alarms, pollMs: this.#pollMs });
    this.#follower.start();
    this.#component.to('running');
    this.#watching = this.#watch(opened, this.#follower).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) throw error;
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#component.to('draining');
    await this.#watching;
    await this.#follower?.stop();
    this.#component.to('stopped');
  }

  async close(): Promise<void> {
    await this.#index?.close();
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
