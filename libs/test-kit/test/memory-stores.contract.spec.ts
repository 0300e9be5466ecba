import { describe, expect, it } from '@jest/globals';
import {
  codeOf,
  collect,
  describeClaimStore,
  describeObjectStore,
  FailStep,
  Killed,
  MemoryClaimStore,
  MemoryObjectStore,
  TestClock,
  unavailable,
} from '../src/index.js';

const clock = new TestClock();
const memory = new MemoryObjectStore({ clock });
describeObjectStore('memory', () => memory, {
  pass: (_, instant) => {
    clock.set(new Date(instant.getTime() + 1));
    return Promise.resolve();
  },
  hide: (_, key) => Promise.resolve(memory.hide(key)),
});

const claims = new MemoryClaimStore();
describeClaimStore('memory', () => claims);

const lock = { mode: 'COMPLIANCE', retainUntil: new Date('2030-01-01T00:00:00Z') } as const;

describe('the fault hook', () => {
  it('fails a put before it is applied, or after', async () => {
    const store = new MemoryObjectStore();
    store.faults = new FailStep(1, 'before', unavailable);
    expect(await codeOf(store.put('k', Buffer.from('x'), lock))).toBe('store_unavailable');
    expect(await collect(store.list(''))).toEqual([]);
    store.faults = new FailStep(1, 'after', unavailable);
    expect(await codeOf(store.put('k', Buffer.from('x'), lock))).toBe('store_unavailable');
    expect((await collect(store.list(''))).length).toBe(1);
  });

  it('makes a claim unsure, applied or not; a kill goes through', async () => {
    const store = new MemoryClaimStore({ faults: new FailStep(1, 'before', unavailable) });
    expect(await store.create('k', Buffer.from('x'))).toBe('unsure');
    expect(await store.read('k')).toBeUndefined();
    store.faults = new FailStep(1, 'after', unavailable);
    expect(await store.create('k', Buffer.from('x'))).toBe('unsure');
    expect(await store.read('k')).toBeDefined();
    store.faults = new FailStep(1, 'after');
    await expect(store.create('l', Buffer.from('x'))).rejects.toThrow(Killed);
    expect(await store.read('l')).toBeDefined();
  });

  it('counts durable steps over several stores and fires once', async () => {
    const faults = new FailStep(3, 'after', unavailable);
    const store = new MemoryObjectStore({ faults });
    const claim = new MemoryClaimStore({ faults });
    const version = await store.put('k', Buffer.from('x'), lock);
    await store.get('k', version);
    expect(await claim.create('k', Buffer.from('x'))).toBe('created');
    expect(await codeOf(store.setLegalHold('k', version, true))).toBe('store_unavailable');
    await store.setLegalHold('k', version, true);
    expect(faults.steps).toEqual(['put k', 'create k', 'setLegalHold k', 'setLegalHold k']);
    expect(faults.fired).toBe(true);
  });
});

describe('the fake checks its caller', () => {
  it('refuses a key that is a folder of another, both ways round', async () => {
    const store = new MemoryObjectStore();
    await store.put('a/b', Buffer.from('x'), lock);
    expect(await codeOf(store.put('a', Buffer.from('x'), lock))).toBe('bad_request');
    expect(await codeOf(store.put('a/b/c', Buffer.from('x'), lock))).toBe('bad_request');
    const claim = new MemoryClaimStore();
    await claim.create('a/b', Buffer.from('x'));
    expect(await codeOf(claim.create('a', Buffer.from('x')))).toBe('bad_request');
    expect(await codeOf(claim.create('a/b/c', Buffer.from('x')))).toBe('bad_request');
  });

  it('refuses a body that changes under way', async () => {
    const body = Buffer.from('x');
    const store = new MemoryObjectStore({ faults: { before: () => void body.fill(0) } });
    expect(await codeOf(store.put('k', body, lock))).toBe('bad_request');
  });

  it('remembers what it refused', async () => {
    const store = new MemoryObjectStore();
    const version = await store.put('k', Buffer.from('x'), lock);
    expect(await codeOf(store.delete('k', version))).toBe('object_locked');
    expect(store.refused).toEqual(['delete k: object_locked']);
  });
});
