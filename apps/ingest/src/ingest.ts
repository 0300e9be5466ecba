import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { alarmAdvice, openPatiently } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import type { SealLimits } from '@holdfast/archiving';
import type { Component, Health, Logger } from '@holdfast/platform';
import { IndexRole } from './index-role.js';
import type { IndexAuditSettings } from './index-role.js';
import { SealRole } from './seal-role.js';

export interface IngestOptions {
  readonly open: () => Promise<OpenedArchive>;
  readonly roles: readonly string[];
  readonly limits: SealLimits;
  readonly indexPollMs: number;
  readonly indexAudit: IndexAuditSettings;
  /** A restore drill of the escrow is due that many days after the last; 0: never. */
  readonly escrowDrillDays: number;
  readonly graceMs: number;
  readonly health: Health;
  readonly logger: Logger;
}

/**
 * What ingest does between start and stop: opens the archive, waiting for its stores if need be, then runs its roles. The
 * hooks of Nest give the order of a shutdown: intake stops and everything taken is committed, then HTTP drains, then the
 * clients are closed.
 */
export class Ingest implements OnModuleDestroy, OnApplicationShutdown {
  readonly #options: IngestOptions;
  readonly #component: Component;
  readonly #abort = new AbortController();
  readonly #fatal = Promise.withResolvers<never>();
  readonly seal: SealRole | undefined;
  readonly index: IndexRole | undefined;
  #opening: Promise<void> = Promise.resolve();
  #opened: OpenedArchive | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#component = options.health.component('archive');
    this.seal = options.roles.includes('seal') ? new SealRole(options, options, (chain) => this.index?.hint(chain)) : undefined;
    this.index = options.roles.includes('index') ? new IndexRole(options, options.indexPollMs, options.indexAudit) : undefined;
    // Whoever runs the process waits for it; in tests nobody may.
    this.#fatal.promise.catch(() => undefined);
  }

  /** Rejects when the archive cannot be opened and waiting would not help. */
  get fatal(): Promise<never> {
    return this.#fatal.promise;
  }

  /** Begins to open the archive; after the server listens, so that a port in use touches nothing. */
  start(): void {
    this.#opening = this.#open().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#fatal.reject(error);
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.#abort.abort();
    await this.#opening;
    this.#component.to('draining');
    // Once for an orderly end, once more for calls that hang: together they stay within the grace.
    await this.seal?.stop(this.#options.graceMs / 2);
    await this.index?.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.seal?.close();
    await this.index?.close();
    await this.#opened?.close();
    this.#component.to('stopped');
  }

  async #open(): Promise<void> {
    const opened = await openPatiently(
      this.#options.open,
      ({ message }) => {
        this.#component.raise({ code: 'STORE_UNAVAILABLE', message, whatToDo: alarmAdvice('STORE_UNAVAILABLE'), blocking: true });
      },
      this.#abort.signal,
    );
    this.#opened = opened;
    this.#component.clear('STORE_UNAVAILABLE');
    this.#component.to('running');
    this.#options.logger.info({ archive: opened.archive.idHex, head: opened.governance.head.next }, 'archive opened');
    if (this.#abort.signal.aborted) return;
    this.seal?.start(opened);
    this.index?.start(opened);
  }
}
