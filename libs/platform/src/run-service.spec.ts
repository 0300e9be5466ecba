import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { runService } from './run-service.js';
import type { ServiceProgram } from './run-service.js';

const CONFIG = { logLevel: 'silent', shutdownGraceMs: 1_000, shutdownForceMs: 60_000 } as const;

/** A service that does nothing, what it told, and how often its server was closed. */
function service(over: Partial<ServiceProgram<typeof CONFIG>> = {}): {
  readonly program: ServiceProgram<typeof CONFIG>;
  readonly server: { close(): Promise<void>; cut(): void };
  readonly events: EventEmitter;
  readonly told: string[];
  readonly closed: { times: number };
} {
  const events = new EventEmitter();
  const told: string[] = [];
  const closed = { times: 0 };
  const server = {
    close: () => {
      closed.times++;
      return Promise.resolve();
    },
    cut: () => undefined,
  };
  const never = new Promise<never>(() => undefined);
  const program: ServiceProgram<typeof CONFIG> = {
    name: 'test',
    version: '1',
    config: () => CONFIG,
    start: () => Promise.resolve({ server, fatal: never }),
    events,
    tell: (text) => {
      told.push(text);
    },
    ...over,
  };
  return { program, server, events, told, closed };
}

describe('a service', () => {
  it('ends in order after a signal', async () => {
    const { program, events, told, closed } = service();
    const ended = runService(program);
    // It listens as soon as it has started.
    while (events.listenerCount('SIGTERM') === 0) await new Promise((resolve) => setImmediate(resolve));
    events.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(0);
    expect({ told, closed }).toEqual({ told: [], closed: { times: 1 } });
  });

  it('says in one sentence what is wrong with its configuration, and starts nothing', async () => {
    const refuse = (): never => {
      throw new HoldfastError('bad_configuration', 'HOLDFAST_PORT is no port.');
    };
    const { program, told } = service({ config: refuse, start: () => Promise.reject(new Error('started')) });
    expect(await runService(program)).toBe(78);
    expect(told).toEqual(['HOLDFAST_PORT is no port.\n']);
  });

  it('closes its server when it cannot go on, and says why', async () => {
    const base = service();
    const fatal = Promise.reject(new HoldfastError('store_refused', 'The store ignores locks.'));
    expect(await runService({ ...base.program, start: () => Promise.resolve({ server: base.server, fatal }) })).toBe(2);
    expect(base.told).toEqual(['The store ignores locks.\n']);
    expect(base.closed.times).toBe(1);
  });
});
