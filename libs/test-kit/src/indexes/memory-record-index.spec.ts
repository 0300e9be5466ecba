import { describe, expect, it } from '@jest/globals';
import { describeRecordIndex } from './describe-record-index.js';
import { documentAt } from './documents.js';
import { MemoryIndexStore, MemoryRecordIndex } from './memory-record-index.js';

describeRecordIndex('memory', () => {
  const store = new MemoryIndexStore();
  return Promise.resolve({
    handle: (options) => new MemoryRecordIndex({ store, ...options }),
    unreachable: () => {
      const down = new MemoryIndexStore();
      down.down = true;
      return new MemoryRecordIndex({ store: down });
    },
    plant: (id, document) => {
      store.plant(id, document);
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  });
});

describe('MemoryRecordIndex', () => {
  it('reports a published position as failed when the fault hook throws after it, and keeps it', async () => {
    const store = new MemoryIndexStore();
    const failing = new MemoryRecordIndex({
      store,
      faults: {
        after: (op) => {
          if (op === 'publish') throw new Error('killed after publish');
        },
      },
    });
    const { position } = await failing.open();
    await failing.write([documentAt('msg/demo/im/0/0', 0, 0)]);
    await expect(failing.publish({ ...position, chains: { 'msg/demo/im/0/0': 1 } })).rejects.toThrow('killed');
    expect((await new MemoryRecordIndex({ store }).open()).position.chains).toEqual({ 'msg/demo/im/0/0': 1 });
  });

  it('refuses what it is told to refuse', async () => {
    const index = new MemoryRecordIndex({ refuses: ({ body }) => body.includes('contract') });
    await index.open();
    expect(await index.write([documentAt('msg/demo/im/0/0', 0, 0)])).toEqual({ written: 0, unindexed: 1 });
  });
});
