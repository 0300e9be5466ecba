import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { alarmAdvice, openPatiently } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { CaptureFinder, openDiscovery } from '@holdfast/discovery';
import type { Discovery } from '@holdfast/discovery';
import type { Component, Health, Logger } from '@holdfast/platform';
import type { AlarmCode, Alarms, RecordIndex } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { LedgerWriter, pause } from '@holdfast/vault';
import { ArchiveStatus } from './archive-status.js';
import { LogView } from './log-view.js';
import type { NotaryRole } from './notary-role.js';
import { ReopeningIndex } from './reopening-index.js';
import { Verifications } from './verification/verifications.js';
import type { VerificationsOptions } from './verification/verifications.js';

const LOOK_MS = 5_000;

export interface AuditOptions {
  readonly open: () => Promise<OpenedArchive>;
  /** Accesses are sealed in `access/<writer>`. */
  readonly writer: string;
  readonly timeZone: string | undefined;
  readonly health: Health;
  readonly logger: Logger;
  /** The role notary, where this process has it. */
  readonly notary?: NotaryRole;
  /** false: the process only is a notary, and needs no search engine. */
  readonly api: boolean;
  /** How archives are verified on request. */
  readonly verification: Pick<VerificationsOptions, 'program' | 'place'>;
}

/** What the controllers work with once the archive is open. */
export interface OpenedAudit {
  readonly opened: OpenedArchive;
  readonly discovery: Discovery;
  readonly index: RecordIndex;
  readonly status: ArchiveStatus;
  readonly captures: CaptureFinder;
  readonly log: LogView;
  readonly verifications: Verifications;
}

/** What audit does between start and stop: opens the archive, waiting for its stores if need be, and follows `gov`. */
export class Audit implements OnModuleDestroy, OnApplicationShutdown {
  readonly #options: AuditOptions;
  readonly #archive: Component;
  /** Absent in a process that only is a notary. */
  readonly #search: Component | undefined;
  readonly #abort = new AbortController();
  readonly #fatal = Promise.withResolvers<never>();
  #running: Promise<void> = Promise.resolve();
  #audit: OpenedAudit | undefined;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#archive = options.health.component('archive');
    this.#search = options.api ? options.health.component('search') : undefined;
    // Whoever runs the process waits for it; in tests nobody may.
    this.#fatal.promise.catch(() => undefined);
  }

  /** For what notices a fault while it answers. One place a code: audit is one writer and has one index. */
  readonly alarms: Alarms = {
    raise: (code, _place, severity, message) => {
      this.#raise(this.#componentOf(code), code, message, severity !== 'warning');
    },
    clear: (code) => {
      this.#componentOf(code).clear(code);
    },
  };

  /** Rejects when the archive cannot be opened and waiting would not help. */
  get fatal(): Promise<never> {
    return this.#fatal.promise;
  }

  /** @throws HoldfastError `store_unavailable` before the archive is open */
  get current(): OpenedAudit {
    if (this.#audit === undefined) throw new HoldfastError('store_unavailable', 'The archive is still being opened; /ready says what it waits for.');
    return this.#audit;
  }

  /** Begins to open the archive; after the server listens, so that a port in use touches nothing. */
  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#fatal.reject(error);
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#audit?.verifications.stop();
    await this.#options.notary?.stop();
    this.#search?.to('draining');
    this.#archive.to('draining');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#audit?.index.close();
    await this.#audit?.opened.close();
    this.#search?.to('stopped');
    this.#archive.to('stopped');
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { open, writer, timeZone, logger, notary, verification } = this.#options;
    const opened = await openPatiently(open, ({ message }) => this.#raise(this.#archive, 'STORE_UNAVAILABLE', message, true), signal);
    const index = new ReopeningIndex(
      () => opened.index(),
      (fault) => this.#indexChanged(fault),
    );
    const { alarms } = this;
    const access = new LedgerWriter(opened.archive, opened.clock, opened.governance, opened.dataKeys, `access/${writer}`, alarms);
    const discovery = openDiscovery({ ...opened, access, ...(timeZone !== undefined && { timeZone }), alarms }, index, writer);
    this.#audit = {
      opened,
      index,
      discovery,
      status: new ArchiveStatus(opened, index, timeZone ?? opened.timeZone),
      captures: new CaptureFinder({ ...opened, alarms }, index),
      log: new LogView(opened.archive, opened.governance),
      verifications: new Verifications({ ...verification, access, logger }),
    };
    this.#archive.clear('STORE_UNAVAILABLE');
    this.#archive.to('running');
    logger.info({ archive: opened.archive.idHex, head: opened.governance.head.next, writer }, 'archive opened');
    await notary?.start(opened);
    await this.#look(opened, index);
    this.#search?.to('running');
    for (;;) {
      await pause(LOOK_MS, signal);
      await this.#look(opened, index);
    }
  }

  /** Follows `gov`, so that new keys and chains are known when a reader needs them, and finds a search engine that is back. */
  async #look(opened: OpenedArchive, index: RecordIndex): Promise<void> {
    try {
      await opened.governance.refresh();
      this.#archive.clear('STORE_UNAVAILABLE');
      this.#archive.clear('CLAIM_UNREADABLE');
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      const code = error.code === 'claim_unreadable' ? 'CLAIM_UNREADABLE' : 'STORE_UNAVAILABLE';
      this.#raise(this.#archive, code, error.message, true);
    }
    // A notary asks no search engine.
    if (this.#search === undefined) return;
    try {
      const { failure } = await index.status();
      if (failure === undefined) this.#search.clear('INDEX_DIFFERS');
      else {
        const message = `The search index has differed from the vault since ${failure.since} (${failure.findings} findings): results are marked.`;
        this.#raise(this.#search, 'INDEX_DIFFERS', message, false);
      }
    } catch (error) {
      // `#indexChanged` has raised the alarm.
      if (!(error instanceof HoldfastError)) throw error;
    }
  }

  #indexChanged(fault: HoldfastError | undefined): void {
    if (fault === undefined) {
      this.#search?.clear('INDEX_UNAVAILABLE');
      this.#search?.clear('INDEX_REBUILD_NEEDED');
      return;
    }
    // Not blocking: records can still be opened by their id, which an orchestrator must not take away.
    const code = fault.code === 'index_rebuild_needed' ? 'INDEX_REBUILD_NEEDED' : 'INDEX_UNAVAILABLE';
    this.#raise(this.#componentOf(code), code, fault.message, false);
  }

  #componentOf(code: AlarmCode): Component {
    return (code.startsWith('INDEX_') ? this.#search : undefined) ?? this.#archive;
  }

  #raise(component: Component, code: AlarmCode, message: string, blocking: boolean): void {
    component.raise({ code, message, whatToDo: alarmAdvice(code), blocking });
  }
}
