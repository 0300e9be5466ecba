import { beforeEach, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { MemoryIndexStore, MemoryRecordIndex, codeOf, collect } from '@holdfast/test-kit';
import { ReopeningIndex } from './reopening-index.js';

let store: MemoryIndexStore;
let down: boolean;
let opened: number;
let heard: (string | undefined)[];
let index: ReopeningIndex;

/** An index whose engine can be switched off. */
class Switched extends MemoryRecordIndex {
  override async open(): ReturnType<MemoryRecordIndex['open']> {
    if (down) throw new HoldfastError('index_unavailable', 'down');
    opened++;
    return super.open();
  }

  override async status(): ReturnType<MemoryRecordIndex['status']> {
    if (down) throw new HoldfastError('index_unavailable', 'down');
    return super.status();
  }
}

beforeEach(() => {
  store = new MemoryIndexStore();
  down = false;
  opened = 0;
  heard = [];
  index = new ReopeningIndex(
    () => new Switched({ store }),
    (fault) => heard.push(fault?.code),
  );
});

it('is opened once, when it is first needed', async () => {
  expect(opened).toBe(0);
  await Promise.all([index.status(), index.status(), index.search({ query: { kind: 'all' }, sort: 'newest', limit: 1 })]);
  expect(await collect(index.ids({ kind: 'all' }))).toEqual([]);
  expect(opened).toBe(1);
});

it('says that the engine is down, and is opened anew when it is back', async () => {
  await index.status();
  down = true;
  expect(await codeOf(index.status())).toBe('index_unavailable');
  expect(await codeOf(index.search({ query: { kind: 'all' }, sort: 'newest', limit: 1 }))).toBe('index_unavailable');
  down = false;
  await index.status();
  expect(opened).toBe(2);
  expect(heard).toEqual([undefined, 'index_unavailable', 'index_unavailable', undefined]);
});

it('stays open over a request that was wrong', async () => {
  expect(await codeOf(index.search({ query: { kind: 'all' }, sort: 'newest', limit: 0 }))).toBe('bad_request');
  await index.status();
  expect(opened).toBe(1);
});
