import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { EXIT } from './exit.js';
import { createLogger } from './logger.js';
import { runUntilSignal } from './shutdown.js';
import type { ShutdownOptions } from './shutdown.js';

function start(options: Partial<ShutdownOptions>): { events: EventEmitter; ended: Promise<number>; lines: string[] } {
  const events = new EventEmitter();
  const lines: string[] = [];
  const to = { write: (line: string) => void lines.push((JSON.parse(line) as { message: string }).message) };
  const logger = createLogger({ service: 's', version: '1', level: 'debug', to });
  const ended = runUntilSignal({
    logger,
    close: () => Promise.resolve(),
    graceMs: 60_000,
    forceMs: 90_000,
    whenGraceEnds: () => {},
    events,
    ...options,
  });
  return { events, ended, lines };
}

const never = (): Promise<void> => new Promise(() => {});

describe('runUntilSignal', () => {
  it.each(['SIGTERM', 'SIGINT'])('closes on %s and exits 0', async (signal) => {
    let closed = 0;
    const { events, ended } = start({ close: () => Promise.resolve(closed++).then(() => {}) });
    events.emit(signal, signal);
    expect(await ended).toBe(EXIT.done);
    expect(closed).toBe(1);
    expect(events.eventNames()).toEqual([]);
  });

  it('gives up work in flight when the grace ends, and then closes', async () => {
    let giveUp = (): void => {};
    const inFlight = new Promise<void>((resolve) => (giveUp = resolve));
    const { events, ended, lines } = start({ close: () => inFlight, graceMs: 1, forceMs: 60_000, whenGraceEnds: () => giveUp() });
    events.emit('SIGTERM');
    expect(await ended).toBe(EXIT.done);
    expect(lines).toEqual(['shutting down', 'grace is over, giving up work in flight', 'stopped']);
  });

  it('ends by force when giving up does not help', async () => {
    const { events, ended, lines } = start({ close: never, graceMs: 1, forceMs: 5 });
    events.emit('SIGTERM');
    expect(await ended).toBe(EXIT.failed);
    expect(lines.at(-1)).toBe('forced to end before everything was closed');
  });

  it('ends at once on a second signal, a failed shutdown, or a fault nobody caught', async () => {
    const second = start({ close: never });
    second.events.emit('SIGINT');
    second.events.emit('SIGINT');
    expect(await second.ended).toBe(EXIT.failed);

    const failing = start({ close: () => Promise.reject(new Error('no')) });
    failing.events.emit('SIGTERM');
    expect(await failing.ended).toBe(EXIT.failed);

    for (const fault of ['uncaughtException', 'unhandledRejection']) {
      const { events, ended, lines } = start({});
      events.emit(fault, new Error('lost'));
      expect(await ended).toBe(EXIT.failed);
      expect(lines).toEqual(['fault nobody caught']);
    }
  });

  it('refuses deadlines in the wrong order', () => {
    expect(() => start({ graceMs: 5, forceMs: 5 })).toThrow('must be after');
  });
});
