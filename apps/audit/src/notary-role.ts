import { alarmAdvice, openNotary } from '@holdfast/assembly';
import type { AnchorSettings, OpenedArchive } from '@holdfast/assembly';
import type { Notary } from '@holdfast/notary';
import { AlarmBoard } from '@holdfast/platform';
import type { Component, Health, Logger } from '@holdfast/platform';
import type { AlarmCode } from '@holdfast/ports';

export interface NotaryRoleOptions {
  readonly health: Health;
  readonly logger: Logger;
  readonly anchors: AnchorSettings;
  /** This process also answers requests, which an orchestrator must not take away because the log stands still. */
  readonly beside: boolean;
}

/** The role notary in this process: vault → transparency log, for as long as the process lives. */
export class NotaryRole {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #anchors: AnchorSettings;
  readonly #alarms: AlarmBoard<AlarmCode>;
  readonly #abort = new AbortController();
  #notary: Notary | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor({ health, logger, anchors, beside }: NotaryRoleOptions) {
    this.#component = health.component('notary');
    this.#logger = logger.child({ role: 'notary' });
    this.#anchors = anchors;
    this.#alarms = new AlarmBoard<AlarmCode>(this.#component, this.#logger, {
      advice: alarmAdvice,
      ...(beside && { blocking: () => false }),
    });
  }

  /** Once the archive is open. */
  get notary(): Notary | undefined {
    return this.#notary;
  }

  /** @throws HoldfastError `bad_configuration`: policy, witnesses or authorities cannot be used as they are set */
  async start(opened: OpenedArchive): Promise<void> {
    const notary = await openNotary(opened, this.#anchors, {
      alarms: this.#alarms,
      warn: (reason) => this.#logger.warn({ reason }, 'the log is not anchored as it should be'),
    });
    this.#notary = notary;
    this.#component.to('running');
    this.#running = notary.run(this.#abort.signal).catch((error: unknown) => {
      this.#logger.error({ err: error }, 'the role notary failed in an unforeseen way');
      this.#component.to('failed', 'it failed in an unforeseen way; the log says how');
    });
  }

  /** Ends after the call to a store that is under way; whatever was begun, the next start goes on with. */
  async stop(): Promise<void> {
    this.#component.to('draining');
    this.#abort.abort();
    await this.#running;
    this.#component.to('stopped');
  }
}
