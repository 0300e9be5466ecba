import type { Component } from './health.js';
import type { Logger } from './logger.js';

/** `waiting`: it goes on by itself when the cause is gone. `stopped`: a person must act. */
export type BoardSeverity = 'waiting' | 'stopped' | 'warning';

export interface AlarmBoardOptions<Code extends string> {
  /** What a person does about an alarm, one sentence. */
  readonly advice: (code: Code) => string;
  /** Whether an alarm makes the process not ready; default: all but warnings, because waiting is not ready either. */
  readonly blocking?: (severity: BoardSeverity) => boolean;
}

interface Standing {
  readonly severity: BoardSeverity;
  readonly message: string;
}

const SHOWN = 3;

/** The alarms of one role: one entry a code in health and metrics, whatever number of places it stands for. */
export class AlarmBoard<Code extends string> {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #options: AlarmBoardOptions<Code>;
  readonly #standing = new Map<Code, Map<string, Standing>>();

  constructor(component: Component, logger: Logger, options: AlarmBoardOptions<Code>) {
    this.#component = component;
    this.#logger = logger;
    this.#options = options;
  }

  raise(code: Code, place: string, severity: BoardSeverity, message: string): void {
    const places = this.#standing.get(code) ?? new Map<string, Standing>();
    // Health logs the first place of a code; the others would be seen by nobody who reads the log.
    if (places.size > 0 && !places.has(place)) this.#logger.warn({ component: this.#component.name, alarm: code, reason: message }, 'alarm spreads');
    places.set(place, { severity, message });
    this.#standing.set(code, places);
    this.#show(code, places);
  }

  clear(code: Code, place: string): void {
    const places = this.#standing.get(code);
    if (places?.delete(place) !== true) return;
    if (places.size > 0) {
      this.#show(code, places);
      return;
    }
    this.#standing.delete(code);
    this.#component.clear(code);
  }

  #show(code: Code, places: ReadonlyMap<string, Standing>): void {
    const { advice, blocking = (severity) => severity !== 'warning' } = this.#options;
    const sentences = new Set([...places].map(([place, { message }]) => (message.includes(place) ? message : `${place}: ${message}`)));
    const more = sentences.size > SHOWN ? ` And ${sentences.size - SHOWN} more.` : '';
    this.#component.raise({
      code,
      message: `${[...sentences].slice(0, SHOWN).join(' ')}${more}`,
      whatToDo: advice(code),
      blocking: [...places.values()].some(({ severity }) => blocking(severity)),
    });
  }
}
