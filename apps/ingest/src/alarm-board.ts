import { alarmAdvice } from '@holdfast/assembly';
import type { Component, Logger } from '@holdfast/platform';
import type { AlarmCode, Alarms, AlarmSeverity } from '@holdfast/ports';

interface Standing {
  readonly severity: AlarmSeverity;
  readonly message: string;
}

const SHOWN = 3;

/** The alarms of one role: one entry a code in health and metrics, whatever number of partitions it stands for. */
export class AlarmBoard implements Alarms {
  readonly #component: Component;
  readonly #logger: Logger;
  readonly #standing = new Map<AlarmCode, Map<string, Standing>>();

  constructor(component: Component, logger: Logger) {
    this.#component = component;
    this.#logger = logger;
  }

  raise(code: AlarmCode, place: string, severity: AlarmSeverity, message: string): void {
    const places = this.#standing.get(code) ?? new Map<string, Standing>();
    // Health logs the first place of a code; the others would be seen by nobody who reads the log.
    if (places.size > 0 && !places.has(place)) this.#logger.warn({ component: this.#component.name, alarm: code, reason: message }, 'alarm spreads');
    places.set(place, { severity, message });
    this.#standing.set(code, places);
    this.#show(code, places);
  }

  clear(code: AlarmCode, place: string): void {
    const places = this.#standing.get(code);
    if (places?.delete(place) !== true) return;
    if (places.size > 0) {
      this.#show(code, places);
      return;
    }
    this.#standing.delete(code);
    this.#component.clear(code);
  }

  #show(code: AlarmCode, places: ReadonlyMap<string, Standing>): void {
    const sentences = new Set([...places].map(([place, { message }]) => (message.includes(place) ? message : `${place}: ${message}`)));
    const more = sentences.size > SHOWN ? ` And ${sentences.size - SHOWN} more.` : '';
    this.#component.raise({
      code,
      message: `${[...sentences].slice(0, SHOWN).join(' ')}${more}`,
      whatToDo: alarmAdvice(code),
      // Waiting is not ready either: it does not do its work now.
      blocking: [...places.values()].some(({ severity }) => severity !== 'warning'),
    });
  }
}
