import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { describeClaimStore, describeObjectStore, TestClock } from '@holdfast/test-kit';
import { DirectoryClaimStore, DirectoryObjectStore } from '../src/index.js';

const root = mkdtempSync(join(tmpdir(), 'holdfast-stores-'));
const clock = new TestClock(new Date());
const stores: DirectoryObjectStore[] = [];

describeObjectStore(
  'directory',
  async () => {
    const store = await DirectoryObjectStore.open({ folder: join(root, 'vault'), scratch: join(root, 'run/vault'), clock });
    stores.push(store);
    return store;
  },
  {
    pass: (_, instant) => {
      clock.set(new Date(instant.getTime() + 1));
      return Promise.resolve();
    },
  },
);

describeClaimStore('directory', () => DirectoryClaimStore.open({ folder: join(root, 'claims'), scratch: join(root, 'run/claims') }));

afterAll(async () => {
  for (const store of stores) store.close();
  await rm(root, { recursive: true });
});
