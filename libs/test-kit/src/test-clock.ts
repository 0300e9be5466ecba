import type { Clock } from '@holdfast/ports';

/** A clock that tests turn. It stands still between turns. */
export class TestClock implements Clock {
  #ms: number;

  constructor(start: Date | string = '2026-03-01T00:00:00Z') {
    this.#ms = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#ms);
  }

  advance(ms: number): void {
    this.#ms += ms;
  }

  set(instant: Date): void {
    this.#ms = instant.getTime();
  }
}
